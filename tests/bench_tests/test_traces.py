"""Trace files and pairs: what is read is what was recorded, and a bad file is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.traces import Pair, TraceError, held_means, read_trace, rotated, write_trace

_RATES = st.lists(st.integers(0, 200_000), min_size=1, max_size=50)


def test_a_written_trace_reads_back_as_it_was(tmp_path: Path) -> None:
    """Writing and reading a trace changes nothing but fractions of a kbit/s."""
    path = tmp_path / "up.csv"
    write_trace(path, np.array([0.0, 1_200.4, 30_000.0]))
    assert read_trace(path).tolist() == [0.0, 1_200.0, 30_000.0]


@given(rates=_RATES)
def test_every_whole_rate_survives_the_file(rates: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any row of whole rates comes back equal, in order and in number."""
    path = tmp_path_factory.mktemp("trace") / "up.csv"
    write_trace(path, np.array(rates, dtype=float))
    assert read_trace(path).tolist() == rates


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,rate\n0.0,1\n", "line 1 is not 'second,kbps'"),
        ("second,kbps\n", "has no rows"),
        ("second,kbps\n0.0,1\n0.1,fast\n", "line 3 is not `second,kbps`"),
        ("second,kbps\n0.0,1\n0.2,1\n", "line 3 stands at 0.2 s, not 0.1 s; fill the gap"),
        ("second,kbps\nnan,1\n", "line 2 stands at nan s"),
        ("second,kbps\n0.0,-1\n", "line 2 has the rate -1"),
        ("second,kbps\n0.0,nan\n", "line 2 has the rate nan"),
        ("second,kbps\n0.0,inf\n", "line 2 has the rate inf"),
    ],
)
def test_a_bad_file_is_refused_by_line(tmp_path: Path, text: str, says: str) -> None:
    """The message names the file, the line and what is wrong with it."""
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="ascii")
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


def test_what_is_no_text_file_is_refused_by_name(tmp_path: Path) -> None:
    """Bytes, a directory and a missing file are told by their path, not by a codec."""
    (tmp_path / "bytes.csv").write_bytes(b"second,kbps\n0.0,\xff5\n")
    (tmp_path / "directory.csv").mkdir()
    for name, says in (("bytes", "is not text"), ("directory", "cannot be read"), ("missing", "cannot be read")):
        with pytest.raises(TraceError, match=rf"{name}\.csv: {says}"):
            read_trace(tmp_path / f"{name}.csv")


def test_rotation_starts_later_and_repeats_to_the_length() -> None:
    """A recording of 1 s, begun at 0.8 s and brought to 1.5 s, wraps around twice."""
    rates = np.arange(10.0)
    turned = rotated(rates, 0.8, 1.5)
    assert turned.tolist() == [8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]


def test_held_means_keep_the_amount() -> None:
    """Whole seconds held at their mean carry as much as before; a rest of a second is cut."""
    rates = np.concatenate((np.arange(10.0), np.full(10, 7.0), [99.0]))
    assert held_means(rates).tolist() == [4.5] * 10 + [7.0] * 10


def test_a_digest_is_of_the_rates_and_not_of_the_name() -> None:
    """Two pairs with the same rates share a digest; swapping the uplinks gives another one."""
    one, two = np.full(10, 1.0), np.full(10, 2.0)
    assert Pair("a", one, two).digest() == Pair("b", one, two).digest()
    assert Pair("a", one, two).digest() != Pair("a", two, one).digest()
