"""One override as it stands: by whom, since when, under which number; and the two that may stand at once.

Pure. An override by hand goes before one that an alert asked for; when it ends, the alert's is in force
again for what is left of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Any

from controller.decision.model import Override, Quality, Scene

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REASON = 200
# A forgotten override must not outlive a stream; a longer one is given again.
MAX_FOR_S = 4 * 3_600.0
DEFAULT_FOR_S = 600.0
_KINDS: dict[str, type | tuple[type, ...]] = {
    "until_s": (int, float),
    "reason": str,
    "hold": bool,
    "emergency": bool,
    "audio_only": bool,
}


class By(StrEnum):
    """Who gave an override."""

    HAND = "hand"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Standing:
    """An override with its number, which only rises, and the moment when it was given (seconds since the epoch)."""

    number: int
    by: By
    given_s: float
    override: Override

    def stands(self, now_s: float) -> bool:
        """Whether it is in force at `now_s`."""
        return now_s < self.override.until_s


@dataclass(frozen=True, slots=True)
class Book:
    """All that is remembered: the last number given, and the last override of each origin.

    `followed` is the last number taken over from another controller's book, and `source` that book's name.
    """

    number: int = 0
    hand: Standing | None = None
    alert: Standing | None = None
    source: str = ""
    followed: int = 0

    def in_force(self, now_s: float) -> Standing | None:
        """The override that counts at `now_s`."""
        return next((one for one in (self.hand, self.alert) if one is not None and one.stands(now_s)), None)

    def of(self, by: By) -> Standing | None:
        """The last override given by `by`, ended or not."""
        return self.hand if by is By.HAND else self.alert


def ordered(override: Override) -> tuple[str, ...]:
    """What an override orders, in words, each like "state LOW"; empty when it orders nothing."""
    words = (
        f"state {override.state}" if override.state else "",
        f"at most {override.bitrate_cap_bps / 1000:.0f} kbit/s" if override.bitrate_cap_bps is not None else "",
        f"scene {override.scene}" if override.scene else "",
        "hold" if override.hold else "",
        "emergency" if override.emergency else "",
        "audio only" if override.audio_only else "",
    )
    return tuple(word for word in words if word)


def override_to_plain(override: Override) -> dict[str, Any]:
    """An override as plain data."""
    return asdict(override)


def override_from_plain(plain: Mapping[str, Any]) -> Override:
    """The override in plain data.

    Raises:
        ValueError: it is none, or orders nothing.
    """
    known = {one.name for one in fields(Override)}
    if set(plain) - known:
        raise ValueError(f"unknown keys {sorted(set(plain) - known)}")
    for name, kind in _KINDS.items():
        value = plain.get(name, False)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise ValueError(f"{name} has a wrong type")
    if not isfinite(plain["until_s"]):
        raise ValueError("until_s is not finite")
    cap_bps = plain.get("bitrate_cap_bps")
    if cap_bps is not None and (isinstance(cap_bps, bool) or not isinstance(cap_bps, int) or cap_bps <= 0):
        raise ValueError("bitrate_cap_bps is no bitrate")
    state, scene = plain.get("state"), plain.get("scene")
    found = Override(
        **{
            **plain,
            "state": None if state is None else Quality(state),
            "scene": None if scene is None else Scene(scene),
        }
    )
    if not ordered(found):
        raise ValueError("it orders nothing")
    return found


def book_to_plain(book: Book) -> dict[str, Any]:
    """A book as plain data."""
    return {
        "number": book.number,
        "source": book.source,
        "followed": book.followed,
        **{by.value: _standing_to_plain(book.of(by)) for by in By},
    }


def _standing_to_plain(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {
        "number": standing.number,
        "given_s": standing.given_s,
        "override": override_to_plain(standing.override),
    }


def book_from_plain(plain: Any) -> Book:  # noqa: ANN401 - whatever the file holds
    """The book in plain data.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(plain, dict):
        raise ValueError("not a book of overrides")  # noqa: TRY004 - one kind of error for all unusable files
    try:
        return Book(
            number=_whole(plain["number"]),
            hand=_standing_from_plain(By.HAND, plain.get("hand")),
            alert=_standing_from_plain(By.ALERT, plain.get("alert")),
            source=str(plain["source"]),
            followed=_whole(plain["followed"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a book of overrides: {error}") from None


def _standing_from_plain(by: By, plain: Any) -> Standing | None:  # noqa: ANN401 - whatever the file holds
    if plain is None:
        return None
    override = override_from_plain(plain["override"])
    return Standing(_whole(plain["number"]), by, float(plain["given_s"]), override)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a number is not a whole one")
    return value
