"""Arbitrary pasts of a machine, a few bytes each, so that thousands of them are tried in minutes.

A past is made of episodes: one reading, seen again and again. A reading is what links and ingest commonly
show, with as many of its parts replaced as its wildness says. Drawn part by part from independent ranges, hardly
any past would ever hold a minute of calm, and the rules that wait for one would never be tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf, nextafter
from typing import Any

from hypothesis import strategies as st

from controller.decision.machine import Decision, State, decide
from controller.decision.model import (
    EncoderReading,
    EncoderTraits,
    Freshness,
    IngestReading,
    Interval,
    Observation,
    Override,
    Quality,
    Scene,
    SceneReading,
    Transport,
    UplinkReading,
)
from controller.decision.policy import Policy
from tests.controller.decision.roads import POLICIES, RUNGS, TRAITS, UNCALIBRATED, at_rung

Value = float | bool | str | None

_BYTE = 256
_UNKNOWN = 24
"""Of the values of a part, so many are unknown."""


def _values(marks: Sequence[float], *, most: float) -> tuple[Value, ...]:
    """One value for each byte: unknown, nothing, thresholds and their neighbours, and more up to `most`."""
    near = [value for mark in marks for value in (nextafter(mark, 0.0), mark, nextafter(mark, inf))]
    known = [0.0, 5e-324, *near]
    spread = _BYTE - _UNKNOWN - len(known)  # of them most are small, as the thresholds are
    return (*(None,) * _UNKNOWN, *known, *(most * ((k + 1) / spread) ** 3 for k in range(spread)))


def _among(choices: Sequence[Value]) -> tuple[Value, ...]:
    """One of the choices for each byte, all equally often."""
    return tuple(choices[byte % len(choices)] for byte in range(_BYTE))


_RATES = _values([0.3e6, 0.5e6, 0.6e6, 0.72e6, 1.2e6, 1.5e6, 2.5e6, 2.7e6, 3e6, 4.5e6, 5e6, 7e6], most=50e6)
_QUEUES = _values([0.05, 0.12, 0.17, 0.18, 0.25, 0.3, 0.5, 1.2, 1.85, 2.0], most=60.0)
_ROUND_TRIPS = _values([0.05, 0.08, 0.1], most=3.0)
_LOSSES = _values([0.005, 0.01, 0.02, 0.03, 0.05, 1.0], most=1.0)
_AMOUNTS = _values([15_000.0, 100_000.0, 1e6], most=5e6)
_AGES = _values([2.5, 8.0], most=10.0)
_LAGS = _values([0.5, 1.8, 2.0, 2.1], most=60.0)
_FLAGS = _among([None, True, False])

_PARTS: tuple[tuple[str, tuple[Value, ...]], ...] = (
    ("age_s", _AGES),
    ("lower_bps", _RATES),
    ("upper_bps", _RATES),
    ("delivered_bps", _RATES),
    ("drain_time_s", _QUEUES),
    ("backlog_bytes", _AMOUNTS),
    ("ahead_bytes", _AMOUNTS),
    ("held_up_bps", _RATES),
    ("loss_ratio", _LOSSES),
    ("min_rtt_s", _ROUND_TRIPS),
    ("carrier", _among([None, *Transport])),
    ("att", _among([True, False])),
    ("att.delivered_bps", _RATES),
    ("att.rtt_s", _ROUND_TRIPS),
    ("att.min_rtt_s", _ROUND_TRIPS),
    ("att.dead", _FLAGS),
    ("att.loss_ratio", _LOSSES),
    ("verizon", _among([True, False])),
    ("verizon.delivered_bps", _RATES),
    ("verizon.rtt_s", _ROUND_TRIPS),
    ("verizon.min_rtt_s", _ROUND_TRIPS),
    ("verizon.dead", _FLAGS),
    ("ingest_age_s", _AGES),
    ("publishing", _FLAGS),
    ("received_bps", _RATES),
    ("lag_s", _LAGS),
    ("whole_s", _values([1.2], most=12.0)),
    ("mended_s", _values([0.0, 1.5], most=12.0)),
    ("obs", _FLAGS),
    ("scene", _among([None, *Scene])),
    ("picture_still_s", _LAGS),
    ("edge_state", _among([None, *Quality])),
    ("confirms", _among([True, True, False])),
)


def _common(*, carried_bps: float, queue_s: float = 0.0, lower_bps: float | None = None) -> dict[str, Value]:
    """What two uplinks of equal share show; a queue tells the capacity, otherwise it is only known to be more."""
    one = {"delivered_bps": carried_bps / 2, "rtt_s": 0.05 + queue_s, "min_rtt_s": 0.05, "dead": False}
    return {
        "age_s": 0.1,
        "lower_bps": carried_bps if lower_bps is None else lower_bps,
        "upper_bps": carried_bps if queue_s else None,
        "delivered_bps": carried_bps,
        "drain_time_s": 0.05 + queue_s,
        "backlog_bytes": (0.05 + queue_s) * carried_bps / 8,
        "loss_ratio": 0.0,
        "min_rtt_s": 0.05,
        "ingest_age_s": 0.1,
        "publishing": True,
        "received_bps": carried_bps,
        "lag_s": 0.1 + queue_s,
        "obs": True,
        "confirms": True,
        **{f"{name}.{part}": value for name in ("att", "verizon") for part, value in one.items()},
        "att": True,
        "verizon": True,
    }


_COMMON: tuple[Mapping[str, Value], ...] = (
    _common(carried_bps=4.5e6, lower_bps=50e6),
    _common(carried_bps=2.5e6),
    _common(carried_bps=4e6, queue_s=0.3),
    _common(carried_bps=1e6, queue_s=1.0),
    _common(carried_bps=0.2e6, queue_s=5.0),
    {**_common(carried_bps=0.0, queue_s=60.0), "lag_s": 20.0, "publishing": None},
    {**_common(carried_bps=3e6), "loss_ratio": 0.1},
    {**_common(carried_bps=3e6, queue_s=0.4), "delivered_bps": 0.1e6, "ahead_bytes": 1e5, "att.dead": True},
    {},  # a scrape in which nothing is known
)

_FRESHNESS = (*(Freshness.FRESH,) * 6, Freshness.LATE, Freshness.BLIND)
_STEPS_S = (1.0, 1.0, 1.0, 0.25, 0.1, 2.0, 3.3, 7.9, 8.1, 30.0, 0.0, -3.0)
"""Between two decisions: mostly a period, now and then a gap, or a clock that was set back."""
_TIMES = (1, 1, 2, 3, 5, 8, 13, 21, 65)
"""How often an episode's reading is seen; the longest waits of the policies are 60 s."""

