"""Steer the emulated uplinks along a drive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from deploy.demo.control import Control
from deploy.demo.drive import Drive
from deploy.demo.link import Change

TICK_S = 0.05  # a moment of the drive happens at most this late


class Driver:
    """Plays `drive` on the emulator behind `control`; `event` says what happened last."""

    def __init__(self, drive: Drive, control: Control, *, clock: Callable[[], float]) -> None:
        self._drive = drive
        self._control = control
        self._clock = clock
        self.event = ""

    async def play(self, *, start_s: float, repeat: bool) -> None:
        """Play once, or over and over, from `start_s` on `clock`; returns at the end of the last round."""
        done_s = -1.0
        while True:
            at_s = self._clock() - start_s
            for moment in self._drive.due(done_s, min(at_s, self._drive.length_s)):
                self.event = moment.text
                for uplink in moment.uplinks:
                    self._control.set(uplink, Change(rate_bps=moment.rate_bps, hole=moment.hole))
            done_s = at_s
            if at_s >= self._drive.length_s:
                if not repeat:
                    return
                start_s, done_s = start_s + self._drive.length_s, -1.0
            await asyncio.sleep(TICK_S)
