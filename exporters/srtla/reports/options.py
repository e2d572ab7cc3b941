"""What the command line says of reports, as values. Pure but for the files that hold names and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from exporters.srtla.naming import NAME
from exporters.srtla.reports.mapped import PageMap, parse_map

ReadFile = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream and the alias to show it by; `name` is usually its key."""

    alias: str
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """One source of reports: its kind, where it is, and the stream's alias where the source does not say."""

    kind: str
    target: str = field(repr=False)
    alias: str = ""
    page: PageMap | None = None


def parse_stream(text: str, read_file: ReadFile) -> Stream:
    """Read ALIAS=NAME or ALIAS=@FILE, the name then being the file's first line.

    Raises ValueError, and OSError for the file; neither message holds the name.
    """
    alias, separator, name = text.partition("=")
    if not separator or not NAME.fullmatch(alias):
        raise ValueError("--stream takes ALIAS=NAME or ALIAS=@FILE, for example cam=@/etc/vvlive/stream.key")
    if name.startswith("@"):
        name = read_file(name[1:]).partition(b"\n")[0].decode("utf-8", "replace").strip()
    if not name:
        raise ValueError(f"stream {alias}: the name at the server is empty")
    return Stream(alias, name)


def parse_key(path: str, read_file: ReadFile) -> str:
    """The first line of a file. Raises ValueError, and OSError for the file; neither holds the key."""
    key = read_file(path).partition(b"\n")[0].decode("utf-8", "replace").strip()
    if not key or not key.isprintable():
        raise ValueError(f"the key file {path} has no key in its first line")
    return key


def parse_api(text: str, read_file: ReadFile) -> Told:
    """Read sls=URL, openirl=URL or json=FILE. Raises ValueError without the URL in it, and OSError for the file."""
    kind, _, target = text.partition("=")
    if kind == "json":
        return Told(kind, target, page=parse_map(read_file(target)))
    if kind not in {"sls", "openirl"}:
        raise ValueError("--api takes sls=URL, openirl=URL or json=FILE")
    url = urlsplit(target)
    if url.scheme not in {"http", "https"} or not url.hostname or url.username is not None or url.query:
        raise ValueError(f"--api {kind}: give an http:// or https:// URL without credentials and without ?")
    return Told(kind, target)


def parse_socket(text: str) -> Told:
    """Read srtla_send=PATH or openirl=PORT. Raises ValueError."""
    kind, _, target = text.partition("=")
    if kind == "srtla_send" and target:
        return Told(kind, target)
    if kind == "openirl" and target.isascii() and target.isdigit() and 0 < int(target) < 65536:
        return Told(kind, target)
    raise ValueError(f"{text!r} is neither srtla_send=PATH, its control socket, nor openirl=PORT, of its SRT server")


def parse_file(text: str) -> Told:
    """Read KIND=PATH, or KIND:ALIAS=PATH for a file of one stream. Raises ValueError."""
    named, _, path = text.partition("=")
    kind, _, alias = named.partition(":")
    of_a_stream = kind in {"live-transmit", "live-transmit-totals"}
    if not path or not (of_a_stream or kind in {"srtla-group", "ceralive"}):
        raise ValueError(f"{text!r} is no live-transmit:ALIAS=PATH, srtla-group=PATH or ceralive=PATH")
    if of_a_stream != bool(NAME.fullmatch(alias)):
        raise ValueError(f"{text!r}: {kind} {'needs' if of_a_stream else 'takes no'} :ALIAS, the name of its stream")
    return Told(kind, path, alias)


def conflicts(told: Iterable[Told], streams: Iterable[Stream]) -> list[str]:
    """What makes the set unusable, one line each."""
    problems: list[str] = []
    kinds = [one.kind for one in told]
    aliases = [stream.alias for stream in streams]
    named = [one.alias for one in told if one.alias]
    problems += [f"{kind} is given twice" for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1})]
    every = aliases + named
    problems += [f"stream {one} is given twice" for one in sorted({one for one in every if every.count(one) > 1})]
    if aliases and not {"sls", "openirl"} & set(kinds):
        problems.append("--stream is given, but no server that has it: give --api sls=URL or openirl=URL too")
    if not aliases and {"sls", "openirl"} & set(kinds) - {one.kind for one in told if one.target.isdigit()}:
        problems.append("--api needs --stream ALIAS=NAME: which streams to show, and under which alias")
    return problems
