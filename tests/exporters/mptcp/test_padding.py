"""Padding: how much, when it ends, what it says, and a real one over an emulated uplink."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.link import Change
from deploy.demo.world import Uplink, World
from exporters.mptcp import padding, responder
from exporters.mptcp.padding import DATAGRAM, LEAST_RATE, Padding, Way
from exporters.mptcp.probing import Prober, Settings
from exporters.mptcp.responder import Responder, listening
from exporters.mptcp.train import Report
from exporters.mptcp.uplinks import Surroundings, parse_uplink, resolve
from exporters.serving import Listen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exporters.mptcp.model import Probed

KEY = b"a key of at least sixteen bytes"
RATES = st.floats(1e3, 1e7)
TRAIN = b"12345678"


class Streaming:
    """A stream of a steady rate; with no room once `ends_at_s` has passed."""

    def __init__(self, rate: float = 50_000.0, *, room_for_s: float = 1e9) -> None:
        self._rate = rate
        self._room_until_s = time.monotonic() + room_for_s
        self.told: list[float] = []

    def carried(self, uplink: str) -> tuple[float, float] | None:
        """The clock's own count."""
        assert uplink == "loop"
        now_s = time.monotonic()
        return now_s, now_s * self._rate

    def with_room(self) -> Mapping[str, float | None]:
        """The one uplink, unless there is no room any more."""
        return {"loop": None} if time.monotonic() < self._room_until_s else {}

    def padded(self, uplink: str, at_s: float, rate: float) -> None:
        """Keep the result."""
        assert (uplink, at_s > 0) == ("loop", True)
        self.told.append(rate)


@given(RATES, RATES | st.none(), RATES | st.none(), st.floats(0, 1e7))
def test_padding_never_exceeds_what_is_wanted_nor_what_was_shown(
    wanted: float, known: float | None, shown: float | None, streaming: float
) -> None:
    """Together with the stream it stays within both; nothing is sent where nothing can be proved."""
    rate = padding.plan(wanted=wanted, known=known, shown=shown, streaming=streaming)

    if rate is not None:
        assert shown is not None
        assert LEAST_RATE <= rate <= min(wanted, shown) - streaming
        assert (known or 0) < wanted


@pytest.mark.parametrize(
    ("known", "shown", "streaming", "rate"),
    [
        (None, 600_000, 75_000, 425_000),
        (100_000, 300_000, 75_000, 225_000),
        (500_000, 600_000, 75_000, None),
        (None, None, 75_000, None),
        (None, 100_000, 80_000, None),
        (None, 600_000, 490_000, None),
    ],
    ids=["up to the wanted", "up to the shown", "known already", "no train", "no room", "large stream"],
)
def test_plan(known: float | None, shown: float | None, streaming: float, rate: float | None) -> None:
    """500 kB/s are wanted."""
    assert padding.plan(wanted=500_000, known=known, shown=shown, streaming=streaming) == rate


@given(st.floats(LEAST_RATE, 1e7))
def test_trains_last_a_second_and_none_outlasts_patience(rate: float) -> None:
    """The responder answers a train half a second after its beginning, complete or not."""
    number, count = padding.trains(rate)

    assert 8 <= count <= 24
    assert count * DATAGRAM / rate < 0.5
    assert 1.0 <= number * count * DATAGRAM / rate < 1.5


def test_lost_or_late_datagrams_tell_of_a_full_uplink() -> None:
    """A train that lost one, or came a fifth slower than it was sent."""
    sent = 10 * DATAGRAM * 1e9

    assert padding.full(Report(TRAIN, 10, int(sent / 1e5)), 11, 1e5)
    assert padding.full(Report(TRAIN, 11, int(sent / 0.79e5)), 11, 1e5)
    assert not padding.full(Report(TRAIN, 11, int(sent / 0.85e5)), 11, 1e5)


def test_what_was_carried_is_never_more_than_was_sent() -> None:
    """Bunched arrivals count as sent; slow ones lower the result; half a second must have been answered."""

    def reports(number: int, rate: float) -> list[Report]:
        return [Report(TRAIN, 11, int(10 * DATAGRAM * 1e9 / rate))] * number

    assert padding.carried(reports(10, 2e5), 1e5) == 1e5
    assert padding.carried(reports(10, 0.9e5), 1e5) == pytest.approx(0.9e5)
    assert padding.carried(reports(3, 1e5), 1e5) is None
    assert padding.carried([], 1e5) is None


