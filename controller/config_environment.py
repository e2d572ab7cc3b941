"""The settings that come as variables: from compose's `.env`, from systemd's `EnvironmentFile`, from a shell.

They count where the file says `environment: true`, and complete it: a key that stands in both with two values is an
error, and so is a variable that looks like ours and is none. A name that means nothing here is told, not dropped in
silence. Pure: the environment is an argument.
"""

from __future__ import annotations

import copy
import difflib
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from controller.secret_places import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def _whole(text: str) -> Any:  # noqa: ANN401 - what is no number is judged by the key's own rule
    return int(text) if text.strip().isdecimal() else text


def _number(text: str) -> Any:  # noqa: ANN401 - idem
    try:
        return float(text)
    except ValueError:
        return text


def _directory(text: str) -> str:
    """Where a database was to stand: the folder is what the timeline wants."""
    path = PurePath(text)
    return str(path.parent if path.suffix else path)


def _address(text: str) -> str:
    return text if "://" in text else f"http://{text}"


# Name, the key that it fills, and how its text becomes the key's value.
SETTINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "LOG_LEVEL": ("log_level", str.lower),
    "METRICS_POLL_INTERVAL": ("prometheus.period_s", _number),
    "DATABASE_PATH": ("state_dir", _directory),
    "TRANSPORT_MODE": ("transport", str.lower),
    "ENCODER_TYPE": ("encoder.driver", str.lower),
    "ENCODER_IP": ("encoder.url", _address),
    "ENCODER_USERNAME": ("encoder.username", str),
    "OBS_HOST": ("obs.host", str),
    "OBS_PORT": ("obs.port", _whole),
    "OBS_LIBRARY": ("obs.library", str.lower),
    "OBS_SCENE_HIGH": ("obs.scenes.main", str),
    "OBS_SCENE_MEDIUM": ("obs.scenes.main", str),
    "OBS_SCENE_LOW": ("obs.scenes.simple", str),
    "OBS_SCENE_EMERGENCY": ("obs.scenes.simple", str),
    "OBS_SCENE_VERY_LOW": ("obs.scenes.audio_only", str),
    "OBS_SCENE_ERROR": ("obs.scenes.offline", str),
}
# Where the bridge is on, it is what `obs` means.
BRIDGE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "OBS_HTTP_BRIDGE_HOST": ("obs.host", str),
    "OBS_HTTP_BRIDGE_PORT": ("obs.port", _whole),
}
# Secrets stay where they are: the key names the variable.
SECRETS = {
    "API_TOKEN": "api.tokens.control.token_env",
    "ALERT_TOKEN": "api.tokens.alert.token_env",
    "ENCODER_PASSWORD": "encoder.password_env",
    "OBS_PASSWORD": "obs.password_env",
}
_BRIDGE_KEY = "OBS_HTTP_BRIDGE_AUTH_KEY"
SWITCHES = ("DEBUG", "FEATURE_OBS_HTTP_BRIDGE", "FEATURE_SRTLA_TRANSPORT")
# Read by other programs of ours, under the same names.
ELSEWHERE = {
    "MPTCP_SERVER_PORT": "it is the proxy's and the MPTCP exporter's",
    "SRTLA_METRICS_SOURCE": "it is the SRTLA exporter's",
    "SRTLA_STATS_ENDPOINT": "it is the SRTLA exporter's",
    "SRTLA_RECEIVER_PORT": "it is the SRTLA receiver's",
    "FEATURE_RTMP_AUTH": "run exporters.rtmp_auth, or do not",
    "RTMP_AUTH_SERVICE_URL": "it is the RTMP authentication exporter's",
    "FEATURE_INGEST_MONITORING": "run exporters.ingest, or do not",
    "INGEST_STATS_URL": "it is the ingest exporter's",
    "INGEST_STREAM_KEY": "it is the ingest's and its exporter's",
    "INGEST_STATS_POLL_INTERVAL": "it is the ingest exporter's",
    "INGEST_SERVER_TYPE": "it is the ingest exporter's",
    "OBS_HTTP_BRIDGE_TIMEOUT": "each request has its own deadline",
    "SECRET_KEY": "there are no sessions that it could sign",
    "BITRATE_THRESHOLD_LOW_KBPS": "the scene follows how late the picture is",
    "BITRATE_THRESHOLD_OFFLINE_KBPS": "the scene follows how late the picture is",
    "BITRATE_THRESHOLD_RTT_MS": "the scene follows how late the picture is",
    "STATE_CHANGE_RETRY_ATTEMPTS": "what is not confirmed is tried until it is",
    "STATE_CHANGE_RETRY_INTERVAL": "what is not confirmed is tried until it is",
    "INSTANT_RECOVERY_ENABLED": "the scene comes back with the picture, always",
}
_LISTEN = {"HOST": "127.0.0.1", "PORT": "8000"}
NAMES = frozenset({*SETTINGS, *BRIDGE, *SECRETS, _BRIDGE_KEY, *SWITCHES, *ELSEWHERE, *_LISTEN})
_OURS = (
    "API_", "BITRATE_THRESHOLD_", "ENCODER_", "FEATURE_", "INGEST_", "OBS_", "RTMP_AUTH_", "SRTLA_", "STATE_CHANGE_",
)  # fmt: skip
_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", ""}


