"""Where overrides are given and ended: one at a time, on disk first, told to the loop and to who waits."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.overriding.standing import Book, By, Standing, ordered

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.decision.model import Override
    from controller.journal import Journal
    from controller.overriding.file import BookFile
    from controller.ports import Clock

_log = logging.getLogger(__name__)


class NotKeptError(Exception):
    """The override cannot be written down, so it was not given; the message names the remedy."""


class OverrideDesk:
    """The overrides of one controller. Without a `file` they last as long as the process."""

    def __init__(self, *, clock: Clock, journal: Journal, file: BookFile | None = None) -> None:
        self.book = Book() if file is None else file.read()
        self.on_change: Callable[[], None] = lambda: None
        self._clock = clock
        self._journal = journal
        self._file = file
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._told_end = self.book.number
        self._ended = False

    def in_force(self) -> Standing | None:
        """The override that counts now; None when there is none."""
        return self.book.in_force(self._clock.wall_s())

    def for_decision(self) -> Override | None:
        """What the next decision must honour; tells the journal once when an override has run out."""
        standing = self.in_force()
        last = max((one for one in (self.book.hand, self.book.alert) if one), key=lambda one: one.number, default=None)
        if last is not None and last.number > self._told_end and not last.stands(self._clock.wall_s()):
            self._told_end = last.number
            self._notice(f"it has run out: {last.override.reason}")
        return None if standing is None else standing.override

    async def give(self, override: Override, *, by: By) -> Standing:
        """Put `override` in force in place of the last one by `by`.

        Raises:
            NotKeptError: it cannot be kept on disk.
        """
        async with self._one_at_a_time:
            number = self.book.number + 1
            standing = Standing(number=number, by=by, given_s=self._clock.wall_s(), override=override)
            await self._keep(_with(self.book, standing, by=by, number=number))
        left_s = override.until_s - standing.given_s
        self._notice(f"by {by} for {left_s:.0f} s: {', '.join(ordered(override))} ({override.reason})")
        return standing

    async def end(self, *, by: By) -> Standing | None:
        """End the override by `by`; the one that was in force, or None when none was.

        Raises:
            NotKeptError: the end cannot be kept on disk.
        """
        async with self._one_at_a_time:
            standing = self.book.of(by)
            if standing is None or not standing.stands(self._clock.wall_s()):
                return None
            self._told_end = self.book.number + 1
            await self._keep(_with(self.book, None, by=by, number=self.book.number + 1))
        self._notice(f"ended: {standing.override.reason}")
        return standing

    async def follow(self, override: Override | None, *, source: str, number: int) -> bool:
        """Take over what stands under `number` in the book called `source`; False where that was done already.

        Raises:
            NotKeptError: it cannot be kept on disk.
        """
        async with self._one_at_a_time:
            book = self.book
            if book.source == source and number == book.followed:
                return False
            own = book.number + 1
            standing = None if override is None else Standing(own, By.HAND, self._clock.wall_s(), override)
            had = book.hand is not None and book.hand.stands(self._clock.wall_s())
            self._told_end = max(self._told_end, own if standing is None else self._told_end)
            followed = replace(_with(book, standing, by=By.HAND, number=own), source=source, followed=number)
            await self._keep(followed)
        if override is not None:
            self._notice(f"from the other controller: {', '.join(ordered(override))} ({override.reason})")
        elif had:
            self._notice("ended by the other controller")
        return True

    async def changed_after(self, number: int, *, within_s: float) -> None:
        """Return once the book's number is above `number`, after `within_s` seconds, or at the end of us."""
        try:
            async with asyncio.timeout(within_s):
                while self.book.number <= number and not self._ended:
                    await self._changed.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """Let go who waits: the controller ends."""
        self._ended = True
        self._changed.set()

    async def _keep(self, book: Book) -> None:
        if self._file is not None:
            try:
                await asyncio.to_thread(self._file.write, book)
            except OSError as error:
                raise NotKeptError(
                    f"the override was not given: state_dir cannot be written ({error.strerror}); make room or rights"
                ) from None
        self.book = book
        self._changed.set()
        self._changed = asyncio.Event()
        self.on_change()

    def _notice(self, text: str) -> None:
        _log.info("override: %s", text)
        self._journal.noticed(at_s=self._clock.wall_s(), subject="override", text=text)


def _with(book: Book, standing: Standing | None, *, by: By, number: int) -> Book:
    if by is By.HAND:
        return replace(book, number=number, hand=standing)
    return replace(book, number=number, alert=standing)
