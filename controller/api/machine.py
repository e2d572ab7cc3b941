"""`/api/state-machine`: what each device still owes, and a way to have it tried again now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.api.access import Scope
from controller.api.views import View

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face


class PendingView(View):
    """One device. Seconds are from now; null is not pending, or unknown."""

    device: str
    confirmed: bool | None
    in_flight: bool
    failed_in_a_row: int
    next_try_s: float | None
    by_hand_for_s: float | None
    refusal: str | None


class RetryView(View):
    """Every driven device."""

    devices: list[PendingView]


def retry_view(face: Face) -> RetryView:
    """What is pending now."""
    now_s = face.clock.monotonic_s()
    return RetryView(
        devices=[
            PendingView(
                device=one.name,
                confirmed=one.confirmed,
                in_flight=one.in_flight,
                failed_in_a_row=one.memory.failures,
                next_try_s=max(0.0, one.memory.next_write_s - now_s) if one.confirmed is False else None,
                by_hand_for_s=_left_s(one.memory.hands_off_until_s, now_s),
                refusal=one.memory.refusal,
            )
            for one in face.reconcilers
        ]
    )


def _left_s(until_s: float | None, now_s: float) -> float | None:
    return until_s - now_s if until_s is not None and until_s > now_s else None


def add_machine(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""

    @app.get("/api/state-machine/retry-status", dependencies=face.needs(Scope.READ))
    async def pending() -> RetryView:
        """Changes that no device has confirmed yet, and when they are tried again."""
        return retry_view(face)

    @app.post("/api/state-machine/reset-retry", dependencies=face.needs(Scope.CONTROL))
    async def again() -> RetryView:
        """Try everything now: waits after failures end, and so does the respect for changes by hand."""
        for one in face.reconcilers:
            one.retry_now()
        return retry_view(face)
