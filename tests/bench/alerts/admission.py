"""The authentication service, which the demo does without: beside its nginx, for an application of its own.

The demo's nginx admits the encoder by itself. Here it asks the real service, as on a VPS, about whoever wants to
publish to `guarded`; Prometheus scrapes the service as shipped.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from deploy.demo import ports, rendering
from deploy.demo.namespaces import Namespace
from deploy.demo.part import Part
from deploy.demo.readiness import HttpReady

APPLICATION = "guarded"
SERVICE = "http://127.0.0.1:12756"
LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Admission:
    """The service on `host`; the demo's files, and the keys, are in `directory`."""

    host: Namespace
    directory: Path

    @property
    def keys(self) -> Path:
        """The file of keys."""
        return self.directory / "authentication.json"

    def part(self) -> Part:
        """The service as a part, with its place in the files of nginx and Prometheus, which nobody has read yet."""
        self.grant(LIFE)
        self._ask_in(self.directory / "nginx" / "nginx.conf")
        self._scrape_in(self.directory / "prometheus-vps.yml")
        return Part(
            "rtmp-auth",
            (sys.executable, "-m", "exporters.rtmp_auth", "--keys", str(self.keys)),
            namespace=self.host,
            ready=HttpReady(f"{SERVICE}/health"),
        )

    def grant(self, life: timedelta) -> None:
        """Let the one key there is end so long from now."""
        entry = {"key": "never-published", "alias": "guest", "expires": (datetime.now(UTC) + life).isoformat()}
        self.keys.write_text(json.dumps({APPLICATION: [entry]}), encoding="utf-8")

    def spoil(self) -> None:
        """Leave a file of keys that is none, as after a slip of the hand."""
        self.keys.write_text('{"guarded": [', encoding="utf-8")

    def _ask_in(self, path: Path) -> None:
        listens = f"listen 127.0.0.1:{ports.INGEST_RTMP};\n"
        asks = f"application {APPLICATION} {{ live on; notify_method post; on_publish {SERVICE}/auth/; }}\n"
        before, found, after = path.read_text(encoding="utf-8").partition(listens)
        assert found, f"{path} has no {listens}"
        path.write_text(before + listens + asks + after, encoding="utf-8")

    def _scrape_in(self, path: Path) -> None:
        config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        shipped = yaml.safe_load((rendering.ROOT / "prometheus" / path.name).read_text(encoding="utf-8"))
        job = next(one for one in shipped["scrape_configs"] if one["job_name"] == "rtmp_auth")
        job["static_configs"][0]["labels"]["rig"] = rendering.RIG
        config["scrape_configs"].append(job)
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
