"""The transport that carries the stream where two are configured: decided each tick, made so by the encoder."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from controller.decision.carrying import Carrying, Switching, carry, other, standing
from controller.decision.model import Transport
from controller.ports import ApplyResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from controller.decision.model import Series
    from controller.decision.policy import Ages
    from controller.journal import Journal
    from controller.ports import Clock

# An encoder that lost its setting at a reboot gets it back within this; reading it costs the unit one request.
LOOK_EVERY_S = 5.0


@runtime_checkable
class Redirected(Protocol):
    """An encoder driver that can be told where to publish."""

    async def publish_to(self, address: SecretStr) -> ApplyResult:
        """Publish to `address`; one that is set so already is left alone."""
        ...


class Carrier:
    """Decides which transport carries, and keeps the encoder publishing to its address."""

    def __init__(  # noqa: PLR0913 - what it drives, what it decides by and whom it tells
        self,
        encoder: Redirected,
        addresses: Mapping[Transport, SecretStr],
        *,
        ages: Ages,
        clock: Clock,
        journal: Journal,
        rules: Switching = Switching(),  # noqa: B008 (frozen)
    ) -> None:
        self.state = Carrying(Transport.MPTCP)
        self._encoder = encoder
        self._addresses = addresses
        self._ages, self._rules = ages, rules
        self._clock, self._journal = clock, journal
        self._switched = asyncio.Event()
        self._problem: str | None = None

    def look(self, at_s: float, series: tuple[Series, ...]) -> tuple[Transport, ...]:
        """The transport that the decision at `at_s` is about; a switch is told, and under way."""
        mine = self.state.carrier
        self.state, why = carry(
            self.state,
            at_s=at_s,
            carrier=standing(series, mine, at_s=at_s, ages=self._ages),
            standby=standing(series, other(mine), at_s=at_s, ages=self._ages),
            rules=self._rules,
        )
        if why is not None:
            self._journal.noticed(at_s=at_s, subject="transport", text=why.text)
            self._switched.set()
        return (self.state.carrier,)

    async def run(self) -> None:
        """Keep the encoder's address that of the carrier, until cancelled."""
        while True:
            self._switched.clear()
            carrier = self.state.carrier
            result = await self._encoder.publish_to(self._addresses[carrier])
            self._tell(carrier, result)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._switched.wait()

    def _tell(self, carrier: Transport, result: ApplyResult) -> None:
        problem = None if result.outcome is Outcome.APPLIED else f"not known to publish over {carrier}: {result.detail}"
        if problem != self._problem and problem is not None:
            self._journal.noticed(at_s=self._clock.wall_s(), subject="encoder", text=problem)
        self._problem = problem
