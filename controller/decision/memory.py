"""What the machine remembers between two decisions, as one frozen value.

It can be written to disk as plain data and read back, so that a controller that crashed goes on where
it was. Plain data that does not fit is refused whole: a fresh start is safer than half a memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin, get_type_hints

from controller.decision.clocks import Clocks
from controller.decision.model import EncoderTarget, Quality, Scene
from controller.decision.trust import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.decision.policy import Policy, Preset

Plain = dict[str, Any] | list[Any] | str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """RECOVERY in progress: since when, the bitrate now tried, since when, and whether the proof is made."""

    since_s: float
    probe_bps: float
    probe_since_s: float
    proved: bool = False


@dataclass(frozen=True, slots=True)
class TrimMemory:
    """What the adaptive policy's bitrate law remembers. Rates in bit/s, times on the samples' clock.

    `rate_bps` is what the law wants; `carried_bps` what the links carried lately while a queue stood.
    `dip_since_s` and `before_dip_bps` tell of the first cut of a dip that is not over;
    `ceiling_bps` is what the links carried when they last refused more.
    `restored_at_s` is when the rate before a dip last came back in one step, `restores` how often in a row.
    `queue_s` is the queue of the last look, `shown_bps` what the links carried at the last look at a standing one.
    """

    rate_bps: float
    at_s: float | None = None
    carried_bps: float | None = None
    empty_since_s: float | None = None
    dip_since_s: float | None = None
    before_dip_bps: float = 0.0
    ceiling_bps: float | None = None
    ceiling_at_s: float = 0.0
    restored_at_s: float | None = None
    restores: int = 0
    queue_s: float = 0.0
    shown_bps: float = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What is known of one rate: for how many seconds it was carried without a queue, and how often it failed.

    It fails too where a fall shows that it would have. Both fade with time, so neither is whole. `shown_s` is for
    how long the links have shown, since the last change and the last queue, that they would carry it; that fades too.
    """

    held_s: float = 0.0
    failures: float = 0.0
    shown_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """What changes have won against standing still, in bits, and the queue that standing still would have now.

    `best_bits` is the most that was won, which fades like it.
    """

    won_bits: float = 0.0
    best_bits: float = 0.0
    still_bits: float = 0.0


@dataclass(frozen=True, slots=True)
class Patience:
    """What the bitrate law for restarting encoders remembers. Rates in bit/s, times on the samples' clock.

    `calm_s` is how long no queue to speak of stood, `queued_bits` what stood at the last look. `carried_bps` is what
    the links carried lately while a queue stood, `late_s` for how long it was too old a one. `falling` says that
    the queue of the last fall is not gone yet, `dark` that next to nothing was carried then. `trials` are those of
    the rates that a climb may reach, bottom first; empty before the first look.
    """

    rate_bps: float
    at_s: float | None = None
    changed_s: float | None = None
    calm_s: float = 0.0
    queued_bits: float = 0.0
    carried_bps: float | None = None
    late_s: float = 0.0
    falling: bool = False
    dark: bool = False
    trials: tuple[Trial, ...] = ()
    account: Account = field(default_factory=Account)


@dataclass(frozen=True, slots=True)
class State:
    """The machine's memory. `base` is the rung that plays: `quality` itself, or where RECOVERY came from.

    `geometry` is the rung whose picture size the encoder has, which may lag behind where a change of it
    costs picture; `misfit_bits` is what that has cost so far. `in_force_bps` is the bitrate last read back.
    """

    quality: Quality
    base: Quality
    geometry: Quality
    target: EncoderTarget
    trim: TrimMemory
    patience: Patience | None = None
    scene: Scene | None = None
    at_s: float | None = None
    since_s: float | None = None
    blind_since_s: float | None = None
    recovery: Recovery | None = None
    misfit_bits: float = 0.0
    in_force_bps: float | None = None
    clocks: Clocks = field(default_factory=Clocks)
    scene_clocks: Clocks = field(default_factory=Clocks)
    uplinks: tuple[Record, ...] = ()

    @classmethod
    def initial(cls, policy: Policy) -> State:
        """Before the first decision: on the policy's start rung, with no scene ordered."""
        preset = policy.rung(policy.start).preset
        return cls(
            quality=policy.start,
            base=policy.start,
            geometry=policy.start,
            target=target_of(preset),
            trim=TrimMemory(rate_bps=preset.bitrate_bps),
        )

    def to_plain(self) -> dict[str, Any]:
        """The memory as JSON-able data."""
        return {one.name: _to_plain(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> State:
        """The memory that `to_plain` wrote; raises ValueError naming the first part that does not fit."""
        return cast("State", _from_plain(cls, plain, "state"))


def target_of(preset: Preset) -> EncoderTarget:
    """The encoder's target for a preset as it stands."""
    return EncoderTarget(
        bitrate_bps=preset.bitrate_bps,
        width_px=preset.width_px,
        height_px=preset.height_px,
        frame_rate_hz=preset.frame_rate_hz,
    )


def _to_plain(value: object) -> Plain:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_to_plain(one) for one in value]
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} is not plain data")


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _from_plain(kind: Any, plain: Any, where: str) -> Any:  # noqa: ANN401 - kinds are annotations
    if get_origin(kind) in {Union, UnionType}:
        if plain is None and NoneType in get_args(kind):
            return None
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), plain, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind, plain, where)
    return _scalar(kind, plain, where)


def _tuple(kinds: tuple[Any, ...], plain: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    if not isinstance(plain, list | tuple):
        raise ValueError(f"{where} is not a list: start from an initial state")  # noqa: TRY004 - one error for bad data
    if kinds[-1] is Ellipsis:
        return tuple(_from_plain(kinds[0], one, f"{where}[{k}]") for k, one in enumerate(plain))
    if len(plain) != len(kinds):
        raise ValueError(f"{where} has {len(plain)} parts, not {len(kinds)}: start from an initial state")
    return tuple(
        _from_plain(kind, one, f"{where}[{k}]") for k, (kind, one) in enumerate(zip(kinds, plain, strict=True))
    )


def _dataclass(kind: type, plain: Any, where: str) -> object:  # noqa: ANN401 - as above
    hints = _hints(kind)
    if not isinstance(plain, dict) or set(plain) != set(hints):
        raise ValueError(f"{where} is not a {kind.__name__} of this version: start from an initial state")
    return kind(**{name: _from_plain(hints[name], plain[name], f"{where}.{name}") for name in hints})


def _scalar(kind: Any, plain: Any, where: str) -> object:  # noqa: ANN401 - as above
    number = isinstance(plain, int | float) and not isinstance(plain, bool)
    if kind is float and number and isfinite(plain):
        return float(plain)
    if kind in {int, str, bool} and type(plain) is kind:
        return cast("object", plain)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and plain in set(kind):
        return kind(plain)
    raise ValueError(f"{where} is {plain!r}, not {getattr(kind, '__name__', kind)}: start from an initial state")
