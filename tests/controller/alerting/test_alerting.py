"""Alerts become overrides and notices: once each, in whatever order they come."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.alerting.desk import QUEUED, AlertDesk
from controller.alerting.judging import REMEMBERED, Heard, Response, hear
from controller.alerting.payload import Alert, Notification
from controller.journal import Journal
from controller.overriding.desk import OverrideDesk
from controller.overriding.standing import By
from tests.fakes.clock import StandingClock


def alert(name: str, status: str = "firing", *, minute: int = 0, fingerprint: str = "", **labels: str) -> Alert:
    """An alert that began to fire at 10:`minute`."""
    return Alert.model_validate(
        {
            "status": status,
            "labels": {"alertname": name, "rig": "r1", **labels},
            "annotations": {"summary": "It is so."},
            "startsAt": f"2026-11-01T10:{minute:02}:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": fingerprint or name,
        }
    )


def notification(*alerts: Alert) -> Notification:
    """A notification of these."""
    return Notification(version="4", alerts=list(alerts))


class Bench:
    """An alert desk over an override desk."""

    def __init__(self) -> None:
        self.clock, self.journal = StandingClock(), Journal()
        self.overrides = OverrideDesk(clock=self.clock, journal=self.journal)
        self.alerts = AlertDesk(
            rig="r1",
            responses={"Gone": Response.EMERGENCY, "Stale": Response.HOLD, "Flap": Response.NOTICE},
            for_s=300.0,
            desk=self.overrides,
            clock=self.clock,
            journal=self.journal,
        )

    async def hears(self, *alerts: Alert) -> tuple[bool, bool] | None:
        """Emergency and hold as they stand after a notification of `alerts`; None without an override."""
        await self.alerts.work_off(notification(*alerts))
        override = self.overrides.for_decision()
        return None if override is None else (override.emergency, override.hold)

    @property
    def told(self) -> list[str]:
        """What the journal was told of alerts, oldest first."""
        return [event.text for event in reversed(self.journal.events()) if event.subject == "alert"]


async def test_an_alert_asks_and_its_end_ends_it() -> None:
    """Firing gives the configured override, resolved takes it away."""
    bench = Bench()

    assert await bench.hears(alert("Gone")) == (True, False)
    assert await bench.hears(alert("Gone", "resolved")) is None
    assert bench.told == ["Gone is firing: It is so.", "Gone is resolved: It is so."]


async def test_repeated_notifications_change_nothing() -> None:
    """The same firing again does not prolong its override, and is told once."""
    bench = Bench()
    await bench.hears(alert("Gone"))
    first = bench.overrides.in_force()
    bench.clock.advance(100.0)
    await bench.hears(alert("Gone"))
    again = bench.overrides.in_force()
    bench.clock.advance(200.0)

    assert again == first
    assert await bench.hears(alert("Gone")) is None
    assert bench.told == ["Gone is firing: It is so."]


async def test_a_late_firing_after_its_end_changes_nothing() -> None:
    """Notifications that overtook each other do not start what is over; a new firing does."""
    bench = Bench()

    assert await bench.hears(alert("Gone", "resolved", minute=5)) is None
    assert await bench.hears(alert("Gone", minute=5)) is None
    assert await bench.hears(alert("Gone", minute=4)) is None
    assert await bench.hears(alert("Gone", minute=6)) == (True, False)
    assert await bench.hears(alert("Gone", "resolved", minute=5)) == (True, False)


async def test_several_alerts_ask_together_and_end_one_by_one() -> None:
    """While one still fires, what it asks for stays."""
    bench = Bench()

    assert await bench.hears(alert("Gone"), alert("Stale"), alert("Flap")) == (True, True)
    assert await bench.hears(alert("Gone", "resolved")) == (False, True)
    assert await bench.hears(alert("Stale", "resolved")) is None


async def test_a_notice_orders_nothing() -> None:
    """It is told, and that is all."""
    bench = Bench()

    assert await bench.hears(alert("Flap")) is None
    assert bench.told == ["Flap is firing: It is so."]


async def test_alerts_of_other_rigs_and_unnamed_ones_are_passed_over() -> None:
    """Only what the configuration names, of this rig."""
    bench = Bench()

    assert await bench.hears(alert("Gone", rig="r2"), alert("Other")) is None
    assert bench.told == []


async def test_an_alert_does_not_touch_an_override_by_hand() -> None:
    """The hand's order stays, whatever alerts do."""
    bench = Bench()
    asked = hear(Heard({}), alert("Gone"), response=Response.HOLD, until_s=bench.clock.wall_s() + 60.0)
    assert asked is not None
    override = asked.asked(bench.clock.wall_s())
    assert override is not None
    by_hand = await bench.overrides.give(override, by=By.HAND)
    await bench.hears(alert("Gone"))
    await bench.hears(alert("Gone", "resolved"))

    assert bench.overrides.in_force() == by_hand


