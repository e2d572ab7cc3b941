"""What must be put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mptcp.guard import keeping
from mptcp.guard.endpoints import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

endpoints = st.builds(
    Endpoint, st.integers(1, 255), st.ip_addresses(v=4).map(str), st.integers(0, 15), st.sampled_from(["", "eth1"])
)


@given(st.integers(1, 2**22), st.lists(endpoints, unique_by=lambda each: each.address))
def test_what_is_kept_is_found_again(pid: int, kept: list[Endpoint]) -> None:
    """Number, address, flags and interface survive the file."""
    value = keeping.Kept(pid, {each.address: each for each in kept})

    assert keeping.decode(keeping.encode(value)) == value


def test_no_file_is_nothing_to_put_back(tmp_path: Path) -> None:
    """A guard that never ran leaves none."""
    assert keeping.read(tmp_path / "endpoints.json") is None


def test_file_is_replaced_whole(tmp_path: Path) -> None:
    """Folders are made, and nothing else stays beside the file."""
    path = tmp_path / "run" / "endpoints.json"
    keeping.write(path, keeping.Kept(1))
    keeping.write(path, keeping.Kept(2))

    assert keeping.read(path) == keeping.Kept(2)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": 1}', '{"pid": 1, "endpoints": [{"x": 1}]}', "\x00"])
def test_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    """It is not guessed at: putting the wrong thing back is worse than saying so."""
    path = tmp_path / "endpoints.json"
    path.write_text(text)

    with pytest.raises(ValueError, match=r"."):
        keeping.read(path)


def test_addresses_are_not_shown() -> None:
    """They stay out of logs."""
    kept = keeping.Kept(1, {"10.0.0.1": Endpoint(2, "10.0.0.1", 2, "eth2")})

    assert "10.0.0.1" not in repr(kept) + repr(Endpoint(2, "10.0.0.1", 2, "eth2"))
