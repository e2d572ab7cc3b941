"""The level-triggered logic of one device, on values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.actuation.reconciling import (
    Memory,
    Pace,
    Reading,
    Step,
    Written,
    after_read,
    after_write,
    next_step,
    want,
)
from controller.ports import Outcome

PACE = Pace(poll_s=1.0, spacing_s=2.0)
KNOWN = Memory(wanted="a", value="a", settled="a", reachable=True, unsure=False, next_read_s=10.0)


def reading(value: str | None = "a", *, restarted: bool = False) -> Reading[str]:
    """A read that succeeded."""
    return Reading(reachable=True, value=value, restarted=restarted)


SILENCE: Reading[str] = Reading(reachable=False, problem="no answer")


def test_nothing_is_ordered_before_the_first_read() -> None:
    """At the start the device is read first, whatever is wanted."""
    assert next_step(Memory(wanted="b"), fitted="b", now_s=0.0) == (Step.READ, 0.0)


def test_an_order_goes_before_a_due_read() -> None:
    """A decision does not wait for a poll."""
    assert next_step(replace(KNOWN, wanted="b"), fitted="b", now_s=20.0)[0] is Step.WRITE


def test_as_wanted_it_is_only_polled() -> None:
    """Without a difference the next thing due is the poll."""
    assert next_step(KNOWN, fitted="a", now_s=5.0) == (Step.WAIT, 10.0)
    assert next_step(KNOWN, fitted="a", now_s=10.0)[0] is Step.READ


def test_nothing_to_order_waits_for_the_poll() -> None:
    """What may not be ordered now is not."""
    assert next_step(replace(KNOWN, wanted="b"), fitted=None, now_s=5.0) == (Step.WAIT, 10.0)


def test_orders_keep_their_spacing() -> None:
    """After a confirmed order the next one waits until the spacing has passed."""
    after = after_write(KNOWN, Written(Outcome.APPLIED, "", read_back="b"), ordered="b", now_s=5.0, pace=PACE)

    assert next_step(after, fitted="c", now_s=6.0) == (Step.WAIT, 7.0)
    assert next_step(after, fitted="c", now_s=7.0)[0] is Step.WRITE


def test_what_is_urgent_waits_for_no_spacing_but_for_a_device_in_trouble() -> None:
    """A fall goes out at once after a confirmed order; after a failed one it keeps the back-off."""
    done = after_write(KNOWN, Written(Outcome.APPLIED, "", read_back="b"), ordered="b", now_s=5.0, pace=PACE)
    failed = after_write(KNOWN, Written(Outcome.REFUSED, "no"), ordered="b", now_s=5.0, pace=PACE)

    assert next_step(done, fitted="c", urgent=True, now_s=5.1)[0] is Step.WRITE
    assert next_step(failed, fitted="c", urgent=True, now_s=5.1) == (Step.WAIT, 7.0)


def test_the_nearest_that_the_device_has_counts_as_met() -> None:
    """An order that the device rounded is not repeated."""
    after = after_write(KNOWN, Written(Outcome.APPLIED, "", read_back="854"), ordered="850", now_s=5.0, pace=PACE)

    assert after.meets("850")
    assert not after.meets("600")
    assert after.known == "854"


def test_a_stored_order_is_not_known_to_play_and_not_repeated() -> None:
    """What the device keeps for its next start is neither confirmed nor asked for again."""
    after = after_write(KNOWN, Written(Outcome.STORED, "next start", read_back="b"), ordered="b", now_s=5.0, pace=PACE)
    later, _ = after_read(after, reading("b"), now_s=6.0, pace=PACE)

    assert later.known is None
    assert later.meets("b")
    assert later.refusal == "next start"


def test_after_a_restart_what_was_stored_plays() -> None:
    """A restart makes the stored value live and forgets all refusals."""
    stored = after_write(KNOWN, Written(Outcome.STORED, "", read_back="b"), ordered="b", now_s=5.0, pace=PACE)
    later, event = after_read(stored, reading("b", restarted=True), now_s=6.0, pace=PACE)

    assert (later.known, later.failures, event) == ("b", 0, "it restarted")


def test_a_restart_that_lost_our_setting_is_no_hand() -> None:
    """After a restart the device is brought to what is wanted at once, even inside the spacing."""
    later, _ = after_read(replace(KNOWN, next_write_s=99.0), reading("z", restarted=True), now_s=6.0, pace=PACE)

    assert next_step(later, fitted="a", now_s=6.0)[0] is Step.WRITE


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN, Outcome.STORED])
def test_what_was_not_confirmed_is_tried_later_and_later(outcome: Outcome) -> None:
    """The time to the next order doubles up to its most."""
    memory, waits = KNOWN, []
    for _ in range(6):
        memory = after_write(memory, Written(outcome, "no"), ordered="b", now_s=100.0, pace=PACE)
        waits.append(memory.next_write_s - 100.0)

    assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_after_an_unknown_end_it_is_read_before_it_is_told_again() -> None:
    """An order that may have taken bars the next until a read has told."""
    memory = after_write(KNOWN, Written(Outcome.UNKNOWN, "?"), ordered="b", now_s=5.0, pace=PACE)

    assert memory.known is None
    assert next_step(memory, fitted="b", now_s=500.0)[0] is Step.READ


def test_an_order_that_took_unseen_is_not_taken_for_a_hand() -> None:
    """When an order of unknown end shows late, it is recognised as ours, even if something else is wanted by then."""
    unsure = after_write(KNOWN, Written(Outcome.UNKNOWN, "?"), ordered="b", now_s=5.0, pace=PACE)
    still_old, _ = after_read(want(unsure, "c", now_s=5.5), reading("a"), now_s=6.0, pace=PACE)
    shows, event = after_read(still_old, reading("b"), now_s=7.0, pace=PACE)

    assert (shows.hands_off_until_s, event) == (None, None)


def test_a_change_by_hand_is_respected_and_then_ended() -> None:
    """A value that nobody here ordered stands for its time; then what is wanted is ordered again."""
    changed, event = after_read(KNOWN, reading("mine"), now_s=10.0, pace=PACE)

    assert event == "it was changed by hand; that is respected for 300 s"
    assert next_step(changed, fitted="a", now_s=309.0)[0] is Step.READ
    assert next_step(changed, fitted="a", now_s=310.0)[0] is Step.WRITE


def test_a_change_by_hand_is_told_once() -> None:
    """The next read of the same value is no new change."""
    changed, _ = after_read(KNOWN, reading("mine"), now_s=10.0, pace=PACE)
    again, event = after_read(changed, reading("mine"), now_s=11.0, pace=PACE)

    assert (again.hands_off_until_s, event) == (310.0, None)


def test_a_hand_that_puts_back_what_is_wanted_ends_its_respect() -> None:
    """Who chooses what automation wants gives it back to automation."""
    changed, _ = after_read(KNOWN, reading("mine"), now_s=10.0, pace=PACE)
    back, event = after_read(changed, reading("a"), now_s=20.0, pace=PACE)

    assert (back.hands_off_until_s, event) == (None, None)
    assert next_step(want(back, "b", now_s=21.0), fitted="b", now_s=21.0)[0] is Step.WRITE


def test_what_a_hand_set_is_respected_over_an_outage_unless_the_outage_took_it() -> None:
    """A device that comes back with what was set by hand is left so; one that comes back with another is driven."""
    changed, _ = after_read(KNOWN, reading("mine"), now_s=10.0, pace=PACE)
    away, _ = after_read(changed, SILENCE, now_s=11.0, pace=PACE)
    kept, _ = after_read(away, reading("mine"), now_s=12.0, pace=PACE)
    lost, _ = after_read(away, reading("z"), now_s=12.0, pace=PACE)

    assert kept.hands_off_until_s == 310.0
    assert next_step(lost, fitted="a", now_s=12.0)[0] is Step.WRITE


def test_a_passage_is_neither_respected_nor_fought() -> None:
    """A value that may be passing is looked at again soon, and nothing is ordered over it meanwhile."""
    passing = replace(reading("mine"), settling=True)
    seen, event = after_read(KNOWN, passing, now_s=10.0, pace=PACE)
    gone, _ = after_read(seen, reading("a"), now_s=10.5, pace=PACE)

    assert (seen.known, event) == (None, None)
    assert next_step(seen, fitted="a", now_s=10.0) == (Step.WAIT, 10.5)
    assert (gone.known, gone.hands_off_until_s) == ("a", None)


def test_a_device_that_knows_a_hand_is_believed_before_our_first_order() -> None:
    """Where nothing was ordered yet, what the device calls somebody else's is respected all the same."""
    fresh, _ = after_read(Memory(wanted="a"), reading("a"), now_s=1.0, pace=PACE)
    changed, event = after_read(fresh, replace(reading("mine"), by_hand=True), now_s=2.0, pace=PACE)

    assert (changed.hands_off_until_s, event is None) == (302.0, False)


