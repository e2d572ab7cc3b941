"""What can be said of an encoder without changing it: one line each, with the remedy. Pure but for the reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.ports import Impact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.calibrating.judging import Look
    from controller.decision.policy import Preset
    from controller.ports import EncoderCapabilities, EncoderStatus


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `ok` None: it could not be told."""

    name: str
    ok: bool | None
    text: str


def checks(
    status: EncoderStatus,
    found: EncoderCapabilities | None,
    *,
    ladder: Sequence[Preset],
    looks: Sequence[Look] | str,
) -> Iterator[Check]:
    """Every check, in the order in which a person would look."""
    yield Check(
        "answers", status.reachable, "it answers" if status.reachable else status.problem or "it does not answer"
    )
    if not status.reachable:
        return
    if found is not None:
        yield Check("unit", ok=True, text=f"it is {found.identity}")
    yield _settings(status)
    if found is not None:
        yield from _ladder(found, ladder)
        yield from _calibrated(found)
    yield _input(status)
    yield _publishing(status)
    yield _ingest(looks)


def _settings(status: EncoderStatus) -> Check:
    now = status.configured
    if now is None:
        return Check("settings", ok=False, text=status.problem or "it does not tell its settings")
    size = f"{now.width_px}x{now.height_px} at {now.frame_rate_hz}"
    return Check("settings", ok=True, text=f"it is set to {now.bitrate_bps // 1000} kbit/s, {size}")


def _ladder(found: EncoderCapabilities, ladder: Sequence[Preset]) -> Iterator[Check]:
    outside = [
        f"{rung.bitrate_bps // 1000}"
        for rung in ladder
        if not found.min_bitrate_bps <= rung.bitrate_bps <= found.max_bitrate_bps
    ]
    within = f"{found.min_bitrate_bps // 1000} to {found.max_bitrate_bps // 1000} kbit/s"
    if outside:
        yield Check("bitrates", ok=False, text=f"it takes {within}, and the ladder asks for {', '.join(outside)} too")
    else:
        yield Check("bitrates", ok=True, text=f"it takes {within}: every rung of the ladder")
    missing = [
        f"{rung.width_px}x{rung.height_px}"
        for rung in ladder
        if found.sizes_px and (rung.width_px, rung.height_px) not in found.sizes_px
    ]
    if missing:
        yield Check("sizes", ok=None, text=f"it does not offer {', '.join(missing)}: the next smaller size is used")
    else:
        yield Check("sizes", ok=True, text="it offers every size of the ladder")


def _calibrated(found: EncoderCapabilities) -> Iterator[Check]:
    for name, impact in (("bitrate", found.bitrate_impact), ("geometry", found.geometry_impact)):
        known = impact is not Impact.UNKNOWN
        text = (
            f"a change of its {name} costs: {impact.name.lower()}"
            if known
            else f"what a change of its {name} costs is not known, so automation never makes one: run with --calibrate"
        )
        yield Check(f"{name} cost", ok=known or None, text=text)


def _input(status: EncoderStatus) -> Check:
    texts = {
        True: "a picture comes in",
        False: "no picture comes in: check the camera and its cable",
        None: "it does not tell whether a picture comes in",
    }
    return Check("picture", status.has_input, texts[status.has_input])


def _publishing(status: EncoderStatus) -> Check:
    texts = {
        True: "it is connected to its stream's target",
        False: "it is not connected: check its stream's address and key, and the way there",
        None: "its stream's target is not set, or it does not tell",
    }
    return Check("target", status.publishing, texts[status.publishing])


def _ingest(looks: Sequence[Look] | str) -> Check:
    if isinstance(looks, str):
        return Check("ingest", ok=None, text=looks)
    known = [look.received_bytes for look in looks if look.received_bytes is not None]
    if len(known) < 2:
        return Check(
            "ingest", ok=None, text="Prometheus has no samples of the ingest: give the VPS's with --ingest-url"
        )
    arrives = known[-1] > known[0]
    return Check(
        "ingest", ok=arrives, text="bytes arrive at the ingest" if arrives else "no bytes arrive at the ingest"
    )
