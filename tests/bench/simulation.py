"""The fluid model: one encoder, one queue, one link, in steps of 100 ms (or finer).

In each step, in this order: a due command takes effect, the encoder emits one slice, the slice
joins the queue, SRT drops what is too late, the link serves the queue, the controller may look and
command. Everything is deterministic.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tests.bench.history import LOST, NOT_PRODUCED, History, Order, Setting
from tests.bench.link import Link, Transport
from tests.bench.two_paths import TwoPaths

SEND_BUFFER_KBIT = 4_194_304 * 8 / 1_000  # the Linux default maximum of tcp_wmem
BUDGET_S = 2.0  # the viewer's fixed latency; SRT drops what cannot make it
RESTART_S = 2.0  # without any output; assumed, to be measured on the device
START = Setting(2_500.0, 720)
_HAIR = 1e-6  # kbit; what sums of floats may miss


class ChangeCost(StrEnum):
    """What a change of the encoder costs. An audio-only or smaller picture is a change of height."""

    SEAMLESS = "seamless"  # nothing
    LIVE = "live"  # a change of height costs a restart
    RESTART = "restart"  # every change costs a restart

    def restarts(self, old: Setting, new: Setting) -> bool:
        """Whether going from `old` to `new` interrupts the output."""
        if self is ChangeCost.SEAMLESS:
            return False
        if self is ChangeCost.LIVE:
            return old.height_px != new.height_px
        return old != new


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast the loop around the encoder is, s.

    `period_s`: scrape and decision. `lag_s`: from the scrape to the decision that sees it.
    `latency_s`: from the command to its effect. `scene_latency_s`: the same for OBS.
    """

    period_s: float = 1.0
    lag_s: float = 0.3
    latency_s: float = 0.5
    scene_latency_s: float = 0.3


class Controller(Protocol):
    """Whoever commands the encoder. One instance serves one run."""

    steps_per_s: int
    start: Setting
    latency_s: float

    def next_look(self, after: int) -> int:
        """The first step after step `after` at whose end the controller looks."""
        ...

    def look(self, history: History) -> Setting | None:
        """Look at the past, at the end of its last step; return a command, or None for none."""
        ...


def simulate(link: Link, controller: Controller, transport: Transport, cost: ChangeCost) -> History:
    """Run `controller` over the whole link and return the record."""
    capacity = link.at_rate(controller.steps_per_s).tolist()
    history = History(link, transport, controller.steps_per_s, capacity)
    encoder = _Encoder(controller.start, cost, history)
    queue = TwoPaths(history) if transport is Transport.MPTCP else _Queue(history)
    look_at = controller.next_look(-1)
    latency = round(controller.latency_s * controller.steps_per_s)
    produce, carry = encoder.produce, queue.carry
    for step, rate in enumerate(capacity):
        carry(step, produce(step), rate)
        if step == look_at:
            wish = controller.look(history)
            if wish is not None:
                history.orders.append(Order(step, wish))
                encoder.due.append((step + latency, wish))
            look_at = controller.next_look(step)
    return history


class _Encoder:
    """Constant bitrate; a restart gives no output, and then the newest command that came meanwhile."""

    def __init__(self, start: Setting, cost: ChangeCost, history: History) -> None:
        self.due: deque[tuple[int, Setting]] = deque()
        self._now = start
        self._cost = cost
        self._history = history
        self._silent_until = -1
        self._waiting: Setting | None = None
        self._steps_per_s = history.steps_per_s
        history.settings.append((0, start))

    def produce(self, step: int) -> float:
        """The slice of this step, kbit; negative when there is none."""
        while self.due and self.due[0][0] <= step:
            self._waiting = self.due.popleft()[1]
            if step >= self._silent_until:
                self._take(step)
        if self._waiting is not None and step >= self._silent_until:
            self._take(step)
        self._history.rate.append(self._now.rate_kbps)
        return self._now.rate_kbps / self._steps_per_s if step >= self._silent_until else -1.0

    def _take(self, step: int) -> None:
        wish, self._waiting = self._waiting, None
        if wish is None or wish == self._now:
            return
        if self._cost.restarts(self._now, wish):
            self._silent_until = step + round(RESTART_S * self._steps_per_s)
        self._now = wish
        self._history.settings.append((step, wish))


class _Queue:
    """First in, first out; amounts are cumulative, so that a slice is one end position."""

    def __init__(self, history: History) -> None:
        self._h = history
        self._step_s = 1.0 / history.steps_per_s
        self._srt = history.transport is Transport.SRT
        self._late = round(BUDGET_S * history.steps_per_s)
        self._slices: deque[tuple[int, float]] = deque()
        self._in = self._out = self._freed = 0.0  # positions in the stream of accepted media
        self._delivered = self._dropped = 0.0
        self._newest = -1

    def carry(self, step: int, slice_kbit: float, rate_kbps: float) -> None:
        """One step: take the slice in, drop, serve, record."""
        history = self._h
        if slice_kbit < 0.0:
            history.latency.append(NOT_PRODUCED)
        else:
            history.latency.append(LOST)  # until it has been served
            # A slice keeps its place until all of it has been sent.
            if not self._srt and self._in - self._freed + slice_kbit > SEND_BUFFER_KBIT:
                self._dropped += slice_kbit
            else:
                self._in += slice_kbit
                self._slices.append((step, self._in))
        if self._srt:
            self._drop_late(step)
        self._serve(step, rate_kbps * self._step_s)
        slices = self._slices
        history.accepted.append(self._in)
        history.delivered.append(self._delivered)
        history.dropped.append(self._dropped)
        history.backlog.append(self._in - self._out)
        history.age.append(step - slices[0][0] if slices else 0)
        history.newest.append(self._newest)

    def _drop_late(self, step: int) -> None:
        slices = self._slices
        while slices and slices[0][0] <= step - self._late:
            end = slices.popleft()[1]
            if end > self._out:
                self._dropped += end - self._out
                self._out = end

    def _serve(self, step: int, room_kbit: float) -> None:
        waiting = self._in - self._out
        served = min(waiting, room_kbit)
        self._out += served
        self._delivered += served
        slices = self._slices
        reached = self._out + _HAIR
        latency = self._h.latency
        while slices and slices[0][1] <= reached:
            captured, self._freed = slices.popleft()
            latency[captured] = step + 1 - captured
            self._newest = captured
