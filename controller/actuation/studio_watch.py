"""What reads of OBS show only one after the other: what stands still, what skips, who talks unheard. Pure.

Times are seconds on the monotonic clock. Thresholds of alerts stand in the alerting rules; those here decide
what the operator reads at once on the page and in `vvlive status`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from controller.ports import MediaState, StudioStatus

# OBS's media clock was seen to stop 1.5 to 2.5 s after its sender.
SUSPICIOUS_S = 2.0
# A look at the picture makes OBS read a frame back from the renderer: 2 to 40 ms.
LOOK_EVERY_S = 5.0
# Three seconds are more than any scene change or key frame costs.
STILL_S = 3.0
# -30 dBFS: speech peaks between -20 and -6, the hum of a room stays below -40.
SPEECH_PEAK = 0.03
# Speech pauses for breath.
SPEECH_HOLD_S = 3.0
RATIOS_OVER_S, RATIOS_FROM_S = 10.0, 5.0
TOO_MANY_SKIPPED, TOO_MANY_DROPPED = 0.05, 0.02


Count = Callable[[StudioStatus], int | None]


@dataclass(frozen=True, slots=True)
class Since:
    """A value and since when it has been so."""

    value: object
    since_s: float


@dataclass(frozen=True, slots=True)
class StudioWatch:
    """OBS over the last reads. What no read has shown yet is None."""

    status: StudioStatus | None = None
    at_s: float = 0.0
    bytes_sent: Since | None = None
    frames_sent: Since | None = None
    position: Since | None = None
    picture: Since | None = None
    picture_moves: bool = False
    looked_s: float | None = None
    spoke_s: float | None = None
    past: tuple[tuple[float, StudioStatus], ...] = field(default=(), repr=False)

    @property
    def output_still_s(self) -> float | None:
        """For how long nothing has left a stream that runs; None when none runs, or that is unknown."""
        since_s = [kept.since_s for kept in (self.bytes_sent, self.frames_sent) if kept is not None]
        return self.at_s - min(since_s) if since_s else None

    @property
    def picture_still_s(self) -> float | None:
        """For how long neither clock nor picture of the ingest's source has moved; None when neither is known."""
        if self.picture_moves:
            return 0.0
        since_s = [kept.since_s for kept in (self.position, self.picture) if kept is not None]
        return self.at_s - max(since_s) if since_s else None

    @property
    def clock_still_s(self) -> float | None:
        """The same where a media clock has run, so that a camera before a still life is not taken for a frozen one."""
        return None if self.position is None or self.position.value is None else self.picture_still_s

    @property
    def talks_unheard(self) -> bool | None:
        """Whether somebody speaks into the muted input; None where loudness is unknown."""
        if self.status is None or self.status.ingest_muted is None:
            return None
        if not self.status.ingest_muted:
            return False
        spoke = self.spoke_s is not None and self.at_s - self.spoke_s < SPEECH_HOLD_S
        return spoke if self.status.sound_raw_peak is not None else None

    def share(self, part: Count, whole: Count) -> float | None:
        """What share of `whole` was `part` over the last five to ten seconds; None where that is unknown."""
        if not self.past or self.past[-1][0] - self.past[0][0] < RATIOS_FROM_S:
            return None
        parts, wholes = (_rise(count, self.past[0][1], self.past[-1][1]) for count in (part, whole))
        return None if parts is None or not wholes else parts / wholes


def watched(before: StudioWatch, status: StudioStatus, *, now_s: float) -> StudioWatch:
    """`before` with one more read. An OBS that does not answer, or is not ready, is watched anew afterwards."""
    if not status.reachable or status.scene_name is None:
        return StudioWatch()
    streams = status.streaming is True
    ends = before.status is not None and _starts_anew(before.status, status)
    past = () if ends else tuple(kept for kept in before.past if now_s - kept[0] <= RATIOS_OVER_S)
    speaks = status.sound_raw_peak is not None and status.sound_raw_peak >= SPEECH_PEAK
    position = _position(before.position, status, now_s)
    runs = position is not None and position.since_s == now_s
    return StudioWatch(
        status=status,
        at_s=now_s,
        bytes_sent=_kept(before.bytes_sent, status.output_bytes, now_s) if streams else None,
        frames_sent=_kept(before.frames_sent, status.output_total_frames, now_s) if streams else None,
        position=position,
        picture=None if runs else before.picture,
        picture_moves=before.picture_moves and not runs,
        looked_s=before.looked_s,
        spoke_s=now_s if speaks else before.spoke_s,
        past=(*past, (now_s, status)),
    )


