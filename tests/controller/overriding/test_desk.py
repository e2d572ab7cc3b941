"""Giving and ending overrides: on disk first, told once, never lost, never two at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from controller.decision.model import Override, Quality
from controller.journal import Journal
from controller.overriding.desk import NotKeptError, OverrideDesk
from controller.overriding.file import BookFile
from controller.overriding.standing import Book, By
from tests.fakes.clock import StandingClock

if TYPE_CHECKING:
    from pathlib import Path


class Bench:
    """A desk with its clock and journal, over the state directory `directory` where one is given."""

    def __init__(self, directory: Path | None = None) -> None:
        self.clock, self.journal = StandingClock(), Journal()
        self.desk = OverrideDesk(
            clock=self.clock, journal=self.journal, file=None if directory is None else BookFile(directory)
        )

    def order(self, *, for_s: float = 600.0, reason: str = "tunnel", state: Quality = Quality.LOW) -> Override:
        """An override from now on."""
        return Override(until_s=self.clock.wall_s() + for_s, reason=reason, state=state)

    @property
    def told(self) -> list[str]:
        """What the journal was told, oldest first."""
        return [event.text for event in reversed(self.journal.events())]


async def test_an_override_counts_until_its_end_and_its_end_is_told_once() -> None:
    """It is in force at once, gone at its end, and the journal has one line for each."""
    bench = Bench()
    override = bench.order(for_s=60.0)
    await bench.desk.give(override, by=By.HAND)
    during = bench.desk.for_decision()
    bench.clock.advance(60.0)
    after = [bench.desk.for_decision() for _ in range(3)]

    assert during == override
    assert after == [None] * 3
    assert bench.told == ["by hand for 60 s: state LOW (tunnel)", "it has run out: tunnel"]


async def test_a_second_override_by_hand_replaces_the_first() -> None:
    """The newest wins, and its number is higher."""
    bench = Bench()
    first = await bench.desk.give(bench.order(), by=By.HAND)
    second = await bench.desk.give(bench.order(state=Quality.HIGH), by=By.HAND)

    assert bench.desk.in_force() == second
    assert second.number > first.number


async def test_ending_ends_and_ending_nothing_changes_nothing() -> None:
    """An end takes the override away for good; without one there is nothing to tell."""
    bench = Bench()
    await bench.desk.give(bench.order(), by=By.HAND)
    ended = await bench.desk.end(by=By.HAND)
    number = bench.desk.book.number

    assert ended is not None
    assert bench.desk.for_decision() is None
    assert await bench.desk.end(by=By.HAND) is None
    assert bench.desk.book.number == number
    assert bench.told == ["by hand for 600 s: state LOW (tunnel)", "ended: tunnel"]


async def test_an_override_survives_the_process(tmp_path: Path) -> None:
    """Another desk over the same directory has it, with its number and its end."""
    bench = Bench(tmp_path)
    given = await bench.desk.give(bench.order(), by=By.HAND)
    again = Bench(tmp_path)

    assert again.desk.in_force() == given
    assert again.desk.book == bench.desk.book


async def test_what_cannot_be_kept_is_not_given(tmp_path: Path) -> None:
    """Nobody is told that an override counts which a crash would take away."""
    bench = Bench(tmp_path / "missing")
    with pytest.raises(NotKeptError, match="state_dir cannot be written"):
        await bench.desk.give(bench.order(), by=By.HAND)

    assert bench.desk.in_force() is None
    assert bench.desk.book == Book()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b'{"number": -1, "source": "", "followed": 0}'])
async def test_a_damaged_book_is_an_empty_one(tmp_path: Path, damage: bytes) -> None:
    """A controller starts without overrides rather than not at all."""
    (tmp_path / "overrides.json").write_bytes(damage)

    assert Bench(tmp_path).desk.book == Book()


async def test_many_at_once_have_numbers_of_their_own(tmp_path: Path) -> None:
    """Orders that come together are written one after the other."""
    bench = Bench(tmp_path)
    given = await asyncio.gather(*(bench.desk.give(bench.order(), by=By.HAND) for _ in range(8)))

    assert sorted(one.number for one in given) == list(range(1, 9))
    assert BookFile(tmp_path).read() == bench.desk.book


async def test_who_waits_is_told_of_a_change() -> None:
    """Waiting ends with the next number, and by itself after its time."""
    bench = Bench()
    waiting = asyncio.create_task(bench.desk.changed_after(0, within_s=30.0))
    await asyncio.sleep(0)
    await bench.desk.give(bench.order(), by=By.HAND)
    async with asyncio.timeout(5.0):
        await waiting
        await bench.desk.changed_after(0, within_s=30.0)
        await bench.desk.changed_after(1, within_s=0.01)


async def test_who_waits_is_let_go_at_the_end() -> None:
    """A waiting question does not hold up the end of the controller."""
    bench = Bench()
    waiting = asyncio.create_task(bench.desk.changed_after(0, within_s=3_600.0))
    await asyncio.sleep(0)
    bench.desk.close()
    async with asyncio.timeout(5.0):
        await waiting


async def test_what_another_book_says_is_taken_over_once() -> None:
    """A number of the other book counts once; a new book counts from its beginning."""
    bench = Bench()
    override = bench.order()

    assert await bench.desk.follow(override, source="vps-1", number=5)
    assert not await bench.desk.follow(None, source="vps-1", number=5)
    assert bench.desk.for_decision() == override
    assert await bench.desk.follow(None, source="vps-1", number=6)
    assert bench.desk.for_decision() is None
    assert await bench.desk.follow(override, source="vps-2", number=1)
    assert bench.desk.for_decision() == override


async def test_the_loop_is_told_at_once() -> None:
    """A change does not wait for the next period."""
    bench = Bench()
    calls: list[int] = []
    bench.desk.on_change = lambda: calls.append(1)
    await bench.desk.give(bench.order(), by=By.HAND)
    await bench.desk.end(by=By.HAND)

    assert len(calls) == 2
