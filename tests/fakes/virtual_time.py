"""An event loop whose clock jumps to the next timer, so that an hour of waiting takes no time.

Every deadline and sleep of asyncio runs on the loop's clock; here it moves only when there is nothing else
to do. A loop that waits for nothing at all is a deadlock, and said to be one.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
THREAD_DEADLINE_S = 5.0
START_WALL_S = 1_700_000_000.0


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # Without any timer only a thread can wake the loop; it gets real time to do so.
        ready = super().select(0 if timeout is not None else THREAD_DEADLINE_S)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("deadlock: every task waits, and no timer runs")
        self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds."""
        return self._jumping.now_s

    def take(self, seconds: float) -> None:
        """Let work take `seconds` of the loop's time, as a slow computation would."""
        self._jumping.now_s += seconds


class VirtualClock:
    """The Clock port on the running loop's virtual time; `wall_jump_s` sets the wall clock off."""

    def __init__(self) -> None:
        self.wall_jump_s = 0.0

    def monotonic_s(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    def wall_s(self) -> float:
        """Seconds since the epoch."""
        return START_WALL_S + self.monotonic_s() + self.wall_jump_s


def virtually(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on virtual time."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