async def test_after_a_restart_the_end_of_an_alert_still_ends_its_override() -> None:
    """What the new process never heard to begin, it hears to end."""
    bench = Bench()
    await bench.hears(alert("Gone"))
    reborn = Bench()
    reborn.overrides.book = bench.overrides.book

    assert await reborn.hears(alert("Gone", "resolved")) is None


async def test_the_watchdog_is_seen() -> None:
    """The alert that always fires leaves its time, and no event."""
    bench = Bench()
    await bench.hears(alert("Watchdog"))

    assert bench.alerts.watchdog_seen_s == bench.clock.wall_s()
    assert bench.told == []


async def test_what_waits_is_worked_off_and_too_much_is_refused() -> None:
    """The queue is bounded; what was taken is done by the task."""
    bench = Bench()
    taken = [bench.alerts.take(notification(alert("Gone"))) for _ in range(QUEUED + 1)]
    working = asyncio.create_task(bench.alerts.run())
    for _ in range(1_000):
        if bench.overrides.in_force() is not None:
            break
        await asyncio.sleep(0)
    working.cancel()

    assert taken == [True] * QUEUED + [False]
    assert bench.overrides.in_force() is not None


@given(st.permutations(list(itertools.product(("firing", "resolved"), range(3)))), st.integers(0, 5))
def test_in_any_order_the_end_is_the_same(order: list[tuple[str, int]], repeated: int) -> None:
    """Three firings and their ends, shuffled and repeated: the newest has ended, so nothing is asked for."""
    heard = Heard({})
    for status, minute in [*order, *order[:repeated]]:
        heard = hear(heard, alert("Gone", status, minute=minute), response=Response.HOLD, until_s=1e12) or heard

    assert heard.asked(0.0) is None


def test_the_memory_is_bounded() -> None:
    """Alerts without number leave the newest ones known."""
    heard = Heard({})
    for number in range(REMEMBERED + 10):
        heard = hear(heard, alert("Gone", fingerprint=f"{number}"), response=Response.HOLD, until_s=9.0) or heard

    assert len(heard.alerts) == REMEMBERED
    assert next(iter(heard.alerts)) == "10"


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "5"},
        {"version": 4},
        {"version": None},
        {"alerts": None},
        {"alerts": [{}]},
        {"alerts": [{"status": "maybe", "labels": {}, "startsAt": "2026-11-01T10:00:00Z", "fingerprint": "f"}]},
        {"alerts": [{"status": "firing", "labels": {}, "startsAt": "yesterday", "fingerprint": "f"}]},
        {"alerts": [{"status": "firing", "labels": {"a": 1}, "startsAt": "2026-11-01T10:00:00Z", "fingerprint": "f"}]},
    ],
)
def test_other_versions_and_garbage_are_refused(changed: dict[str, Any]) -> None:
    """Only version 4 is understood, and only whole alerts."""
    document: dict[str, Any] = {"version": "4", "alerts": []}
    Notification.model_validate(document)

    with pytest.raises(ValueError, match=r"validation error"):
        Notification.model_validate({**document, **changed})