def test_a_device_found_as_wanted_needs_no_order_to_know_a_hand() -> None:
    """What was as wanted from the start and then is not was changed by somebody."""
    fresh, _ = after_read(Memory(wanted="a"), reading("a"), now_s=1.0, pace=PACE)
    changed, event = after_read(fresh, reading("mine"), now_s=2.0, pace=PACE)

    assert (changed.hands_off_until_s, event is None) == (302.0, False)


def test_hands_may_be_not_respected() -> None:
    """With a time of zero the device is brought back at once."""
    changed, event = after_read(KNOWN, reading("mine"), now_s=10.0, pace=replace(PACE, respect_manual_s=0.0))

    assert event is None
    assert next_step(changed, fitted="a", now_s=10.0)[0] is Step.WRITE


def test_what_changed_while_nobody_looked_is_no_hand() -> None:
    """After an absence the device is simply brought to what is wanted."""
    away, _ = after_read(KNOWN, SILENCE, now_s=10.0, pace=PACE)
    back, _ = after_read(away, reading("z"), now_s=11.0, pace=PACE)

    assert next_step(back, fitted="a", now_s=11.0)[0] is Step.WRITE


def test_before_our_first_order_nothing_is_a_hand() -> None:
    """What the device plays at our start is its own, and may change."""
    first, _ = after_read(Memory(wanted="b"), reading("x"), now_s=1.0, pace=PACE)
    second, event = after_read(first, reading("y"), now_s=2.0, pace=PACE)

    assert (second.hands_off_until_s, event) == (None, None)