async def _pad(stream: Streaming, wanted: float, *, hour: float = 1e9) -> Probed:
    found = listening(Listen("127.0.0.1", 0))
    answering, loop = Responder(found, KEY), asyncio.get_running_loop()
    loop.add_reader(found, answering.read)
    settings = Settings("127.0.0.1", found.getsockname()[1], KEY, hour, pad_to=wanted)
    uplinks = resolve([parse_uplink("loop=127.0.0.1")], Surroundings({"lo": frozenset({"127.0.0.1"})}))
    try:
        prober = Prober(settings, ["loop"], lambda *_: None, stream)
        return (await prober.probe(uplinks, {"loop": None})).uplinks["loop"]
    finally:
        loop.remove_reader(found)
        found.close()


async def test_stream_and_padding_together_are_told() -> None:
    """50 kB/s of stream are topped up to 300 kB/s, and that is what was carried; its bytes are counted."""
    stream = Streaming(50_000)
    done = await _pad(stream, 300_000)

    assert (done.paddings, [done.padded_rate]) == (1, stream.told)
    assert 150_000 < (done.padded_rate or 0.0) < 310_000  # less on a machine that is too busy to send it in time
    assert done.sent_bytes == pytest.approx(8 * 1428 + 250_000, rel=0.15)


async def test_padding_ends_when_the_room_does() -> None:
    """A queue, a dead uplink: whatever takes the room away ends the padding, and nothing is claimed."""
    stream = Streaming(50_000, room_for_s=padding.LOOK_S + 0.25)
    done = await _pad(stream, 300_000)

    assert stream.told == []
    assert (done.paddings, done.padded_rate) == (1, None)
    assert done.sent_bytes < 150_000


async def test_padding_leaves_half_of_the_budget_to_the_trains() -> None:
    """An hour's padding does not end the probing."""
    stream = Streaming(50_000)
    done = await _pad(stream, 300_000, hour=100_000)

    assert done.sent_bytes <= 50_000
    assert stream.told == []


async def test_uplink_that_cannot_be_sent_from_is_no_error(unused_udp_port: int) -> None:
    """Where the address has gone the padding fails as a train does: OSError, which the prober takes."""
    lost = Padding(Streaming(), 300_000, lambda _: True)

    with pytest.raises(OSError, match="Cannot assign requested address"):
        await lost.pad("loop", Way("203.0.113.9", ("127.0.0.1", unused_udp_port), KEY), 1e6)


@pytest.mark.root
def test_padding_of_emulated_uplinks_shows_what_they_carry(tmp_path: Path) -> None:
    """2 Mbit/s are wanted: of 4 they are shown; of 1 no more than that is ever claimed."""
    (tmp_path / "key").write_bytes(KEY)
    with World() as world:
        command = [sys.executable, "-m", responder.__name__, "--key-file", str(tmp_path / "key")]
        command += ["--listen", f"{world.server}:8446"]
        answering = subprocess.Popen(world.vps.command(command), stderr=subprocess.PIPE, text=True)
        assert answering.stderr is not None
        answering.stderr.readline()
        world.control.set("verizon", Change(rate_bps=4e6))
        world.control.set("att", Change(rate_bps=1e6))
        wide, narrow = world.pi.call(lambda: asyncio.run(_pad_both(world)))
        answering.terminate()
        answering.communicate(timeout=10)

    assert 150_000 < (wide.padded_rate or 0.0) < 260_000
    assert (narrow.padded_rate or 0.0) <= 1.1 * 125_000


async def _pad_both(world: World) -> list[Probed]:
    return await asyncio.gather(*(_pad_emulated(world, uplink) for uplink in world.uplinks))


async def _pad_emulated(world: World, uplink: Uplink) -> Probed:
    settings = Settings(world.server, 8446, KEY, 1e9, pad_to=250_000)
    around = Surroundings({uplink.name: frozenset({uplink.address})})
    prober = Prober(settings, ["loop"], lambda *_: None, Streaming(0.0))
    return (await prober.probe(resolve([parse_uplink(f"loop={uplink.name}")], around), {"loop": None})).uplinks["loop"]
