"""A world small enough to reason about: paths that are whole or broken, and what the guard would see of them.

Not the kernel: a subflow on a whole path acknowledges at once, one on a broken path never, and an
endpoint that is added has a subflow as soon as its path is whole. Laws are tested here; the kernel's
own behaviour is tested on the kernel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mptcp.guard.deciding import decide
from mptcp.guard.model import Action, Connection, Deed, Policy, Seen, State, Subflow, UplinkSeen
from mptcp.guard.probes import Answer
from mptcp.guard.train import Weighed

POLICY = Policy()
CONNECTION = 77
MSS = 1448
RATE = 500_000.0  # bytes/s of a path that is not slow: 4 Mbit/s
BOUND = 64_000  # bytes that the kernel gives a subflow at once


@dataclass
class Path:
    """One uplink: its path, and what the kernel would have of it."""

    whole: bool = True
    rtt_s: float = 0.05
    endpoint: bool = True
    backup: bool = False
    joined: bool = True
    key: int = 0
    silent_since_s: float = 0.0
    stalled: bool = False
    refused: bool = False  # the peer takes no subflow from it
    acked: int = 1
    sent_s: list[float] = field(default_factory=list)
    slow: float | None = None  # bytes/s; None: whatever comes is through at once
    bound: int = 0  # bytes given to the subflow that it has not delivered
    delivered: int = 0
    trains_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Deeds:
    """An action and when it was taken, and whether another path was whole at that moment."""

    at_s: float
    action: Action
    other_whole: bool
    endpoints_left: int


class World:
    """Runs the guard over paths.

    `streaming` False: nothing is sent, so only probes tell. `answering` False: the responder is gone.
    `timers` True: a subflow that has fallen silent stays so until it is renewed, as one does that
    waits for its retransmission timer.
    """

    def __init__(self, *names: str, streaming: bool = True, probing: bool = True) -> None:
        self.now_s = 1000.0
        self.paths = {name: Path(key=number) for number, name in enumerate(names, start=1)}
        self.streaming = streaming
        self.probing = probing
        self.answering = True
        self.timers = False
        self.state = State()
        self.done: list[Deeds] = []
        self.probes: Counter[str] = Counter()
        self.trains: Counter[str] = Counter()
        self._next_key = 100
        self._moved_s = self.now_s
        self._held_s: float | None = None

    def run(self, length_s: float) -> None:
        """Let time pass, looking as often as the guard asks for."""
        end_s = self.now_s + length_s
        while self.now_s < end_s:
            decision = decide(self.state, self._seen(), POLICY)
            self.state = decision.state
            for action in decision.actions:
                self._apply(action)
            self.probes.update(decision.probes)
            self.trains.update(decision.trains)
            for name in decision.probes:
                self.paths[name].sent_s.append(self.now_s)
            for name in decision.trains:
                self.paths[name].trains_s.append(self.now_s)
            self.now_s = min(end_s, self.now_s + decision.again_s)

    def set(self, name: str, *, whole: bool) -> None:
        """Break or mend a path."""
        path = self.paths[name]
        if path.whole and not whole:
            path.silent_since_s = self.now_s
            path.stalled = True
        path.whole = whole

    def deeds(self, name: str | None = None) -> list[Deed]:
        """What was done, in order; to one uplink or to all."""
        return [each.action.deed for each in self.done if name in {None, each.action.uplink}]

    def _seen(self) -> Seen:
        answers = []
        for name, path in self.paths.items():
            for sent_s in [each for each in path.sent_s if path.whole and self.now_s - each >= path.rtt_s]:
                path.sent_s.remove(sent_s)
                answers.append(Answer(name, sent_s, path.rtt_s))
            path.sent_s = [each for each in path.sent_s if path.whole or self.now_s - each < path.rtt_s]
            self._move(path)
            if path.endpoint and path.whole and not path.joined and not path.refused:
                self._next_key += 1
                path.joined, path.key, path.acked, path.stalled = True, self._next_key, 1, False
                path.bound = path.delivered = 0
        self._moved_s = self.now_s
        held = any(path.bound for path in self.paths.values())
        self._held_s = (self.now_s if self._held_s is None else self._held_s) if held else None
        return Seen(
            now_s=self.now_s,
            uplinks={name: UplinkSeen(path.endpoint, path.backup) for name, path in self.paths.items()},
            subflows=tuple(self._subflow(name, path) for name, path in self.paths.items() if path.joined),
            connections=(self._connection(),),
            answers=tuple(answers) if self.probing and self.answering else (),
            weighed=tuple(self._weighed()) if self.probing else (),
            probing=self.probing,
        )

    def _move(self, path: Path) -> None:
        """A slow path delivers at its rate, and the kernel binds as much again while the subflow takes part."""
        if path.slow is None or not path.joined or not path.whole:
            path.bound = 0
            return
        done = min(path.bound, int(path.slow * (self.now_s - self._moved_s)))
        path.delivered += done
        path.acked += done
        path.bound = BOUND if self.streaming and not path.backup else path.bound - done

    def _weighed(self) -> Iterator[Weighed]:
        for name, path in self.paths.items():
            for sent_s in [each for each in path.trains_s if self.now_s - each >= 0.2]:
                path.trains_s.remove(sent_s)
                rate = (RATE if path.slow is None else path.slow) if path.whole and self.answering else 0.0
                yield Weighed(name, sent_s, rate)

    def _subflow(self, name: str, path: Path) -> Subflow:
        carries = self.streaming and not (path.backup and any(self._carries(other) for other in self.paths.values()))
        if path.bound:
            fresh = Subflow(path.key, CONNECTION, name, 10, 0.05, path.acked, path.rtt_s, 0.25)
            return replace(fresh, delivered=path.delivered, waiting=path.bound, rate=path.slow)
        if path.whole and not (self.timers and path.stalled):
            path.acked += MSS if carries else 0
            age_s = 0.01 if carries else 5.0
            return Subflow(path.key, CONNECTION, name, 10 * carries, age_s, path.acked, path.rtt_s, 0.25, rate=RATE)
        age_s = self.now_s - path.silent_since_s
        backoff = sum(age_s >= 0.25 * (2**n - 1) for n in range(1, 8))
        rto_s = min(0.25 * 2**backoff, 1.0)
        unacked = 10 * self.streaming
        return Subflow(path.key, CONNECTION, name, unacked, age_s, path.acked, path.rtt_s, rto_s, backoff)

    @staticmethod
    def _carries(path: Path) -> bool:
        return path.endpoint and path.joined and path.whole and not path.backup

    def _connection(self) -> Connection:
        total = sum(path.acked for path in self.paths.values())
        held_s = 0.0 if self._held_s is None else self.now_s - self._held_s
        return Connection(CONNECTION, total, 10 * MSS * self.streaming + int(min(held_s, 2.0) * RATE))

    def _apply(self, action: Action) -> None:
        path = self.paths[action.uplink]
        match action.deed:
            case Deed.SUPPRESS:
                path.endpoint = path.joined = False
            case Deed.REVIVE:
                path.endpoint, path.backup = True, self.state.uplinks[action.uplink].demoted
            case Deed.RENEW:
                path.joined = False
            case Deed.DETOUR:
                path.joined, path.backup, path.bound = False, True, 0
            case Deed.DEMOTE:
                path.backup = True
            case Deed.PROMOTE:
                path.backup = False
        others = [other for name, other in self.paths.items() if name != action.uplink]
        left = sum(each.endpoint for each in self.paths.values())
        self.done.append(Deeds(self.now_s, replace(action), any(other.whole for other in others), left))
