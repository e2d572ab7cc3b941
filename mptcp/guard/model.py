"""The guard's values: what it sees, what it remembers, what it does, and the numbers it goes by.

Times are seconds of one monotonic clock. Addresses, ports and tokens are in no repr and no evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mptcp.guard.flow import Flow
from mptcp.guard.probes import Answer, Probes
from mptcp.guard.train import Weighed


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers. Each stands beside the measurement or the reason that it comes from."""

    # An acknowledgement that is this late is not coming; nor is one that is later than four round trips, or than the
    # kernel's own timer, where those are longer. It leaves 100 ms of the 400 ms to act in.
    silence_s: float = 0.3
    silence_rtts: float = 4.0
    # Half of that is suspicion: all uplinks are probed, so that the verdict has an answer to go by.
    suspicion_ratio: float = 0.5
    # How fresh an answer or an acknowledgement of another uplink must be to say that it could take over.
    alive_s: float = 0.25
    # An idle uplink shows only by its probes; three in a row are lost by chance once in 8000 at 5 % loss.
    idle_losses: int = 3

    probe_s: float = 1.0
    probe_urgent_s: float = 0.1
    probe_proving_s: float = 0.2
    probe_hunting_s: float = 0.25  # for a while after a death: most outages of a moving rig last seconds
    hunting_s: float = 60.0

    # Three answers at the proving pace are an uplink that died once and lives; each death soon after a revival asks for
    # four times as long, up to half a minute, because each revival of a dead uplink costs the stream a stall.
    steady_s: float = 0.35
    steady_growth: float = 4.0
    steady_most_s: float = 30.0
    flap_s: float = 30.0  # a death this soon after the revival is flapping
    calm_s: float = 60.0  # alive this long, the flapping is forgotten

    # Renewing (delete and add) beats waiting for the kernel's next retransmission once that is further off than a
    # handshake with its first data takes: 0.2 s at 50 ms round trip.
    renew_rto_s: float = 0.4
    renew_backoff: int = 2  # after one loss the kernel's retransmission is under way and as quick
    renew_pause_s: float = 2.0  # a handshake that loses its SYN is repeated by the kernel after 1 s
    missing_s: float = 2.0  # a subflow that ended and was not replaced: the kernel does not try again
    missing_most_s: float = 60.0  # doubling up to here: a peer that refuses refuses again

    # Without an answering responder a dead uplink is tried again after this long, four times as long at each death soon
    # after. A trial is cheap: until the handshake succeeds no data goes that way.
    trial_s: float = 5.0
    trial_most_s: float = 60.0

    budget_s: float = 0.3  # an uplink slower than this delays the whole picture
    slow_s: float = 3.0  # for how long: longer than one queue's filling and draining
    fast_ratio: float = 0.7  # of the budget, to come back, and to have been only a moment slow
    fast_s: float = 5.0  # twice as long each time it was slow again within a calm time
    fast_most_s: float = 120.0
    # An uplink that carries nothing answers at once, however slow it is. Before it carries again a train must show that
    # the 64 kB which the kernel binds to it in one go, and the 16 kB of tcp_notsent_lowat, would not take a second.
    worth_rate: float = 80_000.0  # bytes/s
    train_s: float = 4.0
    train_urgent_s: float = 1.0  # while one that carries holds the stream up

    # What is bound to an uplink holds all that comes after it up. Where it takes longer than this to drain at the rate
    # of the last `holding_span_s`, and the others could deliver it in half that time, it is sent over them.
    late_s: float = 0.6
    late_ratio: float = 2.0
    holding_span_s: float = 0.3  # as long as silence that means death, and two round trips where those are longer
    holding_s: float = 0.09  # a second look: a stall of the radio ends with a burst
    # The last acknowledgement is no older than so many segments take; else it is silence, for death's rule to judge.
    crawling_segments: float = 1.5

    # A connection that stands still this long while its subflows acknowledge repetitions: 7 kB/s or so.
    # More than that is new data behind an uplink with a long queue, 4 s of it at times; that is late, not stuck.
    stuck_s: float = 5.0
    stuck_gap_s: float = 1.0
    stuck_bytes_per_s: float = 10_000.0
    # One that stands still, with nothing acknowledged on any subflow, although an uplink answers probes: a new subflow
    # delivers within 0.4 s, so when two of them have delivered nothing it is the peer that takes nothing in.
    deaf_s: float = 5.0
    stuck_pause_s: float = 1.0  # until one that was reset and has got a subflow again is reset again

    look_s: float = 0.1