@dataclass(slots=True)
class Completed:
    """A document with what the environment adds; what is wrong with that, and what has no effect, one line each."""

    document: dict[Any, Any]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def complete(document: Mapping[Any, Any], environment: Mapping[str, str]) -> Completed:
    """The document with the environment's settings."""
    found = Completed(copy.deepcopy(dict(document)))
    given = {name: value for name, value in environment.items() if name in NAMES and value}
    found.problems += _unknown(environment)
    found.problems += [
        f"{name}: is still a placeholder; write a new one, as `openssl rand -hex 16` makes"
        for name in (*SECRETS, _BRIDGE_KEY)
        if is_placeholder(given.get(name, ""))
    ]
    found.problems += [
        f"{name}: is neither true nor false; write one of them"
        for name in SWITCHES
        if given.get(name, "").lower() not in _TRUE | _FALSE
    ]
    found.notes += [f"{name} has no effect on the controller: {ELSEWHERE[name]}" for name in ELSEWHERE if name in given]
    filled: dict[str, str] = {}
    for name, key, value in _settings(given):
        _fill(found, name, key, value, filled=filled)
    return found


def _unknown(environment: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(set(environment) - NAMES):
        if name.startswith(_OURS):
            near = difflib.get_close_matches(name, NAMES, n=1)
            yield f"{name}: unknown setting; " + (f"did you mean {near[0]}?" if near else "remove it")


def _on(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "").lower() in _TRUE


def _settings(given: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Name, key and value of everything that is set."""
    bridged = _on(given, "FEATURE_OBS_HTTP_BRIDGE")
    direct = {"OBS_HOST", "OBS_PORT", "OBS_LIBRARY"} if bridged else set()
    for name, (key, convert) in (SETTINGS | BRIDGE if bridged else SETTINGS).items():
        if name in given and name not in direct:
            yield name, key, convert(given[name])
    secrets = {**SECRETS, _BRIDGE_KEY: SECRETS["OBS_PASSWORD"]} if bridged else SECRETS
    for name, key in secrets.items():
        if name in given and not (bridged and name == "OBS_PASSWORD"):
            yield name, key, name
    if bridged:
        yield "FEATURE_OBS_HTTP_BRIDGE", "obs.library", "obs-websocket-http"
    if _on(given, "FEATURE_SRTLA_TRANSPORT") and "TRANSPORT_MODE" not in given:
        yield "FEATURE_SRTLA_TRANSPORT", "transport", "srtla"
    if _on(given, "DEBUG") and "LOG_LEVEL" not in given:
        yield "DEBUG", "log_level", "debug"
    if set(_LISTEN) & set(given):
        host, port = (given.get(name, usual) for name, usual in _LISTEN.items())
        yield "HOST and PORT", "api.listen", f"{host}:{port}"


def _fill(found: Completed, name: str, key: str, value: object, *, filled: dict[str, str]) -> None:
    *sections, last = key.split(".")
    section = found.document
    for part in sections:
        inner = section.get(part)
        if inner is None:
            inner = section[part] = {}
        if not isinstance(inner, dict):
            return  # what stands there is wrong, and told as that
        section = inner
    present = section.get(last)
    if present is None:
        section[last], filled[key] = value, name
    elif present != value:
        other = f"{filled[key]} says otherwise" if key in filled else f"the file's {key} says otherwise"
        found.problems.append(f"{name}: {other}; write it in one place")