def test_one_miss_makes_unsure_and_three_make_lost() -> None:
    """A hiccup is not an absence; the third in a row is, and is told once."""
    memory, told = KNOWN, []
    for at_s in range(5):
        memory, event = after_read(memory, SILENCE, now_s=float(at_s), pace=PACE)
        told.append((memory.reachable, memory.known, event))

    lost = "it does not answer: no answer"
    assert told == [(True, None, None)] * 2 + [(False, None, lost)] + [(False, None, None)] * 2


def test_an_absent_device_is_asked_less_and_less() -> None:
    """The first misses are retried at the poll's pace, an absence after 2 s doubling to 30 s."""
    memory, waits = KNOWN, []
    for _ in range(9):
        memory, _ = after_read(memory, SILENCE, now_s=50.0, pace=PACE)
        waits.append(memory.next_read_s - 50.0)

    assert waits == [1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_its_return_is_told() -> None:
    """The first answer after an absence is an event."""
    back, event = after_read(replace(KNOWN, reachable=False, unsure=True), reading("a"), now_s=1.0, pace=PACE)

    assert (back.reachable, event) == (True, "it answers again")


def test_a_new_wish_does_not_wait_for_the_refusal_of_the_old_one() -> None:
    """The back-off of a refused order ends with the wish that was refused."""
    refused = after_write(KNOWN, Written(Outcome.REFUSED, "no"), ordered="b", now_s=5.0, pace=PACE)

    assert next_step(want(refused, "b", now_s=6.0), fitted="b", now_s=6.0)[0] is Step.WRITE
    assert next_step(refused, fitted="b", now_s=6.0) == (Step.WAIT, 7.0)


def test_only_an_answer_is_one() -> None:
    """A read that succeeded and an order that was taken date the last answer; silence and refusals leave it."""
    memory, _ = after_read(KNOWN, reading(), now_s=3.0, pace=PACE)
    silent, _ = after_read(memory, SILENCE, now_s=6.0, pace=PACE)
    ends = {
        outcome: after_write(silent, Written(outcome, ""), ordered="b", now_s=9.0, pace=PACE).answered_s
        for outcome in Outcome
    }

    assert (memory.answered_s, silent.answered_s) == (3.0, 3.0)
    assert ends == {Outcome.APPLIED: 9.0, Outcome.STORED: 9.0, Outcome.REFUSED: 3.0, Outcome.UNKNOWN: 3.0}


READINGS = st.one_of(
    st.builds(Reading, reachable=st.just(value=True), value=st.sampled_from("abc"), restarted=st.booleans()),
    st.just(SILENCE),
)
WRITTENS = st.builds(
    Written, outcome=st.sampled_from(Outcome), detail=st.just(""), read_back=st.sampled_from([None, "a", "b", "c"])
)


@given(
    st.lists(st.tuples(st.floats(0, 5), st.one_of(READINGS, WRITTENS), st.sampled_from("abc")), max_size=30),
    st.sampled_from("abc"),
)
def test_a_device_that_obeys_ends_as_wanted(history: list[tuple[float, object, str]], wanted: str) -> None:
    """Whatever happened before, once the device answers and obeys, what is wanted is reached."""
    memory: Memory[str] = Memory()
    now_s = 0.0
    for passed_s, happened, wish in history:
        now_s += passed_s
        memory = want(memory, wish, now_s=now_s)
        if isinstance(happened, Written):
            memory = after_write(memory, happened, ordered=wish, now_s=now_s, pace=PACE)
        elif isinstance(happened, Reading):
            memory, _ = after_read(memory, happened, now_s=now_s, pace=PACE)
    memory = want(memory, wanted, now_s=now_s)
    plays = "z" if memory.value is None else memory.value
    for _ in range(2_000):
        step, until_s = next_step(memory, fitted=wanted, now_s=now_s)
        if step is Step.READ:
            memory, _ = after_read(memory, reading(plays), now_s=now_s, pace=PACE)
        elif step is Step.WRITE:
            plays = wanted
            memory = after_write(memory, Written(Outcome.APPLIED, ""), ordered=wanted, now_s=now_s, pace=PACE)
        else:
            assert until_s > now_s
            now_s = until_s

    assert memory.meets(wanted)
    assert not memory.unsure
