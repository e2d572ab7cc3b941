"""What was found, as values, and how each part is judged. Pure: what was read and the moment are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from controller.ports import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from controller.ports import EncoderStatus, StudioAnswer, StudioStatus, Window

# A clock ahead of the samples' by more than a scrape's way is wrong, on one of the two machines.
_CLOCK_SLACK_S = 1.0
# SQLite needs room for its log beside the file itself.
_ROOM_BESIDE_BYTES = 100_000_000
_BY_OTHERS = 0o077


class Verdict(StrEnum):
    """How bad it is. `WRONG` keeps automation from its work; a `REMARK` is worth a thought."""

    FINE = "fine"
    REMARK = "remark"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, what was found of it, and what to do; `remedy` is None where nothing is to be done."""

    about: str
    verdict: Verdict
    text: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A directory: whether it can be written, and the bytes that are free for it."""

    directory: Path
    writable: bool
    free_bytes: int


def of_prometheus(
    answer: Window | NoAnswer, *, now_s: float, max_age_s: float, match: Mapping[str, str]
) -> Iterator[Finding]:
    """Whether it answers, has this rig's samples, and whether these are new enough to decide from."""
    labels = ", ".join(f"{name}={value}" for name, value in match.items())
    if isinstance(answer, NoAnswer):
        why = answer.why.removeprefix("unknown because ")
        yield Finding("prometheus", Verdict.WRONG, why, "start it, and compare prometheus.url with where it listens")
        return
    if answer.newest_s is None:
        yield Finding(
            "prometheus",
            Verdict.WRONG,
            f"it answers, and has no sample with {labels} of the last seconds",
            "start the exporters, and give its targets that label (prometheus/prometheus-edge.yml, prometheus-vps.yml)",
        )
        return
    age_s = now_s - answer.newest_s
    text = f"{len(answer.series)} series with {labels}, the newest {age_s:.1f} s old"
    if age_s < -_CLOCK_SLACK_S:
        yield Finding("prometheus", Verdict.WRONG, f"{text}: from the future", "set the clocks of both machines by NTP")
    elif age_s > max_age_s:
        yield Finding(
            "prometheus",
            Verdict.WRONG,
            f"{text}; automation needs {max_age_s:g} s",
            "scrape every second or faster; on the VPS see whether the rig's remote_write arrives",
        )
    else:
        yield Finding("prometheus", Verdict.FINE, text)


def of_encoder(status: EncoderStatus) -> Finding:
    """Whether it answers; what its changes cost is `vvlive doctor encoder`'s."""
    if not status.reachable:
        return Finding("encoder", Verdict.WRONG, status.problem or "it does not answer")  # which says what to do
    plays = status.configured
    if plays is None:
        return Finding("encoder", Verdict.REMARK, "it answers, and does not say what it plays", "vvlive doctor encoder")
    size = f"{plays.width_px}x{plays.height_px} at {plays.frame_rate_hz} fps, {plays.bitrate_bps / 1000:.0f} kbit/s"
    return Finding("encoder", Verdict.FINE, f"it answers and plays {size}")


def of_studio(
    status: StudioStatus, inputs: StudioAnswer | None, *, scenes: Collection[str], source: str | None
) -> Iterator[Finding]:
    """Whether OBS answers, and has the scenes and the source that the configuration names."""
    if not status.reachable:
        yield Finding("obs", Verdict.WRONG, status.problem or "it does not answer")  # which says what to do
        return
    yield Finding("obs", Verdict.FINE, f"it answers and shows {status.scene_name}")
    for name in sorted(set(scenes) - set(status.scene_names)):
        remedy = "make one of that name, or write another under obs.scenes"
        yield Finding("obs scenes", Verdict.WRONG, f"there is no scene {name}", remedy)
    if source is None:
        remedy = "write the name of the media source that plays the ingest"
        yield Finding("obs source", Verdict.REMARK, "obs.ingest_source is not configured", remedy)
    elif inputs is not None and inputs.ok and source not in _names(inputs.data.get("inputs")):
        remedy = "make one of that name, or write another as obs.ingest_source"
        yield Finding("obs source", Verdict.WRONG, f"there is no source {source}", remedy)


