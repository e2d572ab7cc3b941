"""Who may publish or play: one attempt, one verdict. Pure.

The statuses are nginx-rtmp-auth's: an application that is not in the file 404, a key that may not 401, else 200.
nginx looks at the first digit only, and whatever is not 2xx refuses.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from exporters.rtmp_auth.keys import Entry, Hash, Table

OK, BAD, REFUSED, NOT_FOUND, UNAVAILABLE = 200, 400, 401, 404, 503


class Call(StrEnum):
    """What nginx asks about, a closed set."""

    PUBLISH = "publish"
    PLAY = "play"
    UPDATE = "update"
    DONE = "done"
    OTHER = "other"


class Reason(StrEnum):
    """Why somebody was refused, a closed set."""

    MALFORMED = "malformed"
    NO_KEYS = "no_keys"
    APPLICATION = "unknown_application"
    KEY = "wrong_key"
    EXPIRED = "expired"
    NETWORK = "network"
    CALL = "call"
    THROTTLED = "throttled"


GUESSES = frozenset({Reason.APPLICATION, Reason.KEY})
"""The refusals that count towards throttling an address."""

_CALLS = {
    "publish": Call.PUBLISH,
    "play": Call.PLAY,
    "update_publish": Call.UPDATE,
    "update_play": Call.UPDATE,
    "publish_done": Call.DONE,
    "play_done": Call.DONE,
    "done": Call.DONE,
    # nginx-rtmp-auth looks at application and name alone, whatever the call.
    "": Call.PUBLISH,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One question. `name` is the key, so it is in no repr; `plays` tells a player's call from a publisher's."""

    call: Call
    application: str
    name: str = field(repr=False)
    client: str = field(repr=False)
    address: IPv4Address | IPv6Address | None = field(repr=False)
    plays: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; `entry` is whose key it was, also when it was refused for another reason."""

    status: int
    reason: Reason | None = None
    entry: Entry | None = None


def attempt_of(form: Mapping[str, str]) -> Attempt | None:
    """The attempt in a callback's form; None where it has no application or no name."""
    application, name, told = form.get("app", ""), form.get("name", ""), form.get("call", "")
    if not application or not name:
        return None
    return Attempt(
        call=_CALLS.get(told, Call.OTHER),
        application=application,
        name=name,
        client=form.get("clientid", ""),
        address=_address(form.get("addr", "")),
        plays=told in {"play", "update_play", "play_done"},
    )


def judge(table: Table | None, attempt: Attempt, digest: Hash, *, wall_s: float) -> Verdict:
    """Whether the attempt is allowed at `wall_s`, seconds since the epoch. Without a table nobody is."""
    if table is None:
        return Verdict(UNAVAILABLE, Reason.NO_KEYS)
    entries = table.get(attempt.application)
    if entries is None:
        return Verdict(NOT_FOUND, Reason.APPLICATION)
    entry = _matching(entries, digest(attempt.name))
    if entry is None:
        return Verdict(REFUSED, Reason.KEY)
    reason = _forbidden(entry, attempt, wall_s=wall_s)
    return Verdict(OK if reason is None else REFUSED, reason, entry)


def _forbidden(entry: Entry, attempt: Attempt, *, wall_s: float) -> Reason | None:
    """Why a right key may not be used now, from there, for this."""
    if entry.expires_s is not None and wall_s >= entry.expires_s:
        return Reason.EXPIRED
    if entry.networks and not _inside(attempt.address, entry):
        return Reason.NETWORK
    if (Call.PLAY if attempt.plays else Call.PUBLISH) not in entry.calls:
        return Reason.CALL
    return None


def _matching(entries: tuple[Entry, ...], wanted: bytes) -> Entry | None:
    """The entry of a digest, found without telling by time which or whether."""
    found = None
    for entry in entries:
        if hmac.compare_digest(entry.digest, wanted):
            found = entry
    return found


def _inside(address: IPv4Address | IPv6Address | None, entry: Entry) -> bool:
    return address is not None and any(address in network for network in entry.networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