_HEAD = 5
_LENGTH = _HEAD + 2 * len(_PARTS)
raws = st.binary(min_size=_LENGTH, max_size=_LENGTH)


def _reading(raw: bytes, freshness: Sequence[Freshness]) -> Observation:
    """The reading that these bytes tell, at 0 s; consistent or not."""
    parts = dict(_COMMON[raw[0] % len(_COMMON)])
    wildness = raw[1] * raw[1] // _BYTE
    for at, (name, values) in enumerate(_PARTS):
        if raw[_HEAD + 2 * at] < wildness:
            parts[name] = values[raw[_HEAD + 2 * at + 1]]
    return _observation(parts, freshness[raw[2] % len(freshness)])


def _observation(parts: Mapping[str, Any], freshness: Freshness) -> Observation:
    known = parts.get
    return Observation(
        at_s=0.0,
        freshness=freshness,
        age_s=known("age_s"),
        capacity=Interval(known("lower_bps"), known("upper_bps")),
        delivered_bps=known("delivered_bps"),
        drain_time_s=known("drain_time_s"),
        backlog_bytes=known("backlog_bytes"),
        ahead_bytes=known("ahead_bytes"),
        held_up_bps=known("held_up_bps"),
        loss_ratio=known("loss_ratio"),
        min_rtt_s=known("min_rtt_s"),
        uplinks=tuple(_uplink(name, parts) for name in ("att", "verizon") if known(name)),
        ingest=IngestReading(
            *map(known, ("ingest_age_s", "publishing", "received_bps", "lag_s", "whole_s", "mended_s"))
        ),
        encoder=EncoderReading(reachable=known("confirms")),
        scene=SceneReading(known("obs"), known("scene"), picture_still_s=known("picture_still_s")),
        edge_state=known("edge_state"),
        carrier=known("carrier"),
    )


