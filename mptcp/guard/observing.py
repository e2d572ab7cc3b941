"""From rows and endpoints to what the guard looks at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from socket import AddressFamily

from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED, MptcpRow, TcpRow
from exporters.mptcp.sampling import rtt_s
from exporters.mptcp.uplinks import Resolved, Role, uplink_of
from exporters.units import seconds_from_ms, seconds_from_us
from mptcp.guard.endpoints import Endpoint
from mptcp.guard.model import Connection, Subflow, UplinkSeen
from mptcp.guard.prober import Way, family_of


def subflows(dump: Dump, resolved: tuple[Resolved, ...]) -> tuple[Subflow, ...]:
    """The established subflows of the configured uplinks; a row that lacks what judging needs is left out."""
    return tuple(found for row in dump.tcp if (found := _subflow(row, resolved)) is not None)


def _subflow(row: TcpRow, resolved: tuple[Resolved, ...]) -> Subflow | None:
    info, uplink = row.info, uplink_of(row, resolved, Role.SENDER)
    if row.state != ESTABLISHED or row.ulp is None or uplink is None:
        return None
    if info.unacked is None or info.last_ack_recv is None:
        return None
    segment = info.snd_mss or 0
    return Subflow(
        key=row.cookie,
        connection=row.ulp.local_token or 0,
        uplink=uplink,
        unacked=info.unacked,
        ack_age_s=seconds_from_ms(info.last_ack_recv),
        acked_bytes=info.bytes_acked or 0,
        rtt_s=seconds_from_us(info.rtt) if info.rtt else None,
        rto_s=seconds_from_us(info.rto) if info.rto else None,
        backoff=info.backoff or 0,
        delivered=(info.delivered or 0) * segment,
        waiting=max(0, info.unacked - (info.sacked or 0)) * segment + (info.notsent_bytes or 0),
        rate=float(info.delivery_rate) if info.delivery_rate else None,
        least_rtt_s=rtt_s(info.min_rtt),
    )


def connections(dump: Dump) -> tuple[Connection, ...]:
    """The established connections that show how far they are acknowledged."""
    return tuple(found for row in dump.mptcp if (found := _connection(row)) is not None)


def _connection(row: MptcpRow) -> Connection | None:
    info = row.info
    if info.token is None or info.write_seq is None or info.snd_una is None:
        return None
    return Connection(info.token, info.snd_una, (info.write_seq - info.snd_una) % 2**64, row.fell_back)


def endpoint_of(resolved: Resolved, endpoints: Iterable[Endpoint]) -> Endpoint | None:
    """The endpoint that opens the uplink's subflows."""
    return next((each for each in endpoints if each.opens_subflows and each.address in resolved.addresses), None)


def uplinks(resolved: Iterable[Resolved], endpoints: tuple[Endpoint, ...]) -> dict[str, UplinkSeen]:
    """How each uplink is configured now."""
    found = {each: endpoint_of(each, endpoints) for each in resolved}
    return {
        each.uplink.name: UplinkSeen(
            endpoint is not None, endpoint is not None and endpoint.backup, bool(each.addresses)
        )
        for each, endpoint in found.items()
    }


def of_family(resolved: Iterable[Resolved], family: AddressFamily) -> tuple[Resolved, ...]:
    """The uplinks with their addresses of one family only; one that has none counts as not there."""
    return tuple(
        replace(each, addresses=frozenset(a for a in each.addresses if family_of(a) is family)) for each in resolved
    )


def ways(resolved: Iterable[Resolved], endpoints: tuple[Endpoint, ...], taken: Mapping[str, Endpoint]) -> list[Way]:
    """Where to probe from: the address of each uplink's endpoint, also of one that the guard has taken out."""
    found: list[Way] = []
    for each in resolved:
        endpoint = endpoint_of(each, endpoints) or endpoint_of(each, taken.values())
        if endpoint is not None and each.interface is not None:
            found.append(Way(each.uplink.name, endpoint.address, each.interface))
    return found
