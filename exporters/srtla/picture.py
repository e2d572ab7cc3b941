"""What is known of the bond at one moment, as a value: made from the observer every 100 ms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exporters.srtla.capacity import Bounds, Capacity, DrainTime
from exporters.srtla.group import Group
from exporters.srtla.link import Link
from exporters.srtla.model import Role
from exporters.srtla.observing import Observer
from exporters.srtla.tally import Tally

# At the receiver, senders with timed or extended keepalives speak each second; the BELABOX sender speaks
# each 2 s on an idle link. Three times that is no accident.
_SILENCE_S: Mapping[str, float] = {"timed": 3.0, "extended": 3.0}
_SILENCE_PLAIN_S = 6.0
# Every receiver in use sends the SRT ACKs, a hundred a second, on all links of the bond.
_STALLED_S = 1.0


@dataclass(frozen=True, slots=True)
class UplinkPicture:
    """One uplink. What is not known, or not known at this end, is None."""

    name: str
    keepalive: str
    tally: Tally
    created: int
    closed: int
    rebinds: int
    links: int
    bounds: Bounds = field(default_factory=Bounds)
    dead: bool | None = None
    rtt_s: float | None = None
    rtt_variation_s: float | None = None
    min_rtt_s: float | None = None
    jitter_s: float | None = None
    relative_delay_s: float | None = None
    queue_delay_s: float | None = None
    window: int | None = None
    in_flight: int | None = None
    in_flight_bytes: int | None = None
    last_packet_age_s: float | None = None
    last_acknowledgement_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class BondPicture:
    """All bonds together; mostly there is one."""

    groups: int
    links: int
    stray_links: int
    stray_bytes: int
    stream_bytes: int
    expected: int
    lost: int
    dropped: int
    missing: int
    naks: int
    keyframes: int | None = None
    whole_s: float | None = None
    backlog_bytes: int | None = None
    drain_s: float | None = None
    drain_max_s: float | None = None
    rtt_s: float | None = None
    rtt_variation_s: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that the passive part of a scrape is made from."""

    role: Role
    uplinks: tuple[UplinkPicture, ...]
    bond: BondPicture
    registrations: Mapping[str, int]
    rejections: Mapping[str, int]
    evictions: Mapping[str, int]
    malformed: int


