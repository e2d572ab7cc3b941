"""What the command line says of reports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

import pytest

from exporters.srtla.reports import options
from exporters.srtla.reports.options import Stream, Told

KEY = "s3cret"
FILES = {
    "/key": f"{KEY}\nsecond line\n".encode(),
    "/empty": b"\n",
    "/map": json.dumps({"url": "http://127.0.0.1/x", "streams": {"cam": {"publishing": "/a"}}}).encode(),
}


def read_file(path: str) -> bytes:
    """A file of the table; anything else is not there."""
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return FILES[path]


@pytest.mark.parametrize(
    ("parse", "text", "told"),
    [
        (options.parse_socket, "srtla_send=/run/s.sock", Told("srtla_send", "/run/s.sock")),
        (options.parse_socket, "openirl=4001", Told("openirl", "4001")),
        (options.parse_file, "live-transmit:cam=/run/x=y.json", Told("live-transmit", "/run/x=y.json", "cam")),
        (options.parse_file, "ceralive=/run/s.json", Told("ceralive", "/run/s.json")),
        (options.parse_file, "srtla-group=/run/srtla-group-5", Told("srtla-group", "/run/srtla-group-5")),
        (
            partial(options.parse_api, read_file=read_file),
            "sls=http://h:8181/stats",
            Told("sls", "http://h:8181/stats"),
        ),
        (partial(options.parse_stream, read_file=read_file), "cam=live/x", Stream("cam", "live/x")),
        (partial(options.parse_stream, read_file=read_file), "cam=@/key", Stream("cam", KEY)),
        (partial(options.parse_key, read_file=read_file), "/key", KEY),
    ],
)
def test_good_options(parse: Callable[[str], object], text: str, told: object) -> None:
    """Each kind with its place; names and keys may stand in files."""
    assert parse(text) == told


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (options.parse_socket, "srtla_send=", "is neither srtla_send=PATH"),
        (options.parse_socket, "openirl=0", "is neither srtla_send=PATH"),
        (options.parse_file, "live-transmit=/x", "live-transmit needs :ALIAS, the name of its stream"),
        (options.parse_file, "ceralive:cam=/x", "ceralive takes no :ALIAS"),
        (options.parse_file, "csv=/x", "is no live-transmit:ALIAS=PATH"),
        (partial(options.parse_api, read_file=read_file), "noalbs=http://h/", "--api takes sls=URL"),
        (partial(options.parse_api, read_file=read_file), f"sls=http://u:{KEY}@h/", "URL without credentials"),
        (partial(options.parse_api, read_file=read_file), f"sls=http://h/?publisher={KEY}", "without ?"),
        (partial(options.parse_stream, read_file=read_file), KEY, "--stream takes ALIAS=NAME"),
        (
            partial(options.parse_stream, read_file=read_file),
            "cam=@/empty",
            "stream cam: the name at the server is empty",
        ),
        (partial(options.parse_key, read_file=read_file), "/empty", "has no key in its first line"),
    ],
)
def test_wrong_options_are_told_without_keys(parse: Callable[[str], object], text: str, said: str) -> None:
    """What is wrong is named; a key that stands in the text is not."""
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        parse(text)

    assert KEY not in str(refused.value)


def test_mapping_is_read_with_the_option() -> None:
    """A mapping file that is wrong is found at the start."""
    told = options.parse_api("json=/map", read_file)

    assert told.page is not None
    assert list(told.page.streams) == ["cam"]


SLS = Told("sls", "http://h/")


@pytest.mark.parametrize(
    ("told", "streams", "problems"),
    [
        ([SLS], [Stream("cam", "x")], []),
        ([SLS, SLS], [Stream("cam", "x")], ["sls is given twice"]),
        ([SLS], [], ["--api needs --stream ALIAS=NAME: which streams to show, and under which alias"]),
        ([Told("openirl", "4001")], [], []),
        ([SLS, Told("live-transmit", "/x", "cam")], [Stream("cam", "x")], ["stream cam is given twice"]),
        (
            [Told("ceralive", "/x")],
            [Stream("cam", "x")],
            ["--stream is given, but no server that has it: give --api sls=URL or openirl=URL too"],
        ),
    ],
)
def test_conflicts(told: list[Told], streams: list[Stream], problems: list[str]) -> None:
    """What does not fit together is said in one line each."""
    assert options.conflicts(told, streams) == problems


def test_nothing_secret_is_in_a_repr() -> None:
    """Names of streams and addresses of servers may be keys."""
    shown = repr([Stream("cam", KEY), Told("sls", f"http://h/{KEY}")])

    assert KEY not in shown
