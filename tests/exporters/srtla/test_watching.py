"""The passive source, over packets that are handed to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from exporters.catalog import SRTLA
from exporters.collecting import Clock
from exporters.srtla.capture import Counts
from exporters.srtla.model import Datagram, Role
from exporters.srtla.naming import parse_uplink
from exporters.srtla.watching import HORIZON_S, Watch
from tests.exporters.exposing import complaints, exposition
from tests.exporters.srtla import packets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporters.srtla.naming import Uplink

CLOCK = Clock(time.monotonic, time.time)


class Handed:
    """Packets that a test hands over; None is a socket that fails."""

    def __init__(self, *looks: list[Datagram] | None) -> None:
        self._looks = list(looks)
        self.closed = False

    def read(self) -> Iterator[Datagram]:
        """The next look's packets."""
        found = self._looks.pop(0) if self._looks else []
        if found is None:
            raise OSError(100, "Network is down")
        yield from found

    def count(self) -> Counts:
        """Two that passed, one that was dropped."""
        return Counts(2, 1)

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def watched(handed: Handed, uplinks: Sequence[Uplink], role: Role = Role.RECEIVER) -> Watch:
    """A watch over these packets."""
    return Watch(handed, role, lambda: uplinks)


async def page(watch: Watch, looks: int = 1) -> str:
    """What a scrape shows after so many looks."""
    source = watch.source()
    for _ in range(looks):
        await source.poll(CLOCK)
    return exposition(SRTLA, source.points("srtla", CLOCK.monotonic()))


async def test_packets_become_a_page() -> None:
    """Packets, the kernel's counts, and what the frame says of the source."""
    now_s = time.monotonic()
    handed = Handed([packets.up(now_s, packets.data(1)), packets.up(now_s, packets.data(2))])
    text = await page(watched(handed, [parse_uplink("verizon=198.51.100.7")]))

    assert 'srtla_uplink_receive_segments_total{uplink="verizon"} 2.0' in text
    assert "srtla_capture_datagrams_total 2.0" in text
    assert "srtla_capture_dropped_total 1.0" in text
    assert complaints(text) == ""


@pytest.mark.parametrize("role", list(Role))
async def test_the_senders_end_says_what_its_links_are_called(role: Role, caplog: pytest.LogCaptureFixture) -> None:
    """Once for each id, so that the receiver's end can be told; there the id is known, and nothing is said."""
    caplog.set_level("INFO")
    now_s = time.monotonic()
    said = [[packets.up(now_s, packets.keepalive("extended", connection=number))] for number in (7, 7, 9)]
    await page(watched(Handed(*said), [parse_uplink("verizon=198.51.100.7")], role), looks=3)

    told = [record.getMessage() for record in caplog.records if "calls it" in record.getMessage()]
    assert told == [
        f"uplink verizon: its sender calls it {number}; at the receiver: --uplink verizon=conn:{number}"
        for number in ((7, 9) if role is Role.SENDER else ())
    ]


async def test_failing_socket_is_told_and_survived() -> None:
    """A read that fails is a failure of the source; the next one goes on where it was."""
    now_s = time.monotonic()
    handed = Handed([packets.up(now_s, packets.data(1))], None, [packets.up(now_s, packets.data(2))])
    watch = watched(handed, [parse_uplink("verizon=198.51.100.7")])
    source = watch.source()
    success = []
    for _ in range(3):
        await source.poll(CLOCK)
        points = {point.metric: point.value for point in source.points("srtla", CLOCK.monotonic())}
        success.append(points["srtla_scrape_collector_success"])

    assert success == [1, 0, 1]
    assert points["srtla_uplink_receive_segments_total"] == 2


async def test_other_names_are_taken_up() -> None:
    """The names are asked for at each look."""
    names = [[parse_uplink("a=198.51.100.7")], [parse_uplink("b=198.51.100.7")]]
    current = names[:1]
    watch = Watch(Handed([packets.up(time.monotonic(), packets.data(1))]), Role.RECEIVER, lambda: current[0])
    await page(watch)
    current[0] = names[1]
    text = await page(watch)

    assert 'srtla_uplink_receive_segments_total{uplink="b"} 1.0' in text
    assert 'srtla_uplink_receive_segments_total{uplink="a"} 0.0' in text


async def test_interface_is_told_by_its_index() -> None:
    """Beside the sender the link is named by the interface that its packets leave through: loopback is number 1."""
    handed = Handed([packets.up(time.monotonic(), packets.data(1), interface=1)])
    text = await page(watched(handed, [parse_uplink("loop=lo")], Role.SENDER))

    assert 'srtla_uplink_transmit_segments_total{uplink="loop"} 1.0' in text
    assert 'srtla_uplink_info{interface="lo",keepalive="",uplink="loop"} 1.0' in text


async def test_ages_are_judged_where_all_is_known() -> None:
    """Packets that the kernel may still hold back are no silence: the moment of the picture is a little in the past."""
    made_s = time.monotonic()
    watch = watched(Handed([packets.up(made_s - 5, packets.data(1))]), [parse_uplink("verizon=198.51.100.7")])
    look = await watch.look()
    longest_s = 5 + time.monotonic() - made_s
    age_s = look.picture.uplinks[0].last_packet_age_s

    assert age_s is not None
    assert 5 - HORIZON_S - 1e-6 <= age_s <= longest_s - HORIZON_S + 1e-6


async def test_close_ends_the_capture() -> None:
    """The packet socket goes with the watch."""
    handed = Handed()
    await watched(handed, []).close()

    assert handed.closed
