"""`python -m grafana.source [--check]`: write every dashboard, or say which written ones differ from their source."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.source import fleet, live, phone, plumbing, runbooks, session, uplinks
from grafana.source.board import Board, build

DASHBOARDS = Path(__file__).resolve().parents[1] / "dashboards"
DIFFERENT = 1


def boards() -> dict[str, Board]:
    """Every dashboard by the path of its file; a folder there is a folder in Grafana."""
    main_ones = (module.board() for module in (live, phone, uplinks, session, plumbing, fleet))
    found = {f"VVLIVE/{board.uid.removeprefix('vvlive-')}.json": board for board in main_ones}
    return found | {f"Runbooks/{board.uid.removeprefix('runbook-')}.json": board for board in runbooks.boards()}


def rendered() -> dict[str, str]:
    """The text of every file."""
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return {name: encoder.encode(build(board)) + "\n" for name, board in boards().items()}


def written(directory: Path) -> dict[str, str]:
    """The text of every file that is there."""
    files = sorted(directory.rglob("*.json"))
    return {str(path.relative_to(directory)): path.read_text(encoding="utf-8") for path in files}


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """The files that are missing, that nothing makes any more, or that differ."""
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(directory: Path, files: Mapping[str, str]) -> None:
    """Make the directory hold exactly these files."""
    for path in directory.rglob("*.json"):
        if str(path.relative_to(directory)) not in files:
            path.unlink()
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check; 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m grafana.source", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is not current")
    options = parser.parse_args(argv)
    files = rendered()
    if not options.check:
        write(DASHBOARDS, files)
        return 0
    wrong = differences(files, written(DASHBOARDS))
    if wrong:
        sys.stderr.write(f"run `python -m grafana.source`, for these are not current: {', '.join(wrong)}\n")
    return DIFFERENT if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
