"""The encoder port for belacoder: write the bounds, signal, look whether it read them.

Each reload leaks a descriptor, and with none left belacoder goes on with the old bounds without a
word. So the leak is counted and kept in bounds, and it is the proof too: a belacoder that read the
new file has it open. A build that closes the file gives no such proof, and its changes stay
UNKNOWN. Whether the stream follows is for the caller to watch.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controller.adapters.belacoder.bitrate_file import (
    MAX_BPS,
    MIN_BPS,
    STEP_BPS,
    Bounds,
    bounds_of,
    parsed,
    replace_file,
)
from controller.adapters.belacoder.process import ProcessTable, Running
from controller.decision.model import EncoderTarget
from controller.ports import ApplyResult, EncoderCapabilities, EncoderStatus, Impact, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable


# A reload is complete within 2 s; a raise comes after its own adaptation had time to use the last one.
FALL_SPACING_S, RAISE_SPACING_S = 2.0, 30.0
# Of about 1,010 reloads that a limit of 1,024 allows, raises may use three in five; the rest is for falls.
RAISE_SHARE_OF_FILES = 0.6
RESERVED_FILES = 8  # a reconnect needs sockets too
# The signal is handled in the main loop; on a loaded machine that was seen to take 0.1 s.
LOOKS, LOOK_PAUSE_S = 20, 0.05


class BelacoderEncoder:
    """Drives the belacoder that was started with `-b bitrate_file` on this machine.

    `geometry` is width, height and frame rate of its pipeline, which cannot be changed while it
    runs: it is told here and never ordered. `program` is the executable's name; `clock` is
    monotonic seconds. Needs the right to signal that process: run as the same user or as root.
    """

    def __init__(
        self,
        *,
        bitrate_file: Path,
        geometry: tuple[int, int, int],
        program: str = "belacoder",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = bitrate_file
        self._geometry = geometry
        self._program = program
        self._clock = clock
        self._table = ProcessTable(program=program, bitrate_file=bitrate_file)
        self._one_at_a_time = asyncio.Lock()
        self._changed_at_s: float | None = None
        self._loaded: tuple[int, Bounds] | None = None

    async def probe(self) -> EncoderCapabilities | None:
        """What belacoder can do; None when it does not run."""
        if isinstance(await asyncio.to_thread(self._found), str):
            return None
        return EncoderCapabilities(
            bitrate_impact=Impact.NONE,
            geometry_impact=Impact.UNKNOWN,
            audio_only_impact=Impact.UNKNOWN,
            min_bitrate_bps=MIN_BPS,
            max_bitrate_bps=MAX_BPS,
            step_bps=STEP_BPS,
            sizes_px=(self._geometry[:2],),
            own_abr=True,
            restartable=False,
            identity=self._program,
            evidence=(("bitrate", "measured on build 898d9ce"), ("geometry", "fixed by its pipeline")),
        )

    async def read(self) -> EncoderStatus:
        """The process and the bounds that it is known to have."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._read)

    async def apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        """Set cap and floor; size, frame rate and audio-only are reported as clamped. Costs no picture."""
        del max_impact  # nothing that this driver does costs anything
        async with self._one_at_a_time:
            started_s = self._clock()
            result = await self._apply(target)
            return replace(result, took_s=self._clock() - started_s)

    async def publish(self, *, on: bool) -> ApplyResult:
        """Not offered: belacoder publishes as long as it runs."""
        del on
        return self._refused("it publishes as long as it runs; stop or start it by its supervisor")

    async def restart(self) -> ApplyResult:
        """Not offered: its supervisor does that."""
        return self._refused("restart it by its supervisor, between streams")

    async def close(self) -> None:
        """Nothing is held."""

    async def _apply(self, target: EncoderTarget) -> ApplyResult:
        running = await asyncio.to_thread(self._found)
        if isinstance(running, str):
            return self._refused(running)
        bounds = bounds_of(target)
        clamped = self._as_target(bounds) != replace(target, floor_bps=bounds.floor_bps)
        now = await asyncio.to_thread(self._known, running)
        if now is not None:
            self._loaded = (running.start_ticks, now)  # believed until the process is seen to read something else
        if now == bounds:
            return ApplyResult(Outcome.APPLIED, "it is set so already", self._as_target(bounds), clamped=clamped)
        reason = self._reason_to_wait(running, raises=now is not None and bounds.cap_bps > now.cap_bps)
        if reason is not None:
            return self._refused(reason)
        try:
            sent = await asyncio.to_thread(self._ordered, running, bounds)
        except OSError as error:
            return self._refused(f"{error.strerror or error}: {self._file}; run as the same user as {self._program}")
        if not sent:
            return ApplyResult(Outcome.UNKNOWN, f"{self._program} ended meanwhile; its next start reads the new bounds")
        return replace(await self._seen(running, bounds), clamped=clamped)

    async def _seen(self, running: Running, bounds: Bounds) -> ApplyResult:
        for _ in range(LOOKS):
            if await asyncio.to_thread(self._table.has_open, running):
                self._loaded = (running.start_ticks, bounds)
                return ApplyResult(Outcome.APPLIED, "it opened the new bounds", self._as_target(bounds))
            await asyncio.sleep(LOOK_PAUSE_S)
        return ApplyResult(Outcome.UNKNOWN, f"{self._program} was signalled but did not open its bitrate file")

    def _read(self) -> EncoderStatus:
        running = self._found()
        if isinstance(running, str):
            return EncoderStatus(reachable=False, problem=running, last_configured=self._last())
        known = self._known(running)
        problem = None if known is not None else f"{self._file} does not hold two bitrates that {self._program} accepts"
        return EncoderStatus(
            reachable=True,
            problem=problem,
            configured=None if known is None else self._as_target(known),
            uptime_s=running.uptime_s,
            last_configured=self._last(),
        )

    def _known(self, running: Running) -> Bounds | None:
        """What the process has: what it was seen to read, else what lay there when it started."""
        try:
            text, written_s = self._file.read_text(), self._file.stat().st_mtime
        except (OSError, UnicodeDecodeError):
            text, written_s = "", 0.0
        lying = parsed(text)
        if lying is not None and (written_s < running.started_s or self._table.has_open(running)):
            self._loaded = (running.start_ticks, lying)
        if self._loaded is not None and self._loaded[0] == running.start_ticks:
            return self._loaded[1]
        return lying

    def _ordered(self, running: Running, bounds: Bounds) -> bool:
        replace_file(self._file, bounds)
        self._changed_at_s = self._clock()
        return self._table.hang_up(running)

    def _found(self) -> Running | str:
        """The one belacoder to drive, or why there is none, as the operator's line."""
        try:
            found = self._table.find()
        except PermissionError:
            return f"{self._program} runs as another user; run the controller as that user or as root"
        if len(found) != 1:
            count = "no" if not found else f"{len(found)}"
            return f"{count} {self._program} runs with -b {self._file}; look at its supervisor and its log"
        if not found[0].catches_hangup:
            return f"{self._program} does not listen for SIGHUP, which would end it; use another build"
        return found[0]

    def _reason_to_wait(self, running: Running, *, raises: bool) -> str | None:
        since_s = None if self._changed_at_s is None else self._clock() - self._changed_at_s
        spacing_s = RAISE_SPACING_S if raises else FALL_SPACING_S
        if since_s is not None and since_s < spacing_s:
            return f"its last change was {since_s:.0f} s ago; the next comes after {spacing_s:.0f} s"
        most = running.open_file_limit - RESERVED_FILES
        if raises:
            most = min(most, int(running.open_file_limit * RAISE_SHARE_OF_FILES))
        if running.open_files >= most:
            return (
                f"it has {running.open_files} of {running.open_file_limit} files open, as each change leaks one; "
                "restart it between streams"
            )
        return None

    def _as_target(self, bounds: Bounds) -> EncoderTarget:
        width_px, height_px, frame_rate_hz = self._geometry
        return EncoderTarget(bounds.cap_bps, width_px, height_px, frame_rate_hz, floor_bps=bounds.floor_bps)

    def _last(self) -> EncoderTarget | None:
        return None if self._loaded is None else self._as_target(self._loaded[1])

    def _refused(self, reason: str) -> ApplyResult:
        return ApplyResult(Outcome.REFUSED, reason)
