"""`python -m deploy.alerting --secrets DIR --output FILE`: write the configuration that Alertmanager reads."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from deploy.alerting.rendering import Rendered, SecretError, render

SHIPPED = Path(__file__).resolve().parents[2] / "prometheus" / "alertmanager.yml"
BAD_INPUT = 2


def read_secrets(directory: Path) -> dict[str, str]:
    """The files of `directory` by name, hidden ones left out; raises OSError."""
    files = (path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    return {path.name: path.read_text(encoding="utf-8") for path in files}


def write(rendered: Rendered, output: Path) -> None:
    """Write for the owner's eyes alone, and at once: a reader sees the old file or the new one."""
    fresh = output.with_name(f".{output.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        yaml.safe_dump(rendered.config, file, sort_keys=False, allow_unicode=True, width=1000)
    fresh.replace(output)


def main(argv: Sequence[str] | None = None) -> int:
    """Render; 0, or 2 with one line about what must be put right."""
    parser = argparse.ArgumentParser(prog="python -m deploy.alerting", description=__doc__)
    parser.add_argument("--secrets", type=Path, required=True, metavar="DIR", help="one file per secret")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="readable by its owner alone")
    parser.add_argument("--source", type=Path, default=SHIPPED, metavar="FILE", help="default: the shipped one")
    options = parser.parse_args(argv)
    try:
        source = yaml.safe_load(options.source.read_text(encoding="utf-8"))
        source["templates"] = [str(options.source.parent.absolute() / name) for name in source["templates"]]
        rendered = render(source, read_secrets(options.secrets))
        write(rendered, options.output)
    except (OSError, SecretError) as error:
        sys.stderr.write(f"deploy.alerting: {error}\n")
        return BAD_INPUT
    sys.stdout.write(f"notifying through: {', '.join(rendered.used) or 'nothing'}\n")
    sys.stdout.write(f"not configured: {', '.join(rendered.left_out) or 'nothing'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
