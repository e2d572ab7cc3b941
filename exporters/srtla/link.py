"""One link of a bond: what is counted and timed of it. Pure."""

from __future__ import annotations

from exporters.srtla.recent import RecentMin, RoundTrip
from exporters.srtla.tally import Tally
from exporters.srtla.wire import Keepalive

_JITTER_GAIN = 1 / 16  # RFC 3550, section 6.4.1
_OTHER_CLOCK_S = 10.0  # no queue holds a packet that long: the sender's clock was set anew
_LONGEST_GAP_S = 1.0  # ten packets at a rate below it carry no stream worth a verdict
_NAKS_AT_ONCE = 100_000  # a jump beyond what a second of any stream has is another sender's counter


class Link:
    """One pair of addresses that a sender uses; `peer` is the sender's end."""

    __slots__ = (
        "_last_transit_s",
        "_srtla_ack_s",
        "ack_gap_s",
        "acknowledged_s",
        "connection",
        "created_s",
        "down_s",
        "form",
        "group",
        "in_flight",
        "in_flight_bytes",
        "jitter_s",
        "keepalive_sent",
        "lowest_s",
        "naks",
        "peer",
        "rtt",
        "tally",
        "transit_low_s",
        "transit_s",
        "unanswered_s",
        "up_s",
        "uplink",
        "wanted_id",
        "window",
    )

    def __init__(self, peer: bytes, at_s: float, uplink: str | None) -> None:
        self.peer = peer
        self.uplink = uplink
        self.group: int | None = None
        self.wanted_id: int | None = None
        self.tally = Tally()
        self.created_s = self.up_s = at_s
        self.down_s: float | None = None
        self.acknowledged_s: float | None = None
        self.ack_gap_s: float | None = None  # between SRTLA ACKs, smoothed
        self._srtla_ack_s: float | None = None
        self.unanswered_s: float | None = None  # when the first packet went up since the last came down
        self.form = ""
        self.connection: int | None = None
        self.window: int | None = None
        self.in_flight: int | None = None
        self.in_flight_bytes = 0
        self.naks: int | None = None
        self.rtt = RoundTrip()
        self.keepalive_sent: tuple[float, bytes] | None = None
        self.jitter_s: float | None = None
        self.transit_s: float | None = None
        self.transit_low_s: float | None = None
        self.lowest_s = RecentMin(60)
        self._last_transit_s = 0.0

    def arrived(self, transit_s: float) -> None:
        """Take arrival time less SRT time stamp of a first transmission; its zero is the sender's own."""
        if self.transit_s is None or abs(transit_s - self.transit_s) > _OTHER_CLOCK_S:
            self.transit_s, self.jitter_s = transit_s, 0.0
            self.lowest_s.clear()
            self.transit_low_s = transit_s
        else:
            change = transit_s - self._last_transit_s
            self.jitter_s = (self.jitter_s or 0.0) + (abs(change) - (self.jitter_s or 0.0)) * _JITTER_GAIN
            self.transit_s += (transit_s - self.transit_s) / 16
            if self.transit_low_s is None or transit_s < self.transit_low_s:
                self.transit_low_s = transit_s
        self._last_transit_s = transit_s

    def settle(self, at_s: float) -> None:
        """Move the least transit since the last call into the memory of the last minute."""
        if self.transit_low_s is not None:
            self.lowest_s.add(at_s, self.transit_low_s)
            self.transit_low_s = None

    def reported(self, said: Keepalive, *, beside_sender: bool) -> None:
        """Take what an extended keepalive says; beside the sender, losses and flight are counted better."""
        self.window = said.window
        if not beside_sender:
            if self.naks is not None and 0 <= said.naks - self.naks <= _NAKS_AT_ONCE:
                self.tally.lost += said.naks - self.naks
            self.naks, self.in_flight = said.naks, said.in_flight

    def sent(self, length: int) -> None:
        """Take a data packet that leaves over the link."""
        self.in_flight_bytes += length
        self.in_flight = (self.in_flight or 0) + 1

    def acknowledged(self, at_s: float) -> None:
        """Take an SRTLA ACK, whatever it names."""
        if self._srtla_ack_s is not None:
            gap_s = min(at_s - self._srtla_ack_s, _LONGEST_GAP_S)
            self.ack_gap_s = gap_s if self.ack_gap_s is None else self.ack_gap_s + (gap_s - self.ack_gap_s) / 8
        self._srtla_ack_s = self.acknowledged_s = at_s

    def landed(self, length: int) -> None:
        """Take a data packet off what is in flight: it arrived, or is known to be lost."""
        self.in_flight_bytes = max(self.in_flight_bytes - length, 0)
        self.in_flight = max((self.in_flight or 0) - 1, 0)