class Painter:
    """Makes pictures; it keeps what capacity and drain time need of the past."""

    def __init__(self) -> None:
        self._capacities: dict[str, Capacity] = {}
        self._drain = DrainTime()

    def paint(self, observer: Observer, at_s: float) -> Picture:
        """The picture at `at_s`, later than the last."""
        observer.tidy(at_s)
        active = [group for group in observer.groups.values() if group.socket is not None and group.in_use(at_s)]
        for link in observer.links.values():
            link.settle(at_s)
        least_s = _least_transit_s(observer.links.values(), at_s)
        names = [name for name in observer.totals if name is not None]
        uplinks = tuple(self._uplink(observer, name, at_s, least_s, active) for name in names)
        return Picture(
            role=observer.role,
            uplinks=uplinks,
            bond=self._bond(observer, at_s, active, uplinks),
            registrations=dict(observer.events.registrations),
            rejections=dict(observer.events.rejections),
            evictions=dict(observer.events.evictions),
            malformed=observer.events.malformed,
        )

    def _uplink(
        self, observer: Observer, name: str, at_s: float, least_s: Mapping[int, float], active: Sequence[Group]
    ) -> UplinkPicture:
        totals, tally = observer.totals[name], observer.tally(name)
        links = [link for link in observer.links.values() if link.uplink == name]
        link = max(links, key=lambda one: one.up_s, default=None)
        capacity = self._capacities.setdefault(name, Capacity())
        sender = observer.role is Role.SENDER
        delivered = tally.acknowledged_bytes if sender else tally.up_bytes
        if link is None:
            bounds = capacity.feed(at_s, delivered, queue_s=None, stalled=False)
            gone = True if totals.created and active else None
            return UplinkPicture(name, "", tally, totals.created, totals.closed, totals.rebinds, 0, bounds, dead=gone)
        stalled = sender and _stalled(link, at_s)
        queue_s = _queue_s(link, at_s, observer.role)
        heard_s = link.down_s if sender else link.up_s
        acknowledged_s = link.acknowledged_s if sender else None
        return UplinkPicture(
            name=name,
            keepalive=link.form,
            tally=tally,
            created=totals.created,
            closed=totals.closed,
            rebinds=totals.rebinds,
            links=len(links),
            bounds=capacity.feed(at_s, delivered, queue_s=queue_s, stalled=stalled),
            dead=_dead(link, at_s, observer.role, in_use=any(group.number == link.group for group in active)),
            rtt_s=link.rtt.smoothed_s,
            rtt_variation_s=link.rtt.deviation_s,
            min_rtt_s=link.rtt.least_s(at_s),
            jitter_s=link.jitter_s,
            relative_delay_s=_relative_s(link, least_s),
            queue_delay_s=queue_s,
            window=link.window,
            in_flight=link.in_flight,
            in_flight_bytes=link.in_flight_bytes if sender else None,
            last_packet_age_s=None if heard_s is None else max(at_s - heard_s, 0.0),
            last_acknowledgement_age_s=None if acknowledged_s is None else max(at_s - acknowledged_s, 0.0),
        )

    def _bond(
        self, observer: Observer, at_s: float, active: Sequence[Group], uplinks: Sequence[UplinkPicture]
    ) -> BondPicture:
        stream_bytes, expected, lost, dropped, missing, naks, keyframes = observer.counts()
        used = [uplink for uplink in uplinks if uplink.links and not uplink.dead]
        lowers = [one.bounds.lower for one in used if one.bounds.lower is not None]
        uppers = [one.bounds.upper for one in used if one.bounds.upper is not None]
        sending = [group.sent for group in active if group.sent is not None]
        backlog = sum(sent.backlog_bytes for sent in sending) if sending else None
        ages = [at_s - oldest_s for sent in sending if (oldest_s := sent.oldest_s()) is not None]
        pace = sum(one.bounds.upper or one.bounds.lower or 0.0 for one in used)
        drain_s, drain_max_s = self._drain.feed(
            at_s, backlog_bytes=backlog, oldest_age_s=max(ages, default=0.0), pace=pace
        )
        wholeness = [group.received.wholeness for group in active if group.received is not None]
        whole = [one.whole_s for one in wholeness if one.whole_s is not None]
        latest = max(active, key=lambda group: group.active_s, default=None)
        return BondPicture(
            groups=len(active),
            links=len(observer.links),
            stray_links=sum(link.uplink is None for link in observer.links.values()),
            stray_bytes=_received(observer.tally(None), observer.role),
            stream_bytes=stream_bytes,
            expected=expected,
            lost=lost,
            dropped=dropped,
            missing=missing,
            naks=naks,
            keyframes=keyframes if wholeness and all(one.keyframes for one in wholeness) else None,
            whole_s=max(whole) if whole and len(whole) == len(wholeness) else None,
            backlog_bytes=backlog,
            drain_s=drain_s,
            drain_max_s=drain_max_s,
            rtt_s=None if latest is None else latest.rtt_s,
            rtt_variation_s=None if latest is None else latest.rtt_variation_s,
            lower=sum(lowers) if lowers else None,
            upper=sum(uppers) if uppers and len(uppers) == len(used) else None,
        )


def _received(tally: Tally, role: Role) -> int:
    return tally.up_bytes if role is Role.RECEIVER else tally.down_bytes


def _least_transit_s(links: Iterable[Link], at_s: float) -> dict[int, float]:
    """The least one-way delay of each bond in the last minute, on the scale of its own sender's clock."""
    found: dict[int, float] = {}
    for link in links:
        least_s = link.lowest_s.min(at_s)
        if least_s is not None and link.group is not None:
            found[link.group] = min(least_s, found.get(link.group, least_s))
    return found


def _relative_s(link: Link, least_s: Mapping[int, float]) -> float | None:
    if link.transit_s is None or link.group is None or link.group not in least_s:
        return None
    return max(link.transit_s - least_s[link.group], 0.0)


def _queue_s(link: Link, at_s: float, role: Role) -> float | None:
    """Delay beyond the link's own least: of the round trip at the sender, of the way up at the receiver."""
    if role is Role.SENDER:
        now_s, least_s = link.rtt.smoothed_s, link.rtt.least_s(at_s)
    else:
        now_s, least_s = link.transit_s, link.lowest_s.min(at_s)
    return None if now_s is None or least_s is None else max(now_s - least_s, 0.0)


def _stalled(link: Link, at_s: float) -> bool:
    """Whether packets have gone up for a second or four round trips, and nothing has come down."""
    if link.unanswered_s is None:
        return False
    return at_s - link.unanswered_s > max(_STALLED_S, 4 * (link.rtt.smoothed_s or 0.0))


def _dead(link: Link, at_s: float, role: Role, *, in_use: bool) -> bool | None:
    if not in_use:
        return None
    # Beside the sender of an uplink that is unplugged nothing is sent any more, and so nothing is unanswered.
    heard_s = (link.down_s or link.created_s) if role is Role.SENDER else link.up_s
    silent = at_s - heard_s > _SILENCE_S.get(link.form, _SILENCE_PLAIN_S)
    return silent or (role is Role.SENDER and _stalled(link, at_s))
