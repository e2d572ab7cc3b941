"""The raw window: what is asked, and what of an answer is believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.observing import METRICS
from controller.ports import NoAnswer, Window
from controller.queries import EDGE_STATE_METRIC, metrics_wanted, raw_window, read_answer
from exporters import catalog
from tests.fakes.prometheus_server import matrix

UP = {"__name__": "up", "rig": "r1", "job": "mptcp"}


def test_the_selector_names_metrics_labels_and_window() -> None:
    """The query is one range selector in milliseconds, labels sorted, so that no fraction of a second is lost."""
    query = raw_window(("a_total", "b"), match={"rig": "r1", "job": "x"}, window_s=12.5)

    assert query == '{__name__=~"a_total|b",job="x",rig="r1"}[12500ms]'


def test_a_label_value_cannot_leave_its_quotes() -> None:
    """Quotes, backslashes and line ends in a label are escaped as PromQL wants them."""
    assert raw_window(("a",), match={"rig": 'x"}\\\n'}, window_s=1) == '{__name__=~"a",rig="x\\"}\\\\\\n"}[1000ms]'


def test_beside_an_encoder_our_own_state_is_not_evidence() -> None:
    """The quality state is asked for only where another controller publishes it."""
    assert EDGE_STATE_METRIC not in metrics_wanted(METRICS, drives_encoder=True)
    assert metrics_wanted(METRICS, drives_encoder=False) == METRICS


def test_every_metric_that_is_asked_for_is_in_the_catalogue() -> None:
    """A renamed metric cannot silently become an empty window."""
    assert [name for name in metrics_wanted(METRICS, drives_encoder=False) if name not in catalog.BY_NAME] == []


def test_a_matrix_becomes_series_with_their_own_timestamps() -> None:
    """Labels are sorted and without the name; samples keep time and value."""
    answer = read_answer(matrix((UP, [(10.5, "1"), (11.5, "0.25")])))

    assert isinstance(answer, Window)
    (one,) = answer.series
    assert (one.metric, one.labels) == ("up", (("job", "mptcp"), ("rig", "r1")))
    assert [(sample.t_s, sample.value) for sample in one.samples] == [(10.5, 1.0), (11.5, 0.25)]
    assert answer.newest_s == 11.5


def test_what_is_no_number_is_no_sample() -> None:
    """NaN, infinities, words, and times that run back are left out; a series without samples is none."""
    only_nan = ({"__name__": "x"}, [(1.0, "NaN")])
    answer = read_answer(matrix((UP, [(1.0, "NaN"), (2.0, "+Inf"), (3.0, "7"), (2.5, "8"), (4.0, "many")]), only_nan))

    assert isinstance(answer, Window)
    assert [[(sample.t_s, sample.value) for sample in one.samples] for one in answer.series] == [[(3.0, 7.0)]]


def test_an_empty_answer_is_an_answer() -> None:
    """No series is not an error, and not zero: it has no newest sample."""
    answer = read_answer(matrix())

    assert answer == Window(series=())
    assert answer.newest_s is None


SUCCESS = {"status": "success", "data": {"resultType": "matrix", "result": []}}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "cannot be read"),
        (b"<html>502</html>", "cannot be read"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[', "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"status":"success","data":{"resultType":"vector","result":[]}}', "cannot be read"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["x","1"]]}]}}', "read"),
        (b'{"status":"error","errorType":"timeout","error":"query timed out"}', "reports timeout: query timed out"),
        (b'{"status":"success"}', "reports an error"),
        (json.dumps({**SUCCESS, "warnings": ["partial response"]}).encode(), "qualifies its answer: partial response"),
        (json.dumps({**SUCCESS, "infos": ["odd metric"]}).encode(), "qualifies its answer: odd metric"),
    ],
)
def test_anything_but_a_whole_success_is_unknown(body: bytes, says: str) -> None:
    """An answer that is broken, an error, or qualified gives no samples at all, and says why."""
    answer = read_answer(body)

    assert isinstance(answer, NoAnswer)
    assert answer.why.startswith("unknown because Prometheus")
    assert says in answer.why


@given(st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    """Whatever arrives, reading it gives a value."""
    assert isinstance(read_answer(body), NoAnswer | Window)


@given(st.integers(0, 150))
def test_no_part_of_an_answer_passes_for_the_whole(cut: int) -> None:
    """An answer that was cut off anywhere is unknown."""
    whole = matrix((UP, [(10.5, "1"), (11.5, "0.25")]), ({"__name__": "b"}, [(1.0, "2")]))

    assert isinstance(read_answer(whole[: min(cut, len(whole) - 1)]), NoAnswer)
