"""A policy is data: presets, thresholds, windows and dwell times. Code reads it, never the reverse.

Rungs stand bottom first. `None` for a threshold means that the rung has no such rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.decision.model import Quality

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Preset:
    """What the encoder plays on a rung."""

    width_px: int
    height_px: int
    frame_rate_hz: int
    bitrate_bps: int


@dataclass(frozen=True, slots=True)
class Floor:
    """When a rung is left downwards: a condition must hold for its whole time."""

    capacity_below_bps: float
    capacity_for_s: float
    loss_above_ratio: float | None = None
    loss_for_s: float = 0.0
    # Between the bursts of one queue the bound is unknown for a blink; looks a second apart, as the table has them in
    # mind, bear none.
    capacity_gap_s: float = 0.9


@dataclass(frozen=True, slots=True)
class Climb:
    """What a rung demands before the next one is tried, for the policy's `stable_s` without a break."""

    capacity_above_bps: float
    loss_below_ratio: float | None = None
    rtt_below_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One quality state that plays a preset. The bottom has no floor, the top no climb."""

    quality: Quality
    preset: Preset
    floor: Floor | None
    climb: Climb | None


@dataclass(frozen=True, slots=True)
class Ages:
    """How old samples may be, and how far back the windows reach, in seconds."""

    fresh_s: float = 2.5  # two scrapes of 1 s and the query
    late_s: float = 8.0  # beyond it nothing is known any more
    future_s: float = 0.5  # clocks of one box agree better than this
    rate_s: float = 0.5  # with slower scrapes it is the newest two
    stall_s: float = 2.5  # longer than a dead path's data needs to be sent again on another
    held_up_s: float = 1.0  # a queue that keyframes and jitter never make
    # Short beside the 5 s that rules ask of it: over 3 s a burst of two seconds lasts five, and a rung hangs on it.
    loss_s: float = 1.0
    loss_segments: float = 200.0  # 2 % of them are four; where fewer were sent it takes longer to tell, but at most
    loss_longest_s: float = 3.0
    loss_segments_min: float = 50.0  # below it one lost segment is more than 2 %
    # What a climb asks is half a percent: of 400 segments two, which a modem that pauses for a blink sends again.
    lasting_loss_s: float = 10.0
    lasting_rtt_s: float = 2.5  # a cell change raises the round trip for a second
    late_picture_s: float = 5.0
    blind_hold_s: float = 20.0


@dataclass(frozen=True, slots=True)
class SceneRules:
    """When the picture counts as late, back, silent, spoilt, still and offline; all in seconds."""

    late_s: float = 2.0  # what a viewer's player hides
    cover_s: float = 2.1  # what is hardly later is over before OBS has changed its scene
    # Back below that: a picture that hovers at the limit would flap; a dwell would cover good pictures.
    back_s: float = 1.8
    silent_s: float = 2.0
    offline_s: float = 60.0
    # Where what comes too late is given up (SRT) the ingest lies behind the transport's buffer: it is late once that is
    # empty, and what was given up spoils the picture up to the next keyframe.
    empty_s: float = 0.5
    keyframe_s: float = 1.2  # a GOP of 2 s, less what scrape, decision and OBS take to give the picture back
    keyframe_most_s: float = 5.0  # where they are seen and none comes: longer GOPs are shown with what spoils them
    told_s: float = 1.5  # within which a trouble's end and its keyframe are told, by exporters scraped once a second
    # A picture that arrives and stands still in OBS. Its media clock was seen to stop up to 2.5 s after its sender.
    still_s: float = 3.0
    # On program for so long first: an OBS that closes its source while it is not shown needs 5 s to open it again,
    opening_s: float = 6.0
    still_for_s: float = 30.0  # and shows only on program whether it moves, so that it must be tried again.


@dataclass(frozen=True, slots=True)
class Probe:
    """How RECOVERY finds out what the stream is too small to show: the bitrate rises within the geometry."""

    factor: float = 1.25
    every_s: float = 4.0
    headroom: float = 1.05  # a lower bound cannot exceed what is sent


@dataclass(frozen=True, slots=True)
class Trim:
    """Parameters of the adaptive policy's bitrate law. Rates in bit/s, times in seconds, shares 0 to 1."""

    # Of a queue. Keyframes alone make 0.2 s now and then, never more than 0.25 s at p99.
    empty_s: float = 0.12
    cut_s: float = 0.25
    # A shorter one, too, that was seen the last time and has grown since, while far less is carried than is sent: a
    # keyframe's queue comes at once and shrinks. Then the rate goes a part of the way, as most such dips are shallow.
    rising_s: float = 0.03
    short_of: float = 0.9  # of the rate
    first_share: float = 0.5  # of the way to what would drain the queue
    target_s: float = 0.2  # a little queue shows the capacity; the viewer's budget is 2 s
    deep_queue_s: float = 0.5
    drain_s: float = 1.2
    usable: float = 0.97  # of the rate carried
    deadband: float = 0.1
    deepest: float = 0.13  # of the old rate, in one cut: one wrong reading must not end the picture
    smoothing: float = 0.5
    follow_bps_per_s: float = 1_500_000.0
    # Without a queue.
    short_dip_s: float = 4.6  # a cell change or a dead path's retransmissions, not a new place
    restore: float = 0.94
    returns: float = 0.89  # of what a queue showed, where the dip was no short one, or an uplink is still dead
    clean_s: float = 0.5
    sooner_s: float = 0.25  # where the links have just shown so much that
    shown: float = 0.7  # of it is more than the rate
    # A climb overshoots until its queue has shown and an order has taken effect: a faster loop may climb faster.
    climb_bps: float = 850_000.0  # within such a time
    creep_bps: float = 600_000.0  # near a ceiling
    shows_s: float = 0.4  # until a little too much is a queue
    near: float = 0.9
    ceiling_for_s: float = 20.0
    again_s: float = 7.0  # restores closer than this are a row
    restores: int = 4  # in a row, then none until the ceiling is forgotten