def _uplink(name: str, parts: Mapping[str, Any]) -> UplinkReading:
    return UplinkReading(
        name=name,
        delivered_bps=parts.get(f"{name}.delivered_bps"),
        rtt_s=parts.get(f"{name}.rtt_s"),
        min_rtt_s=parts.get(f"{name}.min_rtt_s"),
        dead=parts.get(f"{name}.dead"),
        loss_ratio=parts.get(f"{name}.loss_ratio"),
    )


def readings(freshness: Sequence[Freshness] = _FRESHNESS) -> st.SearchStrategy[Observation]:
    """Anything that `observe` could ever say, at 0 s; consistent or not."""
    return raws.map(lambda raw: _reading(raw, freshness))


Log = tuple[tuple[float, Observation], ...]


def _episode(raw: bytes) -> Log:
    seen = _reading(raw, _FRESHNESS)
    return ((_STEPS_S[raw[3] % len(_STEPS_S)], seen),) * _TIMES[raw[4] % len(_TIMES)]


@dataclass(frozen=True, slots=True)
class Look:
    """One decision of a past: the memory before it, what was seen, and what came of it."""

    before: State
    seen: Observation
    made: Decision


@dataclass(frozen=True, slots=True)
class Past:
    """Where a machine came from: its policy, its encoder, its first rung, and (seconds since the last, reading)."""

    policy: Policy
    traits: EncoderTraits
    start: Quality
    log: Log = ()

    def __repr__(self) -> str:
        episodes = "".join(
            f"\n  {len(list(times))} times, {step[0]} s apart: {step[1]}" for step, times in groupby(self.log)
        )
        return f"Past of {self.policy.name} from {self.start} with {self.traits}:{episodes}"

    def told(self, override: Override) -> Past:
        """The same past under an override."""
        return replace(self, log=tuple((passed_s, replace(seen, override=override)) for passed_s, seen in self.log))

    def then(self, passed_s: float, seen: Observation, *, times: int = 1) -> Past:
        """The same past, and a reading that is seen so many times more."""
        return replace(self, log=(*self.log, *((passed_s, seen),) * times))

    @property
    def first(self) -> State:
        """The memory before the first decision."""
        return at_rung(self.policy, self.start)

    def looks(self) -> Iterator[Look]:
        """The decisions that it led to; the encoder does what it is told, but an order may not be confirmed yet."""
        state, at_s = self.first, 1_000.0
        for passed_s, reading in self.log:
            at_s += passed_s
            confirmed = state.target if reading.encoder.reachable else None
            encoder = EncoderReading(reachable=True, confirmed=confirmed)
            seen = replace(reading, at_s=at_s, encoder=encoder, encoder_traits=self.traits)
            made = decide(state, seen, self.policy)
            yield Look(state, seen, made)
            state = made.state

    def decisions(self) -> list[Decision]:
        """The decisions alone."""
        return [look.made for look in self.looks()]


def _told(policy: Policy, traits: EncoderTraits, start: Quality, episodes: list[bytes]) -> Past:
    return Past(policy, traits, start, tuple(step for raw in episodes for step in _episode(raw)))


steps_s = st.sampled_from(_STEPS_S)

pasts = st.builds(
    _told,
    policy=st.sampled_from(POLICIES),
    traits=st.sampled_from((*TRAITS, UNCALIBRATED)),
    start=st.sampled_from(RUNGS),
    episodes=st.lists(raws, min_size=1, max_size=5),
)
"""Any past: consistent or not, with gaps, on any encoder."""
