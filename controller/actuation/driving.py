"""One task per device: it reads, orders and reads back, one call in flight, while the loop goes on.

The queue has length one: what is wanted now replaces what was wanted before. `reconciling` says when.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

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

if TYPE_CHECKING:
    from controller.actuation.devices import Device
    from controller.journal import Journal
    from controller.ports import Clock

V = TypeVar("V")
_log = logging.getLogger(__name__)
# Drivers have deadlines of their own, 15 s at most; this one keeps a defective driver from ending all actuation.
DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What the device was asked and how that ended; counts only rise."""

    requests: int = 0
    failures: int = 0
    last_took_s: float | None = None


@dataclass(frozen=True, slots=True)
class Applied(Generic[V]):
    """A confirmed order: by which decision, what, what was before it, and when it went out (monotonic)."""

    number: int
    value: V
    before: V | None
    ordered_s: float


class Reconciler(Generic[V]):
    """Keeps `device` as wanted. `name` is its name in journal, metrics and log."""

    def __init__(  # noqa: PLR0913 - what it is made of, each part by its name
        self,
        *,
        name: str,
        device: Device[V],
        pace: Pace,
        clock: Clock,
        journal: Journal,
        read_back_is_shown: bool = False,
    ) -> None:
        self.name = name
        self.memory: Memory[V] = Memory()
        self.tally = Tally()
        self.in_flight = False
        self._applied: Applied[V] | None = None
        self._device = device
        self._pace = pace
        self._clock = clock
        self._journal = journal
        self._read_back_is_shown = read_back_is_shown
        self._number = 0
        self._told_failure: str | None = None
        self._wake = asyncio.Event()

    @property
    def fitted(self) -> V | None:
        """What may be ordered of what is wanted; None for nothing."""
        wanted = self.memory.wanted
        return None if wanted is None else self._device.fit(wanted, self.memory.value)

    @property
    def confirmed(self) -> bool | None:
        """Whether the device is known to be as wanted; None while nothing is wanted."""
        if self.memory.wanted is None:
            return None
        return self.memory.known is not None and self.memory.meets(self.memory.wanted)

    def want(self, value: V, *, number: int) -> None:
        """Want `value` from now on, by decision `number`; returns at once."""
        if value == self.memory.wanted:
            return
        self.memory = want(self.memory, value, now_s=self._clock.monotonic_s())
        self._number = number
        self._wake.set()

    def retry_now(self) -> None:
        """Forget waits after failures and the respect for a change by hand: what is wanted is tried at once."""
        now_s = self._clock.monotonic_s()
        self.memory = replace(self.memory, failures=0, next_write_s=now_s, hands_off_until_s=None)
        self._wake.set()

    def take_applied(self) -> Applied[V] | None:
        """The last order that the device confirmed, once."""
        applied, self._applied = self._applied, None
        return applied

    async def run(self) -> None:
        """Reconcile until cancelled."""
        while True:
            self._wake.clear()
            now_s = self._clock.monotonic_s()
            fitted = self.fitted
            urgent = fitted is not None and self._device.urgent(fitted, self.memory.value)
            step, until_s = next_step(self.memory, fitted=fitted, urgent=urgent, now_s=now_s)
            if step is Step.READ:
                await self._read()
            elif step is Step.WRITE and fitted is not None:
                await self._write(fitted)
            else:
                await self._sleep(until_s - now_s)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _read(self) -> None:
        reading = await self._read_device()
        # The memory of now, not of before the call: what is wanted may have changed meanwhile.
        self.memory, event = after_read(self.memory, reading, now_s=self._clock.monotonic_s(), pace=self._pace)
        if event is not None:
            self._notice(event)

    async def _read_device(self) -> Reading[V]:
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._device.read()
        except TimeoutError:
            return Reading(reachable=False, problem=f"no answer within {DEADLINE_S:g} s")
        except Exception as error:  # noqa: BLE001 - a driver's defect must not end the driving
            _log.exception("%s: its driver failed", self.name)
            return Reading(reachable=False, problem=f"its driver failed: {type(error).__name__}")

    async def _write(self, ordered: V) -> None:
        number, before = self._number, self.memory.value
        started_s = self._clock.monotonic_s()
        self._journal.commanded(number, self.name, at_s=self._clock.wall_s())
        self.in_flight = True
        written = await self._write_device(ordered)
        self.in_flight = False
        now_s = self._clock.monotonic_s()
        self.memory = after_write(self.memory, written, ordered=ordered, now_s=now_s, pace=self._pace)
        failed = written.outcome is not Outcome.APPLIED
        self.tally = Tally(self.tally.requests + 1, self.tally.failures + failed, now_s - started_s)
        self._journal.answered(
            number, self.name, at_s=self._clock.wall_s(), outcome=written.outcome.value, detail=written.detail
        )
        if failed:
            self._notice_failure(f"the order was not confirmed ({written.outcome}): {written.detail}")
            return
        self._told_failure = None
        self._applied = Applied(number=number, value=ordered, before=before, ordered_s=started_s)
        if self._read_back_is_shown:
            self._journal.shown(number, self.name, at_s=self._clock.wall_s())

    async def _write_device(self, ordered: V) -> Written[V]:
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._device.write(ordered)
        except TimeoutError:
            return Written(outcome=Outcome.UNKNOWN, detail=f"no answer within {DEADLINE_S:g} s")
        except Exception as error:  # noqa: BLE001 - as in `_read_device`
            _log.exception("%s: its driver failed", self.name)
            return Written(outcome=Outcome.UNKNOWN, detail=f"its driver failed: {type(error).__name__}")

    def _notice_failure(self, text: str) -> None:
        """Tell a failure once: retries that end alike are counted in the tally, not in the journal."""
        if text != self._told_failure:
            self._told_failure = text
            self._notice(text)

    def _notice(self, text: str) -> None:
        _log.warning("%s: %s", self.name, text)
        self._journal.noticed(at_s=self._clock.wall_s(), subject=self.name, text=text)

    async def close(self) -> None:
        """Give the device's connections back."""
        await self._device.close()