class Phase(StrEnum):
    """Where an uplink stands with the guard."""

    ABSENT = "absent"  # no endpoint, and none that the guard took out: not its business
    LIVE = "live"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Subflow:
    """One subflow, from its row of sock_diag. `key` is the kernel's identity of the socket."""

    key: int = field(repr=False)
    connection: int = field(repr=False)
    uplink: str
    unacked: int
    ack_age_s: float
    acked_bytes: int
    rtt_s: float | None = None
    rto_s: float | None = None
    backoff: int = 0
    delivered: int = 0  # bytes that have arrived, in order or not
    waiting: int = 0  # bytes given to the subflow that have not
    rate: float | None = None  # bytes/s, the kernel's newest sample
    least_rtt_s: float | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One MPTCP connection of the stream: `backlog_bytes` sent by the application and not acknowledged end to end."""

    key: int = field(repr=False)
    acked_to: int = field(repr=False)
    backlog_bytes: int
    fell_back: bool = False


@dataclass(frozen=True, slots=True)
class UplinkSeen:
    """An uplink as configured now: has it an endpoint, is that a backup one, is its address on an interface?"""

    endpoint: bool
    backup: bool = False
    addressed: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one look at the machine brings; `probing` says whether a responder is configured."""

    now_s: float
    uplinks: Mapping[str, UplinkSeen]
    subflows: tuple[Subflow, ...] = ()
    connections: tuple[Connection, ...] = ()
    answers: tuple[Answer, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    probing: bool = True


class Deed(StrEnum):
    """What the guard can do."""

    SUPPRESS = "suppress"  # delete the endpoint of a dead uplink
    REVIVE = "revive"  # add it again
    RENEW = "renew"  # delete and add at once: a new subflow instead of one that waits for its timer
    DEMOTE = "demote"  # set the backup flag
    DETOUR = "detour"  # a new subflow with the backup flag: what is bound to the old one goes another way
    PROMOTE = "promote"  # clear it
    RESET = "reset"  # end a stuck connection, so that its program opens a new one


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do and why. `uplink` is empty for a reset, which names its `connection`."""

    deed: Deed
    uplink: str
    evidence: str
    connection: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UplinkMemory:
    """What the guard remembers of an uplink."""

    phase: Phase = Phase.ABSENT
    since_s: float = 0.0
    revived_s: float | None = None  # when it last came back from suppression
    flaps: int = 0
    renewals: int = 0
    renewed_s: float | None = None
    missing_since_s: float | None = None
    slow_since_s: float | None = None
    fast_since_s: float | None = None
    demoted: bool = False  # by the guard, not by the operator
    demotions: int = 0  # in a row, none of them followed by a calm time
    promoted_s: float | None = None
    holding_since_s: float | None = None
    flow: Flow = field(default_factory=Flow)
    demoted_s: float | None = None
    train_s: float | None = None  # when the last train left
    weighed: Weighed | None = None  # what the last train showed that came in
    probes: Probes = field(default_factory=Probes)


@dataclass(frozen=True, slots=True)
class ConnectionMemory:
    """A connection that stands at `acked_to` since `since_s`, and how its subflows acknowledge all the same."""

    acked_to: int = field(repr=False)
    since_s: float
    subflow_bytes: int
    quiet_since_s: float  # since when no subflow acknowledged anything
    progress_since_s: float | None = None
    progress_bytes: int = 0
    reset_s: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The guard's whole memory. `waiting_since_s`: first look at which a subflow had data unacknowledged."""

    uplinks: Mapping[str, UplinkMemory] = field(default_factory=dict)
    waiting_since_s: Mapping[int, float] = field(default_factory=dict, repr=False)
    connections: Mapping[int, ConnectionMemory] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """The next memory, what to do in order, which uplinks to probe, and when to look again."""

    state: State
    actions: tuple[Action, ...]
    probes: tuple[str, ...]
    again_s: float
    trains: tuple[str, ...] = ()
