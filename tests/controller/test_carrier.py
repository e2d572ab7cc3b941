"""The transport that carries, as the encoder hears of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pydantic import SecretStr

from controller.carrier import LOOK_EVERY_S, Carrier
from controller.decision.model import Sample, Series, Transport
from controller.decision.policy import Ages
from controller.journal import Journal
from controller.ports import ApplyResult, Outcome
from tests.fakes.virtual_time import VirtualClock, virtually

ADDRESSES = {Transport.MPTCP: SecretStr("rtmp://a/live/k3y"), Transport.SRTLA: SecretStr("srt://b")}


class Redirectable:
    """An encoder that remembers where it was told to publish; `refuses` says how it answers."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.refuses = False

    async def publish_to(self, address: SecretStr) -> ApplyResult:
        """Remember it."""
        self.told.append(address.get_secret_value())
        return ApplyResult(Outcome.REFUSED if self.refuses else Outcome.APPLIED, "as told")


def window(now_s: float, *, delivers: bool) -> tuple[Series, ...]:
    """MPTCP that delivers or not; SRTLA standing by, its uplink heard."""
    at = [now_s - age for age in (4.0, 3.0, 2.0, 1.0, 0.1)]
    grows = [1_000.0 * number if delivers else 7.0 for number in range(len(at))]
    labels = (("site", "edge"),)
    return (
        Series("mptcp_connection_acknowledged_bytes_total", labels, tuple(map(Sample, at, grows))),
        Series(
            "srtla_uplink_last_packet_age_seconds",
            (*labels, ("uplink", "att")),
            tuple(Sample(t_s, 0.2) for t_s in at),
        ),
    )


@virtually
async def test_a_switch_reaches_the_encoder_and_the_journal() -> None:
    """The encoder publishes to the carrier's address, hears of a switch at once, and is looked after."""
    encoder, clock = Redirectable(), VirtualClock()
    journal = Journal()
    carrier = Carrier(encoder, ADDRESSES, ages=Ages(), clock=clock, journal=journal)
    running = asyncio.ensure_future(carrier.run())
    for _ in range(8):
        now_s = clock.wall_s()
        carrier.look(now_s, window(now_s, delivers=False))
        await asyncio.sleep(1.0)
    assert carrier.look(clock.wall_s(), ()) == (Transport.SRTLA,)
    await asyncio.sleep(2 * LOOK_EVERY_S)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    assert encoder.told[:2] == ["rtmp://a/live/k3y"] * 2
    assert encoder.told[2:] == ["srt://b"] * len(encoder.told[2:])
    assert len(encoder.told) >= 5
    told = [one.text for one in journal.events() if one.subject == "transport"]
    assert told == ["MPTCP has delivered nothing for 6 s: over to SRTLA, whose uplinks answer."]


@virtually
async def test_a_refusal_is_told_once() -> None:
    """What the encoder does not do is told when it is new, without the address."""
    encoder, clock = Redirectable(), VirtualClock()
    encoder.refuses = True
    journal = Journal()
    carrier = Carrier(encoder, ADDRESSES, ages=Ages(), clock=clock, journal=journal)
    running = asyncio.ensure_future(carrier.run())
    await asyncio.sleep(4 * LOOK_EVERY_S)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    told = [one.text for one in journal.events()]
    assert told == ["not known to publish over mptcp: as told"]
    assert len(encoder.told) > 2
