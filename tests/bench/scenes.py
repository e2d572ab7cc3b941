"""What the scenes covered, and how far the quality state told the truth about the bitrate.

The viewer's latency is fixed, so a picture captured at t is due on the program 2 s later: a scene
covers a frozen picture when it is shown at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.decision.policies import LOCKED
from tests.bench.history import History
from tests.bench.score import Flags, Floats, Scored, runs
from tests.bench.simulation import BUDGET_S

MAIN, AUDIO_ONLY, RECOVERY = "main", "audio_only", "RECOVERY"
GRACE_S = 2.0  # how soon a scene shall cover a frozen picture
FOLLOW_S = 20.0  # how soon the state shall follow its bitrate
BAND = 0.6  # below this share of its preset a state no longer says what is sent
_ROUNDING = 1.01
_PRESETS_KBPS = {rung.quality.value: rung.preset.bitrate_bps / 1_000.0 for rung in LOCKED.rungs}
_UPWARDS = tuple(_PRESETS_KBPS)


@dataclass(frozen=True, slots=True)
class SceneMeasures:
    """The scene columns of one run.

    Attributes:
        exposed_s_per_h: a frozen picture on the main scene.
        covered_s_per_h: a frozen picture behind another scene.
        due_s_per_h: frozen for more than `GRACE_S`: what should be covered by then.
        covered_due_s_per_h: the part of that which was.
        shown_while_fine_s_per_h: another scene over a picture that was fine; audio-only, which the
            state orders, is not counted.
        out_of_band_s_per_h: the bitrate outside of what the state says, 60 % to 100 % of its preset, for
            longer than the 20 s within which the state has to follow.
        trimmed_s_per_h: all the time outside of that band.
    """

    exposed_s_per_h: float
    covered_s_per_h: float
    due_s_per_h: float
    covered_due_s_per_h: float
    shown_while_fine_s_per_h: float
    out_of_band_s_per_h: float
    trimmed_s_per_h: float


def measure_scenes(history: History, run: Scored) -> SceneMeasures | None:
    """The scene columns; None for a policy that has neither scenes nor states."""
    if not history.scenes and not history.states:
        return None
    due = round(BUDGET_S * run.steps_per_s)
    other = _held([(at, scene != MAIN) for at, scene in history.scenes], history.steps + due, first=False)
    audio = _held([(at, scene == AUDIO_ONLY) for at, scene in history.scenes], history.steps + due, first=False)
    shown, ordered = other[due:][run.first :], audio[due:][run.first :]
    late = _beyond(run.frozen, round(GRACE_S * run.steps_per_s))
    outside = out_of_band(history)[run.first :]
    return SceneMeasures(
        exposed_s_per_h=_per_hour(run.frozen & ~shown),
        covered_s_per_h=_per_hour(run.frozen & shown),
        due_s_per_h=_per_hour(late),
        covered_due_s_per_h=_per_hour(late & shown),
        shown_while_fine_s_per_h=_per_hour(shown & ~ordered & ~run.frozen),
        out_of_band_s_per_h=_per_hour(_beyond(outside, round(FOLLOW_S * run.steps_per_s))),
        trimmed_s_per_h=_per_hour(outside),
    )


def out_of_band(history: History) -> Flags:
    """Which steps' bitrate lies outside the band of the state; RECOVERY may probe up to the next preset."""
    low, high = np.zeros(history.steps), np.full(history.steps, np.inf)
    base = ""
    for (at, state), (end, _) in zip(history.states, [*history.states[1:], (history.steps, "")], strict=True):
        base = base if state == RECOVERY and base else state
        if base not in _PRESETS_KBPS:
            continue
        above = _UPWARDS[min(_UPWARDS.index(base) + 1, len(_UPWARDS) - 1)] if state == RECOVERY else base
        low[at:end] = BAND * _PRESETS_KBPS[base]
        high[at:end] = _PRESETS_KBPS[above]
    rate = np.array(history.rate)
    flags: Flags = (rate * _ROUNDING < low) | (rate > high * _ROUNDING)
    return flags


def _held(changes: list[tuple[int, bool]], steps: int, *, first: bool) -> Flags:
    row: npt.NDArray[np.bool_] = np.full(steps, first)
    for at, value in changes:
        row[at:] = value
    return row


def _beyond(flags: Flags, grace: int) -> Flags:
    """What of each stretch of true flags comes after its first `grace` steps."""
    late = np.zeros(len(flags), dtype=bool)
    for start, length in zip(*(part.tolist() for part in runs(flags)), strict=True):
        late[start + grace : start + length] = True
    return late


def _per_hour(flags: Flags) -> float:
    shares: Floats = flags.astype(np.float64)
    return float(shares.mean()) * 3_600.0
