"""What was seen, as a file that a person can send to others: everything that helps, no secret. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from controller import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from controller.calibrating.examining import Check
    from controller.calibrating.trying import Trial
    from controller.ports import EncoderCapabilities

REMOVED = "[removed]"
# Addresses of streams carry the key, and all addresses say where somebody lives.
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_HOST = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
# A unit's own names of what is nobody else's business.
_PRIVATE = (
    "uri",
    "url",
    "key",
    "pass",
    "pwd",
    "token",
    "secret",
    "ssid",
    "user",
    "_ip",
    "stream_id",
    "streamid",
    "mac",
)


def cleaned(text: str, *, secrets: Iterable[str]) -> str:
    """`text` without `secrets`, addresses and hosts."""
    for secret in sorted((one for one in secrets if len(one) > 2), key=len, reverse=True):
        text = text.replace(secret, REMOVED)
    return _HOST.sub(REMOVED, _ADDRESS.sub(REMOVED, text))


def portrait_of(fields: Mapping[str, str]) -> dict[str, str]:
    """A unit's own settings, those that are private blotted out; their names stay, since they tell the firmware."""
    return {
        name: REMOVED if value and any(word in name.lower() for word in _PRIVATE) else value
        for name, value in fields.items()
    }


def transcript(  # noqa: PLR0913 - all that was found out
    *,
    driver: str,
    at: str,
    found: EncoderCapabilities | None,
    checks: Sequence[Check],
    trials: Sequence[Trial],
    portrait: Mapping[str, str],
    secrets: Iterable[str],
) -> str:
    """The transcript as JSON text."""
    told: dict[str, Any] = {
        "vvlive": __version__,
        "at": at,
        "driver": driver,
        "unit": None if found is None else _capabilities(found),
        "portrait": portrait_of(portrait),
        "checks": [asdict(check) for check in checks],
        "trials": [_trial(trial) for trial in trials],
    }
    return json.dumps(_cleaned(told, tuple(secrets)), indent=1) + "\n"


def _capabilities(found: EncoderCapabilities) -> dict[str, Any]:
    names = {"bitrate_impact", "geometry_impact", "audio_only_impact"}
    return {name: value.name.lower() if name in names else value for name, value in asdict(found).items()}


def _trial(trial: Trial) -> dict[str, Any]:
    """Times count from the order."""
    finding = None if trial.finding is None else asdict(trial.finding)
    if finding is not None and trial.finding is not None:
        finding["impact"] = trial.finding.impact.name.lower()
    return {
        "field": trial.field,
        "from": asdict(trial.start),
        "to": asdict(trial.goal),
        "said": trial.outcome,
        "detail": trial.detail,
        "finding": finding,
        "ingest": [_since(trial, asdict(look)) for look in trial.looks],
        "encoder": [_since(trial, asdict(glance)) for glance in trial.glances],
    }


def _since(trial: Trial, row: dict[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in row.items() if value is not None}
    return {**known, "at_s": round(row["at_s"] - trial.ordered_s, 2)}


def _cleaned(value: Any, secrets: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return cleaned(value, secrets=secrets)
    if isinstance(value, dict):
        return {name: _cleaned(one, secrets) for name, one in value.items()}
    return [_cleaned(one, secrets) for one in value] if isinstance(value, list | tuple) else value