@dataclass(frozen=True, slots=True)
class Following:
    """How state and geometry follow the trimmed bitrate."""

    band: float = 0.6  # of the preset; below it the rung no longer fits
    band_for_s: float = 20.0
    landing_s: float = 2.0  # below a rung's band for so long, a fall goes past it; a path's death takes 1.5 s
    climb_after_s: float = 1.0  # at the rung's own rate without a queue
    proof_for_s: float = 2.0  # inside the next rung's band
    # One second of wrong geometry costs this share of the bitrate between the rate and the band.
    misfit_share: float = 0.5
    freeze_bps: float = 18_000_000.0  # one second without picture weighs as much as four of the top rate


@dataclass(frozen=True, slots=True)
class Restart:
    """Parameters of the bitrate law where every change is a restart. Times in seconds, shares 0 to 1.

    Found on generated drives, and on recorded ones in other pairings, turns and scalings than those published.
    """

    clear_s: float = 0.18  # of queue; keyframes and jitter make as much
    smooth_s: float = 1.0  # over which the rate carried is taken, so that one look does not decide
    # A queue is borne until so many seconds of media wait in it; the viewer's budget is 2 s.
    age_least_s: float = 1.3  # where the rate has failed often: the restart's 2 s then hide what would come late
    age_most_s: float = 1.9  # where it holds for `sure_s`: most queues go by themselves, a fall costs two restarts
    sure_s: float = 175.0
    draining: float = 0.68  # of the queue a second ago; when less is left, it goes by itself
    usable: float = 0.92  # of the rate carried
    deepest: float = 0.61  # of the old rate in the first fall, as a short fade is mostly over when the picture returns
    drain_s: float = 60.0  # a second fall gets rid of the queue within it: the fade is not short
    hole: float = 0.29  # of the rate; when less is carried it is a hole, which any rate would have met
    dark: float = 0.1  # of the rate; when less is carried another restart teaches nothing: after the first
    dark_s: float = 8.0  # it waits this long, then goes to the bottom
    # A climb needs a calm in which the links have shown the rate, or else a long one.
    shown: float = 1.4  # of the lower bound of capacity: keyframes are short trains, and show too little
    shown_s: float = 2.5
    shown_half_life_s: float = 6.3  # while it is not shown any more
    calm_s: float = 100.0
    # Above the still rate it is a wager against standing still, made when won and shown gains prove it; see `standing`.
    proof_bits: float = 250_000_000.0  # more than two climbs that fail at once and are undone
    proof_shown_bits: float = 50_000_000.0  # of them at least, since the last queue: more than the climb costs
    proof_half_life_s: float = 180.0  # of what was shown: a place left minutes ago says little of this one
    proof_calm_s: float = 185.0  # or so long without a queue: not all links show what is not sent; the top in 5 min
    shown_weight: float = 1.9  # a second of it shown counts as so many of the rate held
    calm_weight: float = 22.0  # and one of calm
    prior_failures: float = 1.7  # so that a rate without a past is not expected to hold for ever
    worth_bits: float = 157_000_000.0  # what a climb must promise: two restarts, twice, at 18 Mbit for a dark second
    half_life_s: float = 1_160.0
    # What was won against standing still; see `standing`.
    kept: float = 0.6  # of the most that was won: when less is left of it, it proves nothing any more
    account_s: float = 3_600.0  # the account's half-life
    deepest_bits: float = 50_000_000.0  # of debt; what was lost beyond is forgotten, or no link were trusted again
    spare: float = 1.2  # what links without a queue carry, over what they show
    near: float = 1.15  # of the still rate, either way: a fall goes there itself, where nothing can be lost
    fall_stake: float = 1.5  # of the price of a fall and its climb, that must be there
    # Or a picture late for so long. Most fades of 10 s are over when a fall has taken effect, which costs more than it
    # saves then.
    patience_s: float = 18.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that `decide` is told about how to behave. `adapts` chooses trimming over the table."""

    name: str
    rungs: tuple[Rung, ...]
    start: Quality
    safe: Quality
    stable_s: float
    recovery_s: float
    ages: Ages = Ages()
    scenes: SceneRules = SceneRules()
    probe: Probe = Probe()
    adapts: bool = False
    trim: Trim = Trim()
    restart: Restart = Restart()
    following: Following = Following()

    def __repr__(self) -> str:
        return f"Policy({self.name!r})"

    def rung(self, quality: Quality) -> Rung:
        """The rung that plays as `quality`; RECOVERY is not a rung and raises KeyError."""
        for rung in self.rungs:
            if rung.quality is quality:
                return rung
        raise KeyError(f"{quality} is not a rung of policy {self.name!r}")

    def height(self, quality: Quality) -> int:
        """Position of the rung `quality` from the bottom, 0 first."""
        return self.rungs.index(self.rung(quality))

    def next_up(self, quality: Quality) -> Rung | None:
        """The rung above `quality`, or None at the top."""
        position = self.height(quality) + 1
        return self.rungs[position] if position < len(self.rungs) else None

    def next_down(self, quality: Quality) -> Rung | None:
        """The rung below `quality`, or None at the bottom."""
        position = self.height(quality)
        return self.rungs[position - 1] if position > 0 else None

    def downwards_from(self, quality: Quality) -> Iterator[Rung]:
        """The rung `quality` and those below it, highest first."""
        return reversed(self.rungs[: self.height(quality) + 1])
