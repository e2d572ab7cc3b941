"""Streams by the operator's alias, so that a stream key is never shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")


@dataclass(frozen=True, slots=True)
class Alias:
    """One configured stream; `name` is usually its key."""

    alias: str
    application: str
    name: str = field(repr=False)


def parse_alias(text: str, read_file: Callable[[str], str]) -> Alias:
    """Read ALIAS=APP/NAME or ALIAS=APP/@FILE, the name then being the file's first line.

    Raises ValueError, and OSError for the file; neither message holds the name.
    """
    alias, separator, target = text.partition("=")
    if not separator or not _ALIAS.fullmatch(alias):
        raise ValueError("--stream takes ALIAS=APP/NAME or ALIAS=APP/@FILE, for example cam=publish/@/etc/vvlive/key")
    application, _, name = target.partition("/")
    if name.startswith("@"):
        name = read_file(name[1:]).partition("\n")[0].strip()
    if not application or not name:
        raise ValueError(f"stream {alias}: the application or the stream's name is empty; give APP/NAME or APP/@FILE")
    return Alias(alias, application, name)


def conflicts(aliases: Iterable[Alias]) -> list[str]:
    """Aliases given twice, and two aliases for one stream, one line each."""
    problems: list[str] = []
    by_alias: dict[str, Alias] = {}
    by_stream: dict[tuple[str, str], str] = {}
    for entry in aliases:
        if entry.alias in by_alias:
            problems.append(f"stream {entry.alias} is given twice; give each stream an alias of its own")
        by_alias.setdefault(entry.alias, entry)
        first = by_stream.setdefault((entry.application, entry.name), entry.alias)
        if first != entry.alias:
            problems.append(f"streams {first} and {entry.alias} stand for the same stream; give it one alias")
    return problems
