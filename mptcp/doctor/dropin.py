"""The drop-in files of mptcp/sysctl, read as data: the one place where the settings and their reasons stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "sysctl"


class Side(StrEnum):
    """Which end of the bond."""

    PI = "pi"
    VPS = "vps"


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: `optional` as sysctl.d(5) means a leading "-"; `reason` is the comment above it, on one line."""

    key: str
    value: str
    optional: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Dropin:
    """One file. `needs` is the setting without which the kernel gets none of it, "" when it gets it always."""

    name: str
    text: str
    settings: tuple[Setting, ...]
    needs: str = ""


def parse(text: str) -> tuple[Setting, ...]:
    """The settings of a sysctl.d file. Raises ValueError for a line that is neither comment nor KEY = VALUE."""
    settings: list[Setting] = []
    reason: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            reason.append(line.lstrip("# "))
        elif not line.strip():
            reason = []
        else:
            key, separator, value = line.partition("=")
            if not separator:
                raise ValueError(f"{line!r} is not KEY = VALUE")
            name = key.strip()
            settings.append(Setting(name.removeprefix("-"), value.strip(), name.startswith("-"), " ".join(reason)))
    return tuple(settings)


def shipped(side: Side, folder: Path = SHIPPED) -> tuple[Dropin, ...]:
    """What pi-up or vps-up installs. Raises OSError when the files are not beside the program."""
    wanted = ((f"90-vvlive-{side}.conf", ""), ("91-vvlive-retransmit.conf", "net.ipv4.tcp_rto_max_ms"))
    return tuple(_load(folder / name, needs) for name, needs in wanted)


def _load(path: Path, needs: str) -> Dropin:
    text = path.read_text(encoding="ascii")
    return Dropin(path.name, text, parse(text), needs)
