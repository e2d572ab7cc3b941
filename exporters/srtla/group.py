"""One bond: the links that a sender registered together, and the SRT stream on them. Pure."""

from __future__ import annotations

from exporters.srtla.model import Role
from exporters.srtla.received import Received
from exporters.srtla.recent import Once
from exporters.srtla.sent import Sent
from exporters.srtla.wire import Acknowledgement, ahead

_ACKS = 256  # full ACKs go out every 10 ms: 2.5 s of them
_DROP_AT_ONCE = 100_000
_IDLE_S = 15.0  # the longest link timeout of the receivers in use
_WAITING_S = 60.0  # a black-out that SRT is told to bear: what was sent before still waits to be acknowledged


class Group:
    """A bond. It is known by the destination socket of its data, and by its id when that was seen.

    Anybody can send data to a public port; a bond is `answered` once the far end has acknowledged some.
    """

    def __init__(self, number: int, role: Role, at_s: float) -> None:
        self.number = number
        self.role = role
        self.registered: int | None = None
        self.socket: int | None = None
        self.active_s = at_s
        self.answered = False
        self.received: Received | None = None
        self.sent: Sent | None = None
        self.naks = self.dropped = 0
        self.rtt_s: float | None = None
        self.rtt_variation_s: float | None = None
        self._past = [0] * 7
        self._once = Once(512)
        self._acks: dict[int, float] = {}

    def in_use(self, at_s: float) -> bool:
        """Whether data went over it lately, or still waits for the far end's word."""
        if not self.answered and self.role is Role.RECEIVER:
            return False
        waits = self.sent is not None and self.sent.backlog_bytes > 0
        return at_s - self.active_s <= (_WAITING_S if waits else _IDLE_S)

    def carries(self, socket: int) -> None:
        """Take the destination socket of a data packet; another one is another SRT connection."""
        if socket == self.socket:
            return
        self._past = list(self.counts())
        self.naks = self.dropped = 0
        self.socket = socket
        self.rtt_s = self.rtt_variation_s = None
        self._acks.clear()
        if self.role is Role.RECEIVER:
            self.received = Received()
        else:
            self.sent = Sent()

    def counts(self) -> tuple[int, ...]:
        """Bytes end to end, and numbers gone through, lost, given up, missing; NAKs, keyframes; over all connections.

        Given up are those that the sender says so of, missing those that the receiver went on without.
        """
        stream = self.received or self.sent
        now = (0, 0, 0) if stream is None else (_bytes(stream), stream.expected, stream.lost)
        missing = 0 if self.received is None else self.received.missing
        keyframes = 0 if self.received is None else self.received.wholeness.keyframes
        return tuple(map(sum, zip(self._past, (*now, self.dropped, missing, self.naks, keyframes), strict=True)))

    def first_copy(self, head: bytes) -> bool:
        """Whether a control packet is new: receivers send some on all links at once."""
        return self._once.first(head)

    def acknowledgement(self, at_s: float, ack: Acknowledgement) -> None:
        """Take an SRT ACK on its way to the sender."""
        self.answered = True
        if ack.rtt_s is not None:
            self.rtt_s, self.rtt_variation_s = ack.rtt_s, ack.rtt_variation_s
        if self.role is Role.SENDER:
            if self.sent is not None:
                self.sent.acknowledged(at_s, ack.following)
            return
        if self.received is not None:
            self.received.passed(ack.following, at_s)
        if ack.number and ack.number not in self._acks:
            if len(self._acks) >= _ACKS:
                del self._acks[next(iter(self._acks))]
            self._acks[ack.number] = at_s

    def round_trip(self, at_s: float, number: int) -> float | None:
        """Round trip of the ACK that an ACKACK answers: the way down of its first copy, and this link's up."""
        sent_s = self._acks.pop(number, None)
        return None if sent_s is None else at_s - sent_s

    def nak(self, at_s: float, ranges: list[tuple[int, int]]) -> None:
        """Take a NAK that is no copy."""
        self.naks += 1
        if self.received is not None:
            self.received.naks(ranges)
        if self.sent is not None:
            self.sent.naks(at_s, ranges)

    def gave_up(self, first: int, last: int) -> None:
        """Take a drop request that is no copy."""
        self.dropped += min(ahead(last, first) + 1, _DROP_AT_ONCE)


def _bytes(stream: Received | Sent) -> int:
    return stream.unique_bytes if isinstance(stream, Received) else stream.acknowledged_bytes
