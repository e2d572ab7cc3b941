"""The record of probes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mptcp.guard.probes import KEPT, LOST_S, Answer, Probes

RTT_S = 0.05


def _record(pattern: str, *, every_s: float = 0.2) -> Probes:
    """Probes sent from second 0 on: "+" answered, "-" not."""
    probes = Probes()
    for number, fate in enumerate(pattern):
        probes = probes.and_sent(number * every_s)
        if fate == "+":
            probes = probes.and_answered(Answer("att", number * every_s, RTT_S))
    return probes


def test_unanswered_probe_is_lost_only_after_a_while() -> None:
    """Until then its fate is open, and a late answer still counts."""
    probes = _record("+-")
    assert probes.lost_in_a_row(0.2 + LOST_S - 0.01) == 0
    assert probes.lost_in_a_row(0.2 + LOST_S) == 1

    assert probes.and_answered(Answer("att", 0.2, 3.0)).lost_in_a_row(10.0) == 0


def test_answer_to_an_unknown_probe_changes_nothing() -> None:
    """What was forgotten or never sent proves nothing."""
    probes = _record("--")

    assert probes.and_answered(Answer("att", 0.1, RTT_S)) == probes
    assert not probes.proven


def test_one_answer_proves_for_good() -> None:
    """That the responder can be reached at all is remembered beyond the probes that are kept."""
    probes = _record("+" + "-" * (KEPT + 5))

    assert len(probes.sent) == KEPT
    assert probes.newest_answered is None
    assert probes.proven


def test_answered_since_goes_by_the_time_of_sending() -> None:
    """An answer says that the path was whole after its probe was sent, and nothing about before."""
    probes = _record("++--")

    assert probes.answered_since(0.2)
    assert not probes.answered_since(0.21)


def test_losses_are_counted_from_a_moment_on() -> None:
    """Losses before it belong to another story."""
    probes = _record("+----")

    assert probes.lost_in_a_row(10.0) == 4
    assert probes.lost_in_a_row(10.0, since_s=0.5) == 2


def test_run_of_answers_begins_after_the_last_loss() -> None:
    """The present run, or none when the newest settled probe was lost."""
    assert _record("+-+++").answering_since_s(10.0) == 0.4
    assert _record("+++-").answering_since_s(10.0) is None
    assert Probes().answering_since_s(10.0) is None


def test_steady_needs_three_answers_over_the_time() -> None:
    """Two are too few, and three in a shorter time too."""
    assert not _record("++").steady(10.0, since_s=0.0, for_s=0.2)
    assert _record("+++").steady(10.0, since_s=0.0, for_s=0.35)
    assert not _record("+++").steady(10.0, since_s=0.0, for_s=0.5)
    assert not _record("+++", every_s=0.1).steady(10.0, since_s=0.0, for_s=0.35)


def test_steady_counts_only_since() -> None:
    """What was answered before the uplink died proves nothing now."""
    assert not _record("++++++").steady(10.0, since_s=0.7, for_s=0.4)


def test_steady_bears_one_loss_in_five_but_not_the_newest() -> None:
    """A mobile uplink loses a probe now and then; one that loses two in five is not well."""
    assert _record("+++-+++").steady(10.0, since_s=0.0, for_s=1.0)
    assert not _record("+-+-+").steady(10.0, since_s=0.0, for_s=0.8)
    assert not _record("++++-").steady(10.0, since_s=0.0, for_s=0.4)


def test_losses_before_the_first_answer_do_not_count() -> None:
    """The outage itself is no argument against the uplink once it is over."""
    assert _record("------+++").steady(10.0, since_s=0.0, for_s=0.35)


# Answers and losses come in rows: of single fates drawn one by one, one record in sixty is steady.
RECORDS = st.lists(st.tuples(st.sampled_from("++-"), st.integers(1, 20)), min_size=1, max_size=6).map(
    lambda rows: "".join(fate * length for fate, length in rows)
)


@given(RECORDS, st.floats(0, 4), st.floats(0.1, 4))
def test_steady_implies_a_recent_answer(pattern: str, since_s: float, for_s: float) -> None:
    """Whatever the record, nothing is called steady whose newest settled probe was lost, or on older answers."""
    probes = _record(pattern)
    if probes.steady(30.0, since_s=since_s, for_s=for_s):
        assert probes.lost_in_a_row(30.0) == 0
        assert probes.answered_since(since_s + for_s)
