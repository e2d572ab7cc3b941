"""`python -m deploy.preparing`: the first step of `docker compose up`.

It refuses secrets that nobody has chosen, and writes what the other containers read: the tokens as files, the keys of
the ingest, and Alertmanager's configuration. The secrets come from the environment, which compose fills from `.env`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from deploy.alerting.__main__ import SHIPPED, read_secrets, write
from deploy.alerting.rendering import PLACEHOLDER, SecretError, render

BAD_INPUT = 2
# As the controller demands of its tokens: 64 bits as hexadecimal digits.
SHORTEST = 16
CONTROLLER_WEBHOOK = "http://127.0.0.1:8000/webhooks/alertmanager"


@dataclass(frozen=True, slots=True)
class Secret:
    """A variable that must be chosen; `file` is what is made of it, for the user id `reader` alone."""

    variable: str
    shortest: int = SHORTEST
    file: str | None = None
    reader: int = 0


# 472 is Grafana's user in its image.
OURS, ALERTMANAGER = 10001, 65534
SECRETS = (
    Secret("API_TOKEN", file="control-token", reader=472),
    Secret("ALERT_TOKEN"),
    Secret("GRAFANA_PASSWORD", shortest=8),
    Secret("INGEST_STREAM_KEY", file="stream-key", reader=OURS),
    Secret("OBS_PASSWORD", shortest=6),
    Secret("GUARD_KEY", file="guard-key", reader=OURS),
    Secret("PROBE_KEY", file="probe-key", reader=OURS),
)


def problems(environment: Mapping[str, str]) -> list[str]:
    """What must be changed before anything starts, one line each; never a value."""
    wrong = []
    for secret in SECRETS:
        value = environment.get(secret.variable, "")
        if not value:
            wrong.append(f"{secret.variable} is not set")
        elif value.startswith(PLACEHOLDER):
            wrong.append(f"{secret.variable} is still the placeholder of .env.example")
        elif len(value) < secret.shortest:
            wrong.append(f"{secret.variable} is shorter than {secret.shortest} characters")
    return wrong


def prepare(environment: Mapping[str, str], notifications: Path, output: Path) -> None:
    """Write the files; raises OSError, and SecretError for a receiver's secret that cannot be one."""
    for secret in SECRETS:
        if secret.file is not None:
            _write(output / secret.file, environment[secret.variable], secret.reader)
    keys = {"live": [{"key": environment["INGEST_STREAM_KEY"], "alias": "cam"}]}
    _write(output / "authentication.json", json.dumps(keys), OURS)
    receivers = read_secrets(notifications) if notifications.is_dir() else {}
    own = {"controller-webhook-url": CONTROLLER_WEBHOOK, "controller-alert-token": environment["ALERT_TOKEN"]}
    source = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    source["templates"] = [str(SHIPPED.parent / name) for name in source["templates"]]
    config = output / "alertmanager.yml"
    write(render(source, receivers | own), config)
    _give(config, ALERTMANAGER)


def _write(path: Path, text: str, reader: int) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w", encoding="utf-8") as file:
        file.write(text)
    _give(path, reader)


def _give(path: Path, owner: int) -> None:
    if os.geteuid() == 0:  # elsewhere everything belongs to who called
        os.chown(path, owner, -1)


def main(argv: Sequence[str] | None = None) -> int:
    """Check and write; 2 with everything that must be changed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.preparing", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--notifications", type=Path, required=True, metavar="DIR", help="a file per receiver's secret")
    options = parser.parse_args(argv)
    wrong = problems(os.environ)
    if not wrong:
        try:
            prepare(os.environ, options.notifications, options.output)
        except (OSError, SecretError) as error:
            wrong = [str(error)]
    for line in wrong:
        sys.stderr.write(f"vvlive: {line}\n")
    if wrong:
        sys.stderr.write("vvlive: nothing was started; put this right in .env, `openssl rand -hex 16` makes a secret\n")
    return BAD_INPUT if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