def _names(inputs: object) -> set[object]:
    rows: list[Any] = inputs if isinstance(inputs, list) else []
    return {row.get("inputName") for row in rows if isinstance(row, dict)}


def of_link(problem: str | None) -> Finding:
    """Whether the VPS's controller answers and takes the token."""
    if problem is None:
        return Finding("link", Verdict.FINE, "the VPS's controller answers and takes the token")
    remedy = "see that it runs, that both proxies do, and that both ends have the same token"
    return Finding("link", Verdict.WRONG, problem, remedy)


def of_controller(health: Mapping[str, Any] | None, *, listen: str) -> Finding:
    """Whether the controller itself runs here."""
    if health is None:
        return Finding(
            "controller", Verdict.REMARK, f"nothing answers at {listen}", "systemctl start vvlive-controller"
        )
    if not health.get("healthy"):
        text = str(health.get("problem") or "it says that it is not healthy").strip()
        return Finding("controller", Verdict.WRONG, text, "journalctl -u vvlive-controller -n 50")
    return Finding("controller", Verdict.FINE, f"it runs, at {listen}")


def of_clock(synchronised: bool | None) -> Finding:  # noqa: FBT001 - what was read, not a switch
    """Whether this machine's clock is set from elsewhere: ages and billing months are judged by it."""
    remedy = "timedatectl set-ntp true, and see `timedatectl timesync-status`"
    if synchronised is None:
        return Finding("clock", Verdict.UNKNOWN, "timedatectl does not say whether it is synchronised", remedy)
    if not synchronised:
        return Finding("clock", Verdict.WRONG, "it is not synchronised", remedy)
    return Finding("clock", Verdict.FINE, "it is synchronised")


def of_room(room: Room | None, *, most_bytes: int) -> Finding:
    """Whether what must outlive a restart has a place with room."""
    if room is None:
        remedy = "write state_dir: /var/lib/vvlive-controller"
        return Finding("state_dir", Verdict.REMARK, "none: overrides and history end with the controller", remedy)
    free = f"{room.free_bytes / 1e6:.0f} MB free"
    if not room.writable:
        return Finding(
            "state_dir", Verdict.WRONG, f"{room.directory} cannot be written", "give the controller's user the right to"
        )
    if room.free_bytes < _ROOM_BESIDE_BYTES:
        return Finding("state_dir", Verdict.WRONG, f"{room.directory}: {free}", "make room")
    if room.free_bytes < most_bytes + _ROOM_BESIDE_BYTES:
        remedy = f"make room for timeline.max_bytes, {most_bytes / 1e6:.0f} MB, or lower it"
        return Finding("state_dir", Verdict.REMARK, f"{room.directory}: {free}", remedy)
    return Finding("state_dir", Verdict.FINE, f"{room.directory}: {free}")


def of_secrets(modes: Iterable[tuple[Path, int]]) -> Iterator[Finding]:
    """Files of secrets that others than their owner may read."""
    for path, mode in sorted(set(modes)):
        if mode & _BY_OTHERS:
            yield Finding("secrets", Verdict.REMARK, f"{path} is open to others than its owner", f"chmod 600 {path}")


def of_bond(side: str, found: Iterable[Mapping[str, str]]) -> Iterator[Finding]:
    """What the bond's own doctor found on this `side`."""
    none = True
    for one in found:
        none = False
        text = f"{one['thing']}: {one['problem']} ({one['consequence']})"
        yield Finding("bond", Verdict.WRONG, text, one["remedy"])
    if none:
        yield Finding("bond", Verdict.FINE, f"nothing to remark on this side ({side})")
