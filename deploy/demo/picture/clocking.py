"""From packets to capture times, without decoding them all. Pure."""

from __future__ import annotations

from dataclasses import dataclass

JUMP_S = 5.0  # media time that leaps further belongs to another session of the publisher


@dataclass(frozen=True, slots=True)
class PictureClock:
    """Media time of the newest picture, and the capture time minus media time of its group of pictures.

    Media time advances with capture time at the encoder, so one stamp per group is enough: the
    pictures after a stamped keyframe were taken as much later as their media time says.
    """

    media_s: float | None = None
    offset_s: float | None = None

    def after(self, media_s: float) -> PictureClock:
        """The clock after a picture without a look at its stamp."""
        if self.media_s is None or self.offset_s is None:
            return PictureClock(media_s, None)
        steady = 0 <= media_s - self.media_s <= JUMP_S
        return PictureClock(media_s, self.offset_s if steady else None)

    def at_stamp(self, media_s: float, captured_s: float | None) -> PictureClock:
        """The clock at a keyframe that was decoded; `captured_s` is its stamp, None if it has none."""
        return PictureClock(media_s, None if captured_s is None else captured_s - media_s)

    @property
    def captured_s(self) -> float | None:
        """When the newest picture was taken, epoch seconds; None where no stamp says."""
        if self.media_s is None or self.offset_s is None:
            return None
        return self.media_s + self.offset_s
