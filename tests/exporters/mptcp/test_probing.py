"""Probes against a real responder: over loopback, and over emulated uplinks whose rate is known."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deploy.demo.link import Change
from deploy.demo.world import World
from exporters.mptcp import responder, train
from exporters.mptcp.probing import Prober, Settings, read_key
from exporters.mptcp.responder import Responder, listening
from exporters.mptcp.uplinks import Surroundings, parse_uplink, resolve
from exporters.serving import Listen, StartError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporters.mptcp.model import Probes

KEY = b"a key of at least sixteen bytes"
LOOP = resolve([parse_uplink("loop=127.0.0.1")], Surroundings({"lo": frozenset({"127.0.0.1"})}))


class Told:
    """Keeps what a prober reports."""

    def __init__(self) -> None:
        self.rates: dict[str, float] = {}

    def __call__(self, uplink: str, at_s: float, rate: float) -> None:
        """Take one result."""
        assert at_s > 0
        self.rates[uplink] = rate


def settings(port: int, *, key: bytes = KEY, budget: float = 1e6, host: str = "127.0.0.1") -> Settings:
    """Probing of a responder on this machine."""
    return Settings(host, port, key, budget)


@contextmanager
def responding() -> Iterator[int]:
    """A responder on the running loop; its port."""
    found = listening(Listen("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    loop.add_reader(found, Responder(found, KEY).read)
    try:
        yield found.getsockname()[1]
    finally:
        loop.remove_reader(found)
        found.close()


async def test_train_is_answered() -> None:
    """A probe is answered, its result is reported and counted, and its bytes are taken from the budget."""
    told = Told()
    with responding() as port:
        probes = await Prober(settings(port), ["loop"], told).probe(LOOP, {"loop": None})

    done = probes.uplinks["loop"]
    assert told.rates == {"loop": done.rate}
    assert (done.sent, done.failed, done.sent_bytes) == (1, 0, 8 * 1428)
    assert probes.budget_left_bytes == pytest.approx(1e6 - 8 * 1428, rel=0.01)


async def test_wrong_key_is_not_answered() -> None:
    """A responder with another key says nothing, and the probe counts as failed; no rate is invented."""
    told = Told()
    with responding() as port:
        other = replace(settings(port, key=b"another key of sixteen bytes"), answer_within_s=0.2)
        prober = Prober(other, ["loop"], told)
        probes = await prober.probe(LOOP, {"loop": None})

    assert told.rates == {}
    assert (probes.uplinks["loop"].sent, probes.uplinks["loop"].failed, probes.uplinks["loop"].rate) == (1, 1, None)


async def test_absent_responder_is_a_failed_probe(unused_udp_port: int) -> None:
    """Where nothing listens the probe fails, at once or at its deadline."""
    probes = await Prober(settings(unused_udp_port), ["loop"], Told()).probe(LOOP, {"loop": None})

    assert (probes.uplinks["loop"].sent, probes.uplinks["loop"].failed) == (1, 1)


@pytest.mark.parametrize("known", [{}, {"other": None}])
async def test_only_uplinks_with_room_are_probed(known: dict[str, float | None], unused_udp_port: int) -> None:
    """An uplink that is not to be probed is left alone."""
    probes = await Prober(settings(unused_udp_port), ["loop"], Told()).probe(LOOP, known)

    assert probes.uplinks["loop"].sent == 0


async def test_uplink_without_a_fitting_address_is_left_alone(unused_udp_port: int) -> None:
    """An uplink without an address, or with one of another family than the responder's, is not probed."""
    gone = resolve([parse_uplink("loop=wwan7")], Surroundings())
    prober = Prober(settings(unused_udp_port, host="::1"), ["loop"], Told())

    assert (await prober.probe(gone, {"loop": None})).uplinks["loop"].sent == 0
    assert (await prober.probe(LOOP, {"loop": None})).uplinks["loop"].sent == 0


async def test_budget_ends_probing() -> None:
    """When the budget is spent no further train is sent."""
    with responding() as port:
        prober = Prober(settings(port, budget=8 * 1428 + 1), ["loop"], Told())
        await prober.probe(LOOP, {"loop": None})
        probes = await prober.probe(LOOP, {"loop": None})

    assert probes.uplinks["loop"].sent == 1


async def test_incomplete_train_is_answered_by_the_sweep() -> None:
    """A train whose tail was lost is answered from what came, to its sender."""
    with (
        listening(Listen("127.0.0.1", 0)) as found,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rig,
    ):
        answering = Responder(found, KEY)
        rig.bind(("127.0.0.1", 0))
        rig.settimeout(5)
        for packet in list(train.packets(b"12345678", 8, KEY))[:5]:
            rig.sendto(packet, found.getsockname())
        async with asyncio.timeout(10):
            report = None
            while report is None:
                answering.read()
                answering.sweep()
                await asyncio.sleep(0.05)
                rig.settimeout(0.01)
                try:
                    report = train.read_report(rig.recv(2048), KEY)
                except TimeoutError:
                    continue

    assert report.received == 5


def test_responder_is_refused_a_foreign_address() -> None:
    """An address that this machine does not have is told by name."""
    with pytest.raises(StartError, match=r"cannot listen on 203\.0\.113\.9:5/udp: Cannot assign requested address"):
        listening(Listen("203.0.113.9", 5))


def test_key_file_is_read_or_refused(tmp_path: Path) -> None:
    """A missing or short key file is refused by name, with the remedy."""
    (tmp_path / "key").write_bytes(KEY + b"\n")
    (tmp_path / "short").write_bytes(b"short\n")

    assert read_key(str(tmp_path / "key")) == KEY
    with pytest.raises(ValueError, match=r"cannot read the key .*: No such file or directory; make one with openssl"):
        read_key(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="short has fewer than 16 bytes; make one with openssl rand -hex 32"):
        read_key(str(tmp_path / "short"))


@pytest.mark.root
def test_idle_uplinks_show_their_rate(tmp_path: Path) -> None:
    """Over two idle emulated uplinks of 8 and 2 Mbit/s the trains show their rates, within a fifth (medians of 5)."""
    (tmp_path / "key").write_bytes(KEY)
    with World() as world:
        world.control.set("verizon", Change(rate_bps=8e6))
        world.control.set("att", Change(rate_bps=2e6))
        argv = [sys.executable, "-m", responder.__name__, "--key-file", str(tmp_path / "key")]
        answering = subprocess.Popen(
            world.vps.command([*argv, "--listen", f"{world.server}:8446"]), stderr=subprocess.PIPE, text=True
        )
        assert answering.stderr is not None
        assert "answering trains on 203.0.113.1:8446/udp" in answering.stderr.readline()
        found = [world.pi.call(lambda: asyncio.run(_probe(world))) for _ in range(5)]
        answering.terminate()
        assert answering.communicate(timeout=10)[1] == ""
        assert answering.returncode == 0

    for name, rate in (("verizon", 8e6), ("att", 2e6)):
        seen = sorted(probes.uplinks[name].rate or 0 for probes in found)
        assert seen[2] == pytest.approx(rate / 8 * train.PAYLOAD_SHARE, rel=0.2)


async def _probe(world: World) -> Probes:
    around = Surroundings({uplink.name: frozenset({uplink.address}) for uplink in world.uplinks})
    uplinks = resolve([parse_uplink(f"{uplink.name}={uplink.name}") for uplink in world.uplinks], around)
    names = [uplink.name for uplink in world.uplinks]
    return await Prober(settings(8446, host=world.server), names, Told()).probe(
        uplinks, dict.fromkeys(names, 250_000.0)
    )
