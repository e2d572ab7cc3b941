"""When to read a device, when to order, what an answer means. Pure: the moment is an argument.

One `Memory` per device holds what is wanted and what is known. A lost order needs no special case: as
long as the two differ, the next step is another order, paced by what the last ones brought. Times are
seconds on the monotonic clock. `V` is what the device is told: an encoder target, a scene's name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Generic, TypeVar

from controller.ports import Outcome

V = TypeVar("V")
# OBS passes through scenes for up to 0.3 s when it exits or changes its collection.
SETTLING_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a device is asked and told."""

    poll_s: float = 1.0
    lost_after: int = 3  # misses in a row: one is a hiccup, three seconds are an absence
    backoff_first_s: float = 2.0
    backoff_most_s: float = 30.0
    spacing_s: float = 0.0
    respect_manual_s: float = 300.0

    def backoff_s(self, failures: int) -> float:
        """Seconds to leave the device alone after that many failures in a row."""
        return min(self.backoff_first_s * 2.0 ** min(failures - 1, 16), self.backoff_most_s)


@dataclass(frozen=True, slots=True)
class Reading(Generic[V]):
    """One read of the device. `restarted` since the read before it; `problem` is the operator's line.

    `by_hand` says that the device itself knows the value for somebody else's; `settling` that it may be a
    passage: nothing is ordered over it before the next read has told.
    """

    reachable: bool
    value: V | None = None
    problem: str | None = None
    restarted: bool = False
    by_hand: bool = False
    settling: bool = False


@dataclass(frozen=True, slots=True)
class Written(Generic[V]):
    """The result of one order."""

    outcome: Outcome
    detail: str
    read_back: V | None = None


@dataclass(frozen=True, slots=True)
class Memory(Generic[V]):
    """What is wanted of the device and what is known of it.

    `settled` is the value that the device was last known to have by our doing, or was found to have as wanted;
    `stored` one that it keeps without playing it; `accepted` an order and the nearest value that the device made
    of it; `unanswered` an order whose end is unknown, which may show late. `unsure` bars orders until a read has
    succeeded. `answered_s` is when the device last answered anything.
    """

    wanted: V | None = None
    value: V | None = None
    settled: V | None = None
    stored: V | None = None
    accepted: tuple[V, V] | None = None
    unanswered: V | None = None
    reachable: bool | None = None
    answered_s: float | None = None
    unsure: bool = True
    problem: str | None = None
    refusal: str | None = None
    misses: int = 0
    failures: int = 0
    next_read_s: float = 0.0
    next_write_s: float = 0.0
    hands_off_until_s: float | None = None

    @property
    def known(self) -> V | None:
        """What the device is known to play: None while unsure, and while it only stores."""
        return None if self.unsure or self.value == self.stored else self.value

    def meets(self, fitted: V | None) -> bool:
        """Whether the last reading is `fitted`, or what the device made of it."""
        return fitted is None or self.value == fitted or self.accepted == (fitted, self.value)


class Step(Enum):
    """What to do next."""

    READ = "read"
    WRITE = "write"
    WAIT = "wait"


def next_step(memory: Memory[V], *, fitted: V | None, urgent: bool = False, now_s: float) -> tuple[Step, float]:
    """The next step, and for WAIT the moment until which nothing is due.

    `fitted` is what is wanted, as far as the device may be brought to it; None wants nothing. An order goes
    before a routine read, so that a decision never waits for a poll; an `urgent` one does not wait for the
    spacing between confirmed orders either.
    """
    pending = not memory.unsure and not memory.meets(fitted)
    spaced = urgent and not memory.failures
    write_at_s = max(0.0 if spaced else memory.next_write_s, memory.hands_off_until_s or 0.0)
    if pending and now_s >= write_at_s:
        return Step.WRITE, now_s
    if now_s >= memory.next_read_s:
        return Step.READ, now_s
    return Step.WAIT, min(memory.next_read_s, write_at_s) if pending else memory.next_read_s


