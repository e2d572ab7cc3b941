"""What the reader returns: plain values, one per source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.mptcp.parsing import MptcpRow, TcpRow


@dataclass(frozen=True, slots=True)
class Dump:
    """All sockets of the stream at one moment; `at_s` is the event loop's clock."""

    at_s: float
    tcp: tuple[TcpRow, ...]
    mptcp: tuple[MptcpRow, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the in-kernel path manager; `flags`: 1 signal, 2 subflow, 4 backup, 8 fullmesh."""

    number: int
    address: str = field(repr=False)
    flags: int


@dataclass(frozen=True, slots=True)
class PathManager:
    """What the in-kernel path manager is configured to do; None is what it did not say."""

    endpoints: tuple[Endpoint, ...]
    subflow_limit: int | None
    accepted_address_limit: int | None


@dataclass(frozen=True, slots=True)
class Kernel:
    """MPTCP of this network namespace: without counters, and off, where the kernel has none.

    `enabled` is None when the switch cannot be seen although there are counters.
    """

    enabled: bool | None
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Probed:
    """What the probes of one uplink did and found; `rate` is the newest result, None before the first.

    `paddings` is None where no padding was asked for; `padded_rate` is what stream and padding carried
    together the newest time.
    """

    sent: int = 0
    failed: int = 0
    sent_bytes: int = 0
    rate: float | None = None
    paddings: int | None = None
    padded_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Probes:
    """All uplinks' probes, and what is left of the budget."""

    uplinks: Mapping[str, Probed]
    budget_left_bytes: float
