"""The file of stream keys, as values. Pure.

The format is that of nginx-rtmp-auth's `authentication.json`: for each application a list of the stream names,
the keys, that may be used. Beside a plain string an entry may be an object that names the key:

    {"publish": ["plain-key", {"key": "...", "alias": "cam", "created": "2026-11-01", "expires": "2027-01-01",
                               "networks": ["192.0.2.0/24"], "calls": ["publish"]}]}

Keys are kept as keyed hashes only: no value made here holds one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

MAX_KEYS = 1_000
"""Every attempt is compared with each key of its application, so that time tells nothing: bounded."""

CALLS = ("publish", "play")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_FIELDS = frozenset({"key", "alias", "created", "expires", "networks", "calls"})
Hash = Callable[[str], bytes]


class KeysError(ValueError):
    """The file cannot be used; the message names the entry, never a key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key. Times are seconds since the epoch; no networks means any."""

    alias: str
    application: str
    digest: bytes = field(repr=False)
    created_s: float | None = None
    expires_s: float | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    calls: tuple[str, ...] = CALLS


Table = Mapping[str, tuple[Entry, ...]]
"""The entries by application."""


def hasher(secret: bytes) -> Hash:
    """A keyed hash of names; the secret is this process' own, so that no hash means anything elsewhere."""
    return lambda name: hmac.new(secret, name.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def parse(text: str, digest: Hash) -> Table:
    """The table of a file. Raises KeysError with what is wrong, where, and what to write instead."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        raise KeysError('the keys are not JSON; write {"application": ["key"]}') from None
    if not isinstance(plain, dict):
        raise KeysError('the keys are not an object; write {"application": ["key"]}')
    entries = [
        entry
        for number, (application, listed) in enumerate(plain.items(), 1)
        for entry in _listed(application, listed, digest, where=f"application {number} of the file")
    ]
    if len(entries) > MAX_KEYS:
        raise KeysError(f"there are {len(entries)} keys; at most {MAX_KEYS} are compared in constant time")
    _without_doubles(entries)
    return {application: tuple(one for one in entries if one.application == application) for application in plain}


def _listed(application: str, listed: object, digest: Hash, *, where: str) -> Iterator[Entry]:
    """The entries of one application. It is told by its place: who swapped name and key must not read the key."""
    if not isinstance(listed, list):
        raise KeysError(f"{where} is not a list of keys")
    for number, one in enumerate(listed, 1):
        plain = {"key": one} if isinstance(one, str) else one
        if not isinstance(plain, dict):
            raise KeysError(f"{where}, key {number} is neither a string nor an object")
        alias = plain.get("alias", f"{application}-{number}")
        yield _entry(application, alias, plain, digest, where=f"{where}, key {number}")


def _entry(application: str, alias: object, plain: dict[str, Any], digest: Hash, *, where: str) -> Entry:
    if not _FIELDS.issuperset(plain):
        raise KeysError(f"{where} has a field that is not known; known are {', '.join(sorted(_FIELDS))}")
    key = plain.get("key")
    if not isinstance(key, str) or not key:
        raise KeysError(f"{where} has no key; give a text that is not empty")
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias):
        raise KeysError(f"{where}: the alias is not 1 to 32 letters, digits, '_', '.' or '-'; give one by \"alias\"")
    return Entry(
        alias=alias,
        application=application,
        digest=digest(key),
        created_s=_moment(plain, "created", where),
        expires_s=_moment(plain, "expires", where),
        networks=_networks(plain.get("networks", []), where),
        calls=_calls(plain.get("calls", list(CALLS)), where),
    )


def _moment(plain: dict[str, Any], name: str, where: str) -> float | None:
    if name not in plain:
        return None
    try:
        moment = datetime.fromisoformat(plain[name])
    except (TypeError, ValueError):
        raise KeysError(f"{where}: {name!r} is no date; write 2027-01-31 or 2027-01-31T20:00:00+01:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _networks(listed: object, where: str) -> tuple[IPv4Network | IPv6Network, ...]:
    if not isinstance(listed, list):
        raise KeysError(f'{where}: "networks" is not a list')
    try:
        return tuple(ip_network(one) for one in listed)
    except ValueError:
        raise KeysError(f'{where}: "networks" has something that is no network; write 192.0.2.0/24') from None


def _calls(listed: object, where: str) -> tuple[str, ...]:
    if not isinstance(listed, list) or not listed or any(one not in CALLS for one in listed):
        raise KeysError(f'{where}: "calls" is not a list of {" and ".join(CALLS)}')
    return tuple(listed)


def _without_doubles(entries: list[Entry]) -> None:
    aliases: dict[str, Entry] = {}
    keys: dict[tuple[str, bytes], Entry] = {}
    for entry in entries:
        if entry.alias in aliases:
            raise KeysError(f"the alias {entry.alias} is given twice; give each key one of its own")
        twin = keys.get((entry.application, entry.digest))
        if twin is not None:
            raise KeysError(f"{twin.alias} and {entry.alias} have the same key; remove one")
        aliases[entry.alias] = keys[entry.application, entry.digest] = entry
