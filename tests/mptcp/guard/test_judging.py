"""What a look says of an uplink."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mptcp.guard.judging import Look, alive, death, failing, look, waiting_since
from mptcp.guard.model import Phase, Policy, Seen, State, Subflow, UplinkMemory, UplinkSeen
from mptcp.guard.probes import Answer, Probes

POLICY = Policy()
NOW_S = 100.0
HEALTHY = Subflow(1, 7, "att", unacked=12, ack_age_s=0.02, acked_bytes=9000, rtt_s=0.05, rto_s=0.25)


def _look(*subflows: Subflow, since_s: float = NOW_S - 60, probes: Probes | None = None) -> Look:
    memory = UplinkMemory(Phase.LIVE, probes=probes or Probes())
    seen = Seen(NOW_S, {"att": UplinkSeen(endpoint=True)}, tuple(replace(each, uplink="att") for each in subflows))
    waiting = {each.key: since_s for each in subflows if each.unacked}
    return look("att", memory, seen=seen, since_s=waiting, policy=POLICY)


def _answered(at_s: float, rtt_s: float = 0.05) -> Probes:
    return Probes().and_sent(at_s).and_answered(Answer("att", at_s, rtt_s))


@pytest.mark.parametrize(
    ("subflow", "silence_s", "silent"),
    [
        (HEALTHY, 0.02, False),
        (replace(HEALTHY, ack_age_s=0.29), 0.29, False),
        (replace(HEALTHY, ack_age_s=0.31), 0.31, True),
        (replace(HEALTHY, ack_age_s=5.0, unacked=0), None, False),  # idle
        (replace(HEALTHY, ack_age_s=0.5, rtt_s=0.2), 0.5, False),  # slow: four round trips are 0.8 s
        (replace(HEALTHY, ack_age_s=0.81, rtt_s=0.2), 0.81, True),
        (replace(HEALTHY, ack_age_s=0.31, rtt_s=None), 0.31, True),
        (replace(HEALTHY, ack_age_s=0.5, rto_s=0.6), 0.5, False),  # round trips vary: the kernel waits 0.6 s
        (replace(HEALTHY, ack_age_s=0.5, rto_s=1.0, backoff=2), 0.5, True),
    ],
)
def test_silence_is_data_without_acknowledgement(subflow: Subflow, silence_s: float | None, *, silent: bool) -> None:
    """The measured rule: unacknowledged data, and no acknowledgement for 0.3 s or four round trips."""
    seen = _look(subflow)

    assert (seen.silence_s, seen.silent) == (silence_s, silent)


def test_first_data_after_a_pause_is_not_late() -> None:
    """The last acknowledgement is old because nothing was sent; the wait begins when data goes out."""
    paused = replace(HEALTHY, ack_age_s=30.0)

    assert _look(paused, since_s=NOW_S - 0.1).silence_s == pytest.approx(0.1)


def test_expired_timers_say_how_long_it_has_waited() -> None:
    """A subflow first seen now whose timer ran out twice has waited for both: 0.25 s and 0.5 s."""
    surprised = replace(HEALTHY, ack_age_s=30.0, rto_s=1.0, backoff=2)

    assert _look(surprised, since_s=NOW_S).silence_s == pytest.approx(0.75)


def test_acknowledgement_on_any_subflow_counts_for_the_uplink() -> None:
    """Two connections share the path: where one is acknowledged, the other's silence is its own."""
    assert _look(replace(HEALTHY, ack_age_s=2.0), replace(HEALTHY, key=2)).silence_s == 0.02


def test_waiting_begins_at_the_first_look_that_saw_it() -> None:
    """It is remembered by socket, and forgotten when all is acknowledged."""
    first = waiting_since(State(), Seen(1.0, {}, (HEALTHY,)))
    assert first == {1: 1.0}
    assert waiting_since(State(waiting_since_s=first), Seen(2.0, {}, (HEALTHY,))) == {1: 1.0}
    assert waiting_since(State(waiting_since_s=first), Seen(2.0, {}, (replace(HEALTHY, unacked=0),))) == {}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (_look(HEALTHY), True),
        (_look(replace(HEALTHY, ack_age_s=0.3)), False),
        (_look(replace(HEALTHY, ack_age_s=0.3, unacked=0), probes=_answered(NOW_S - 0.2)), True),
        (_look(replace(HEALTHY, ack_age_s=0.3, unacked=0), probes=_answered(NOW_S - 0.4)), False),
        (_look(probes=_answered(NOW_S - 0.2)), True),
        (_look(), False),
    ],
)
def test_alive_is_what_answered_a_moment_ago(subject: Look, *, expected: bool) -> None:
    """An acknowledgement of the last quarter of a second, or the answer to a probe of then."""
    assert alive(subject, now_s=NOW_S, policy=POLICY) is expected


