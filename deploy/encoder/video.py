"""What x264 is asked to make: size, frame rate, bitrate. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LIMITS = (
    ("width_px", 64, 1920),
    ("height_px", 64, 1080),
    ("frame_rate_hz", 1, 60),
    ("bitrate_bps", 32_000, 32_000_000),
)


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """What the encoder produces: even pixels, whole frames per second, bit/s of video alone."""

    width_px: int = 1280
    height_px: int = 720
    frame_rate_hz: int = 30
    bitrate_bps: int = 4_500_000

    def __post_init__(self) -> None:
        """Refuse what x264 could not encode.

        Raises:
            ValueError: naming the first field that is out of range.
        """
        for name, lowest, highest in LIMITS:
            if not lowest <= getattr(self, name) <= highest:
                raise ValueError(f"{name} {getattr(self, name)} is outside {lowest} to {highest}")
        if self.width_px % 2 or self.height_px % 2:
            raise ValueError(f"{self.width_px}x{self.height_px} is not even: 4:2:0 needs even sizes")

    def same_geometry(self, other: VideoSettings) -> bool:
        """Whether only the bitrate tells the two apart."""
        mine = (self.width_px, self.height_px, self.frame_rate_hz)
        return mine == (other.width_px, other.height_px, other.frame_rate_hz)

    @classmethod
    def from_target(cls, target: Any) -> VideoSettings:  # noqa: ANN401 - any JSON
        """The settings of a TARGET as it was ordered.

        Raises:
            ValueError: it is no target, or nothing that x264 could encode.
        """
        if not isinstance(target, dict):
            raise ValueError("target is no object")  # noqa: TRY004 - what came over the socket, not a defect
        return cls(**{name: _whole(target, name) for name, _, _ in LIMITS})


def _whole(target: dict[str, Any], name: str) -> int:
    value = target.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"target.{name} is no whole number")  # noqa: TRY004 - what came over the socket
    return value
