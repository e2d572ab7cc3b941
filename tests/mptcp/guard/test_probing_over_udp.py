"""Prober and responder, over loopback."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mptcp.guard.prober import LATEST_S, Prober, Way
from mptcp.guard.responder import Echo
from mptcp.guard.train import PATIENCE_S, PROBES
from mptcp.guard.wire import Datagram, Kind, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = b"0123456789abcdef"
LOOPBACK = Way("att", "127.0.0.1", "lo")


@asynccontextmanager
async def _responder(key: bytes = KEY, per_second: int = 200) -> AsyncIterator[tuple[str, int]]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Echo(key, per_second), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")
    finally:
        transport.close()


@asynccontextmanager
async def _prober(address: tuple[str, int], *ways: Way, key: bytes = KEY) -> AsyncIterator[Prober]:
    prober = Prober(address, key)
    await prober.use(ways)
    try:
        yield prober
    finally:
        prober.close()


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _settle() -> None:
    """Longer than loopback needs, both ways."""
    await asyncio.sleep(0.2)


async def test_probe_is_answered_once() -> None:
    """The answer names uplink and time of sending, and is handed out once."""
    async with _responder() as address, _prober(address, LOOPBACK) as prober:
        sent_s = _now_s()
        prober.send("att", sent_s)
        await _settle()

        (answer,) = prober.answers()
        assert (answer.uplink, answer.sent_s) == ("att", sent_s)
        assert 0 < answer.rtt_s < 1
        assert prober.answers() == ()
        assert (prober.sent, prober.answered) == ({"att": 1}, {"att": 1})


async def test_another_key_gets_no_answer() -> None:
    """The responder is silent to strangers."""
    async with _responder(b"another key of 16") as address, _prober(address, LOOPBACK) as prober:
        prober.send("att", _now_s())
        await _settle()

        assert prober.answers() == ()
        assert (prober.sent, prober.answered) == ({"att": 1}, {})


async def test_uplink_without_address_loses_its_probes() -> None:
    """They count as sent, and nothing raises."""
    async with _responder() as address, _prober(address, Way("att", "192.0.2.1", "lo")) as prober:
        prober.send("att", _now_s())
        await _settle()

        assert prober.answers() == ()
        assert prober.sent == {"att": 1}


async def test_socket_follows_the_way() -> None:
    """A new address is taken up at the next use; one that is not wanted any more is closed."""
    async with _responder() as address, _prober(address, Way("att", "192.0.2.1", "lo")) as prober:
        await prober.use([LOOPBACK])
        prober.send("att", _now_s())
        await _settle()
        assert len(prober.answers()) == 1

        await prober.use([])
        prober.send("att", _now_s())
        await _settle()
        assert prober.answers() == ()


async def test_forged_and_repeated_echoes_are_not_taken() -> None:
    """Only the first echo of a probe of this session counts."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as fake:
        fake.bind(("127.0.0.1", 0))
        fake.setblocking(False)  # noqa: FBT003 - the standard library's signature
        async with _prober(fake.getsockname(), LOOPBACK) as prober:
            prober.send("att", _now_s())
            data, sender = await loop.sock_recvfrom(fake, 100)
            session = int.from_bytes(data[8:16], "big")
            await loop.sock_sendto(fake, data, sender)  # the probe itself
            await loop.sock_sendto(fake, encode(Datagram(Kind.ECHO, session ^ 1, 1), KEY), sender)
            await loop.sock_sendto(fake, b"noise", sender)
            await _settle()
            assert prober.answers() == ()

            good = encode(Datagram(Kind.ECHO, session, 1), KEY)
            await loop.sock_sendto(fake, good, sender)
            await loop.sock_sendto(fake, good, sender)
            await _settle()
            assert len(prober.answers()) == 1


async def test_very_late_echo_is_not_taken() -> None:
    """It says nothing of the path as it is now; the next probe forgets it."""
    async with _responder() as address, _prober(address, LOOPBACK) as prober:
        start_s = _now_s()
        prober.send("att", start_s)
        prober.send("att", start_s + LATEST_S)
        await _settle()

        assert [answer.sent_s for answer in prober.answers()] == [start_s + LATEST_S]


async def test_responder_limits_what_it_answers() -> None:
    """A flood of copied probes is answered no faster than ten rigs in trouble would be."""
    async with _responder(per_second=5) as address, _prober(address, LOOPBACK) as prober:
        for number in range(20):
            prober.send("att", _now_s() + number / 1e6)
        await _settle()

        assert len(prober.answers()) in {5, 10}  # 10 when the second turned in between


async def test_train_is_weighed_when_all_of_it_is_back() -> None:
    """Loopback is fast; each of its probes is counted, and none is an answer."""
    async with _responder() as address, _prober(address, LOOPBACK) as prober:
        sent_s = _now_s()
        prober.send_train("att", sent_s)
        assert prober.weighed(sent_s) == ()
        await _settle()

        (weighed,) = prober.weighed(_now_s())
        assert (weighed.uplink, weighed.sent_s) == ("att", sent_s)
        assert weighed.rate > 100_000
        assert prober.weighed(_now_s()) == ()
        assert prober.answers() == ()
        assert prober.sent == prober.answered == {"att": PROBES}


async def test_train_that_cannot_be_sent_weighs_nothing() -> None:
    """An uplink without its address shows nothing, after the time that is given to any."""
    async with _responder() as address, _prober(address, Way("att", "192.0.2.1", "lo")) as prober:
        sent_s = _now_s()
        prober.send_train("att", sent_s)
        await _settle()

        assert prober.weighed(sent_s + PATIENCE_S - 0.1) == ()
        assert prober.weighed(sent_s + PATIENCE_S)[0].rate == 0.0


async def test_ipv6_uplink_is_probed_from_its_ipv6_address() -> None:
    """The socket's family is the address's; the responder's decides which addresses can be used."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Echo(KEY, 200), local_addr=("::1", 0)
    )
    address = transport.get_extra_info("sockname")[:2]
    async with _prober(address, Way("att", "::1", "lo")) as prober:
        prober.send("att", _now_s())
        await _settle()

        assert prober.family is socket.AF_INET6
        assert len(prober.answers()) == 1
    transport.close()