def test_suppressed_uplink_is_no_heir() -> None:
    """It may answer, and still no subflow is on it."""
    answering = _look(probes=_answered(NOW_S - 0.1))
    out = replace(answering, memory=replace(answering.memory, phase=Phase.SUPPRESSED))

    assert not alive(out, now_s=NOW_S, policy=POLICY)


def test_lost_probes_accuse_only_who_ever_answered_and_does_not_acknowledge() -> None:
    """A carrier that blocks the probes' port makes no uplink dead."""
    lost = Probes()
    for number in range(4):
        lost = lost.and_sent(NOW_S - 8 + number)
    proven = replace(lost, proven=True)

    assert not failing(_look(probes=lost), now_s=NOW_S, policy=POLICY)
    assert failing(_look(probes=proven), now_s=NOW_S, policy=POLICY)
    assert not failing(_look(HEALTHY, probes=proven), now_s=NOW_S, policy=POLICY)


def test_death_needs_an_heir() -> None:
    """Silence while another is alive; without one there is no verdict."""
    dead, well = _look(replace(HEALTHY, ack_age_s=0.4)), _look(HEALTHY)

    evidence = death("att", {"att": dead, "verizon": well}, now_s=NOW_S, policy=POLICY)
    assert evidence == ("no acknowledgement for 0.40 s (limit 0.30 s) with 12 segments out, while verizon is alive")
    assert death("att", {"att": dead}, now_s=NOW_S, policy=POLICY) is None
    assert death("att", {"att": dead, "verizon": dead}, now_s=NOW_S, policy=POLICY) is None


def test_answer_during_the_silence_acquits() -> None:
    """A probe sent after the last acknowledgement came back: the path is whole, TCP lost something."""
    stalled = _look(replace(HEALTHY, ack_age_s=0.5), probes=_answered(NOW_S - 0.3))

    assert death("att", {"att": stalled, "verizon": _look(HEALTHY)}, now_s=NOW_S, policy=POLICY) is None


def test_losses_before_the_heir_answered_are_nobodys() -> None:
    """After a black-out the first to answer must not condemn the other for losses that both had."""
    lost = Probes(proven=True)
    for number in range(5):
        lost = lost.and_sent(NOW_S - 9 + number)
    idle = _look(probes=lost)
    looks = {"att": idle, "verizon": _look(probes=_answered(NOW_S - 0.1))}
    assert death("att", looks, now_s=NOW_S, policy=POLICY) is None

    answering = Probes()
    for number in range(10):
        answering = answering.and_sent(NOW_S - 9.1 + number).and_answered(Answer("x", NOW_S - 9.1 + number, 0.05))
    looks["verizon"] = _look(probes=answering)
    evidence = death("att", looks, now_s=NOW_S, policy=POLICY)
    assert evidence == "idle, and 5 probes in a row unanswered, while verizon is alive"


def test_round_trip_of_a_dead_subflow_is_not_believed() -> None:
    """It stays at its last good value for ever; after a second only a probe's counts, and then none."""
    silent = replace(HEALTHY, ack_age_s=1.5)

    assert _look(silent).rtt_s is None
    assert _look(silent, probes=_answered(NOW_S - 1.0, 0.4)).rtt_s == 0.4
    assert _look(silent, probes=_answered(NOW_S - 3.0, 0.4)).rtt_s is None


@given(
    unacked=st.integers(0, 1000),
    ack_age_s=st.floats(0, 1000),
    rtt_s=st.none() | st.floats(0.001, 10),
    rto_s=st.none() | st.floats(0.2, 120),
    backoff=st.integers(0, 15),
    seen_s=st.floats(0, 100),
)
def test_silence_never_exceeds_the_age_of_the_last_acknowledgement(
    *, unacked: int, ack_age_s: float, rtt_s: float | None, rto_s: float | None, backoff: int, seen_s: float
) -> None:
    """Whatever the row, an uplink is never called silent for longer than it has been."""
    subflow = replace(HEALTHY, unacked=unacked, ack_age_s=ack_age_s, rtt_s=rtt_s, rto_s=rto_s, backoff=backoff)
    seen = _look(subflow, since_s=NOW_S - seen_s)

    assert (seen.silence_s is None) == (unacked == 0)
    assert seen.silence_s is None or 0 <= seen.silence_s <= ack_age_s
    assert seen.limit_s >= POLICY.silence_s
