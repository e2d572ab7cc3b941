"""`make check`: everything that is decided without running the product, in one word.

Each step is one command. All steps run, also after a failure, so that one call shows everything
that is wrong; the exit code is 1 when any step failed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Step:
    """One check: its name and the command that decides it."""

    name: str
    argv: tuple[str, ...]


def tracked(*patterns: str) -> tuple[str, ...]:
    """Files that git tracks, or would, under the given patterns."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in listing.stdout.splitlines() if (ROOT / name).is_file())


def shell_scripts() -> tuple[str, ...]:
    """Every tracked file that starts as a shell script."""

    def is_shell(name: str) -> bool:
        with (ROOT / name).open("rb") as file:
            first = file.readline(80)
        return first.startswith(b"#!") and (b"/sh" in first or b"bash" in first)

    return tuple(name for name in tracked() if is_shell(name))


def steps() -> tuple[Step, ...]:
    """The checks, cheapest first. Rule tests run under `make test`."""
    prometheus = tracked("prometheus/*.yml")
    rules = tuple(name for name in tracked("prometheus/rules/*.yml") if not name.endswith("_test.yml"))
    listed = [
        Step("format", (str(BIN / "ruff"), "format", "--check", ".")),
        Step("lint", (str(BIN / "ruff"), "check", ".")),
        Step("types", (str(BIN / "mypy"),)),
        Step("imports", (str(BIN / "lint-imports"),)),
        Step("dashboards", (sys.executable, "-m", "grafana.source", "--check")),
        Step("scripts", ("shellcheck", "-x", "-P", "SCRIPTDIR", *shell_scripts())),
    ]
    configs = tuple(name for name in prometheus if Path(name).name.startswith("prometheus"))
    if configs:
        listed.append(Step("prometheus configuration", ("promtool", "check", "config", "--syntax-only", *configs)))
    if rules:
        listed.append(Step("prometheus rules", ("promtool", "check", "rules", *rules)))
    return tuple(listed)


def run(step: Step) -> bool:
    """Run one step, print one line, and its output when it failed."""
    started = time.monotonic()
    done = subprocess.run(step.argv, cwd=ROOT, capture_output=True, text=True, check=False)
    verdict = "ok" if done.returncode == 0 else "FAILED"
    sys.stdout.write(f"{step.name:<26} {verdict:<7} {time.monotonic() - started:5.1f} s\n")
    if done.returncode:
        sys.stdout.write(done.stdout + done.stderr)
    sys.stdout.flush()
    return done.returncode == 0


def main() -> int:
    """Run every step; 0 when all passed, else 1."""
    results = [run(step) for step in steps()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