def wants_look(watch: StudioWatch) -> bool:
    """Whether the picture itself should be looked at: its clock stands or there is none, and OBS claims to play."""
    status = watch.status
    if status is None or status.media_state not in (None, MediaState.PLAYING, MediaState.BUFFERING):
        return False
    if watch.looked_s is not None and watch.at_s - watch.looked_s < LOOK_EVERY_S:
        return False
    return watch.position is None or watch.at_s - watch.position.since_s >= SUSPICIOUS_S


def looked(watch: StudioWatch, picture: str | None, *, now_s: float) -> StudioWatch:
    """`watch` with a look at the picture, of which `picture` is a digest; None when there was none to see."""
    if picture is None:
        return replace(watch, looked_s=now_s)
    if watch.picture is None:  # a first look proves no movement: it has stood for as long as the clock has
        since_s = now_s if watch.position is None else watch.position.since_s
        return replace(watch, picture=Since(picture, since_s), looked_s=now_s)
    moves = watch.picture.value != picture
    kept = Since(picture, now_s) if moves else watch.picture
    return replace(watch, picture=kept, picture_moves=moves, looked_s=now_s)


def findings(watch: StudioWatch) -> tuple[str, ...]:
    """What is wrong, one line each, in words that do not change while it is."""
    status = watch.status
    if status is None:
        return ()
    live = status.streaming is True
    found = (
        (live and status.reconnecting is True, "its stream is cut off from the platform and reconnects"),
        (
            live and not status.reconnecting and (watch.output_still_s or 0) >= STILL_S,
            "it streams, but nothing leaves it",
        ),
        ((watch.picture_still_s or 0) >= STILL_S, "the ingest's picture stands still in it"),
        (live and status.ingest_muted is True, "it is live without sound: the input is muted"),
        (live and watch.talks_unheard is True, "somebody speaks into the muted input"),
        (
            (_skipped(watch) or 0) > TOO_MANY_SKIPPED,
            "it skips frames: this machine is too slow for it",
        ),
        (
            (_dropped(watch) or 0) > TOO_MANY_DROPPED,
            "it drops frames: the way to the platform is too slow for its bitrate",
        ),
    )
    return tuple(text for is_so, text in found if is_so)


def _dropped(watch: StudioWatch) -> float | None:
    return watch.share(lambda one: one.output_skipped_frames, lambda one: one.output_total_frames)


def _skipped(watch: StudioWatch) -> float | None:
    encoder = watch.share(lambda one: one.encoder_skipped_frames, lambda one: one.encoder_total_frames)
    render = watch.share(lambda one: one.render_skipped_frames, lambda one: one.render_total_frames)
    return max((share for share in (encoder, render) if share is not None), default=None)


def _kept(before: Since | None, value: object, now_s: float) -> Since | None:
    if value is None:
        return None
    return before if before is not None and before.value == value else Since(value, now_s)


def _position(before: Since | None, status: StudioStatus, now_s: float) -> Since | None:
    """The media clock. A source that has none yet, or has ended, stands since its last position."""
    if status.media_state is None:
        return None
    if not status.media_cursor_s:  # a source that connects anew and again without a picture begins at 0 each time
        return before or Since(None, now_s)
    return _kept(before, status.media_cursor_s, now_s)


def _starts_anew(before: StudioStatus, after: StudioStatus) -> bool:
    """Whether a counter fell: the stream or OBS itself was started again."""
    counts = ((one.output_total_frames, one.encoder_total_frames, one.render_total_frames) for one in (before, after))
    return any(a is not None and b is not None and b < a for a, b in zip(*counts, strict=True))


def _rise(count: Count, first: StudioStatus, last: StudioStatus) -> int | None:
    before, after = count(first), count(last)
    return None if before is None or after is None else after - before
