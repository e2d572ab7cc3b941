"""What must be put back when the guard ends, however it ends: the endpoints as the operator configured them.

A file, written before the endpoint is touched. It names the process it belongs to, so that an old
guard's watcher never undoes the work of a new guard.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mptcp.guard.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Kept:
    """The endpoints that differ now from what the operator configured, as they were; by address."""

    pid: int
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict, repr=False)


def encode(kept: Kept) -> str:
    """As JSON."""
    return json.dumps({"pid": kept.pid, "endpoints": [asdict(endpoint) for endpoint in kept.endpoints.values()]})


def decode(text: str) -> Kept:
    """From JSON. Raises ValueError when it is none of ours."""
    try:
        fields = json.loads(text)
        endpoints = [Endpoint(**row) for row in fields["endpoints"]]
        return Kept(int(fields["pid"]), {endpoint.address: endpoint for endpoint in endpoints})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a file of the guard's: {error}") from error


def write(path: Path, kept: Kept) -> None:
    """Replace the file in one step: whoever reads sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(encode(kept), encoding="ascii")
    fresh.replace(path)


def read(path: Path) -> Kept | None:
    """What the file says; None when there is none. Raises ValueError when it is damaged."""
    try:
        return decode(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
