"""Configuration files of the demo's Prometheus servers and controllers, made from the shipped ones.

The Prometheus files are those of `prometheus/` with the rig's name filled in, so that the demo proves
what users run. The controllers' files differ from the defaults only where the demo must.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.demo import ports
from deploy.demo.studio import scenes

ROOT = Path(__file__).resolve().parents[2]
RIG = "demo"
SRTLA_TARGET = f"127.0.0.1:{ports.SRTLA_EXPORTER}"
PERIOD_S = 0.25  # as often as both Prometheus scrape what decides: each half second of delay costs frozen pictures

# 1080p30 in software, next to everything else, does not fit two cores: the top rung keeps its bitrate at 720p.
REDUCED_PRESETS: dict[str, dict[str, int]] = {
    "HIGH": {"bitrate_bps": 4_500_000, "width_px": 1280, "height_px": 720, "frame_rate_hz": 30},
}
NOTE = "the ladder is reduced here: HIGH is 1280x720 at 4500 kbit/s, because two cores cannot encode 1080p30 as well"

# What a change of each kind costs, as the personality of the encoder simulator behaves.
PERSONALITIES: dict[str, dict[str, dict[str, Any]]] = {
    "live": {
        "impacts": {"bitrate": "none", "geometry": "glitch", "audio_only": "unknown"},
        "costs_s": {"bitrate": 0.0, "geometry": 0.5},
    },
    "restart": {
        "impacts": {"bitrate": "reconnect", "geometry": "reconnect", "audio_only": "unknown"},
        "costs_s": {"bitrate": 2.0, "geometry": 2.0},
    },
    "stored": {"impacts": {"bitrate": "unknown", "geometry": "unknown", "audio_only": "unknown"}, "costs_s": {}},
}


def prometheus(name: str, directory: Path, *, transport: str = "mptcp") -> Path:
    """Write `prometheus-NAME.yml`, the rig's name and the transport's job filled in, into `directory`; the path."""
    config = yaml.safe_load((ROOT / "prometheus" / f"prometheus-{name}.yml").read_text(encoding="utf-8"))
    config["scrape_configs"] = [job for one in config["scrape_configs"] for job in _jobs(transport, one)]
    for job in config["scrape_configs"]:
        for group in job["static_configs"]:
            group["labels"]["rig"] = RIG
    # Prometheus looks for rule files beside its configuration, and this one is written elsewhere.
    config["rule_files"] = [str(ROOT / "prometheus" / rules) for rules in config.get("rule_files", [])]
    return _write(directory / f"prometheus-{name}.yml", config)


def _srtla_job() -> dict[str, Any]:
    jobs = yaml.safe_load((ROOT / "prometheus" / "prometheus-srtla.yml").read_text(encoding="utf-8"))["scrape_configs"]
    return dict(next(job for job in jobs if job["job_name"] == "srtla"))


def _jobs(transport: str, job: dict[str, Any]) -> list[dict[str, Any]]:
    """What this job becomes with this transport: MPTCP's own stay or go, and SRTLA's exporter is asked, too.

    nginx admits publishers by itself here, so that there is no service of ours to be asked about them.
    """
    absent = {"rtmp_auth", "mptcp", "guard"} if transport == "srtla" else {"rtmp_auth"}
    found = [] if job["job_name"] in absent else [job]
    if transport != "mptcp" and job["job_name"] == "mptcp":
        labels = dict(job["static_configs"][0]["labels"])  # one of its own, or YAML writes it as an alias
        found.append({**_srtla_job(), "static_configs": [{"targets": [SRTLA_TARGET], "labels": labels}]})
    return found


@dataclass(frozen=True, slots=True)
class TokenFiles:
    """Where the API's tokens are: `control` for people, at both controllers; `link` for the rig's, at the VPS."""

    control: Path
    link: Path


def _controller(policy: str, state_dir: Path, tokens: dict[str, Path]) -> dict[str, Any]:
    return {
        "rig": RIG,
        "state_dir": str(state_dir),
        "policy": {"name": policy, "presets": REDUCED_PRESETS},
        "prometheus": {"url": f"http://127.0.0.1:{ports.PROMETHEUS}", "period_s": PERIOD_S},
        "api": {
            "listen": f"127.0.0.1:{ports.CONTROLLER}",
            "tokens": {scope: {"token_file": str(path)} for scope, path in tokens.items()},
        },
    }


def edge_controller(  # noqa: PLR0913 - what the demo's options and secrets say, each by its name
    directory: Path,
    *,
    policy: str,
    personality: str,
    password_file: Path,
    tokens: TokenFiles,
    transport: str = "mptcp",
    publish: Mapping[str, Path] | None = None,
) -> Path:
    """Write the configuration of the controller beside the encoder, which reports to the other; the path written."""
    config = _controller(policy, directory / "edge-state", {"control": tokens.control})
    config["transport"] = transport
    config["publish"] = {name: {"address_file": str(path)} for name, path in (publish or {}).items()}
    config["link"] = {"url": f"http://127.0.0.1:{ports.RIG_LINK}", "token_file": str(tokens.link)}
    config["encoder"] = {
        "driver": "uray",
        "url": f"http://127.0.0.1:{ports.ENCODER}",
        "password_file": str(password_file),
        "max_impact": "reconnect" if personality == "restart" else "glitch",
        **PERSONALITIES[personality],
    }
    return _write(directory / "edge.yml", config)


def vps_controller(
    directory: Path, *, policy: str, password_file: Path, tokens: TokenFiles, transport: str = "mptcp"
) -> Path:
    """Write the configuration of the controller beside OBS, the face of both; the path written."""
    granted = {"control": tokens.control, "link": tokens.link}
    config = _controller(policy, directory / "vps-state", granted)
    config["transport"] = transport
    config["obs"] = {
        "host": "127.0.0.1",
        "port": ports.OBS_WEBSOCKET,
        "password_file": str(password_file),
        "ingest_source": scenes.INGEST,
    }
    return _write(directory / "vps.yml", config)


def _write(path: Path, config: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path