def want(memory: Memory[V], value: V | None, *, now_s: float) -> Memory[V]:
    """Want `value` from now on. A device that answers is not made to wait for what it refused before."""
    if value == memory.wanted:
        return memory
    if memory.unsure or not memory.failures:
        return replace(memory, wanted=value)
    return replace(memory, wanted=value, failures=0, next_write_s=min(memory.next_write_s, now_s))


def after_read(memory: Memory[V], reading: Reading[V], *, now_s: float, pace: Pace) -> tuple[Memory[V], str | None]:
    """The memory after a read, and the event to tell the operator, if there is one."""
    if not reading.reachable:
        return _missed(memory, reading, now_s=now_s, pace=pace)
    seen = replace(
        memory,
        value=reading.value,
        reachable=True,
        answered_s=now_s,
        unsure=reading.value is None,
        problem=reading.problem,
        misses=0,
        next_read_s=now_s + pace.poll_s,
    )
    if reading.restarted:
        seen = replace(
            seen, settled=None, stored=None, accepted=None, failures=0, next_write_s=now_s, hands_off_until_s=None
        )
        return seen, "it restarted"
    if reading.settling:
        return replace(seen, unsure=True, next_read_s=now_s + SETTLING_POLL_S), None
    changed = reading.value is not None and reading.value != memory.settled
    if changed and (memory.settled is not None or reading.by_hand or reading.value == memory.wanted):
        seen = replace(seen, settled=reading.value, hands_off_until_s=_still_respected_s(memory, reading))
        if _by_hand(memory, reading) and pace.respect_manual_s > 0:
            seen = replace(seen, hands_off_until_s=now_s + pace.respect_manual_s)
            return seen, f"it was changed by hand; that is respected for {pace.respect_manual_s:g} s"
    return seen, None if memory.reachable is not False else "it answers again"


def _still_respected_s(memory: Memory[V], reading: Reading[V]) -> float | None:
    """Until when an earlier change by hand still counts: not when it was taken back, nor when an outage took it."""
    return None if reading.value == memory.wanted or memory.misses else memory.hands_off_until_s


def _by_hand(memory: Memory[V], reading: Reading[V]) -> bool:
    """Whether only somebody else can have set the value: it was certain before, and it is none of our orders."""
    if reading.value in (memory.settled, memory.wanted, memory.unanswered):
        return False
    return reading.by_hand or (memory.settled is not None and not memory.unsure)


def _missed(memory: Memory[V], reading: Reading[V], *, now_s: float, pace: Pace) -> tuple[Memory[V], str | None]:
    misses = memory.misses + 1
    lost = misses >= pace.lost_after or memory.reachable is not True
    wait_s = pace.poll_s if misses < pace.lost_after else pace.backoff_s(misses - pace.lost_after + 1)
    missed = replace(
        memory,
        reachable=not lost,
        unsure=True,
        problem=reading.problem,
        misses=misses,
        next_read_s=now_s + wait_s,
    )
    told = lost and memory.reachable is not False
    return missed, f"it does not answer: {reading.problem or 'no reason given'}" if told else None


def after_write(memory: Memory[V], written: Written[V], *, ordered: V, now_s: float, pace: Pace) -> Memory[V]:
    """The memory after an order of `ordered`."""
    if written.outcome is Outcome.APPLIED:
        value = ordered if written.read_back is None else written.read_back
        spaced_s = now_s + pace.spacing_s
        return replace(
            memory,
            value=value,
            settled=value,
            stored=None,
            accepted=(ordered, value),
            unanswered=None,
            answered_s=now_s,
            failures=0,
            next_write_s=spaced_s,
            refusal=None,
        )
    failures = memory.failures + 1
    failed = replace(memory, failures=failures, next_write_s=now_s + pace.backoff_s(failures), refusal=written.detail)
    if written.outcome is Outcome.STORED:
        value = ordered if written.read_back is None else written.read_back
        return replace(failed, value=value, settled=value, stored=value, accepted=(ordered, value), answered_s=now_s)
    if written.outcome is Outcome.UNKNOWN:
        return replace(failed, unanswered=ordered, unsure=True, next_read_s=now_s)
    return failed
