"""Finding belacoder in /proc."""

from __future__ import annotations

import pytest

from controller.adapters.belacoder.process import catches_hangup, is_ours, soft_file_limit, start_ticks

FILE = "/run/bitrate"


@pytest.mark.parametrize(
    ("cmdline", "ours"),
    [
        (b"/usr/bin/belacoder\0pipe\x00192.0.2.1\x005000\0-b\0/run/bitrate\0-l\x002000\0", True),
        (b"belacoder\0-b\0/run/bitrate\0", True),
        (b"belacoder\0-b\0/run/other\0", False),
        (b"belacoder\0-b/run/bitrate\0", False),
        (b"cat\0-b\0/run/bitrate\0", False),
        (b"belacoder\0/run/bitrate\0-b\0", False),
        (b"", False),
    ],
)
def test_whose_process(cmdline: bytes, ours: bool) -> None:  # noqa: FBT001 (a row of the table)
    """Only the named program with our file behind -b is ours."""
    assert is_ours(cmdline, program="belacoder", bitrate_file=FILE) is ours


@pytest.mark.parametrize(
    ("status", "catches"),
    [("Name:\tx\nSigCgt:\t0000000000000001\n", True), ("SigCgt:\t0000000180004002\n", False), ("Name:\tx\n", False)],
)
def test_catches_hangup(status: str, catches: bool) -> None:  # noqa: FBT001 (a row of the table)
    """SIGHUP is the lowest bit of the caught signals."""
    assert catches_hangup(status) is catches


@pytest.mark.parametrize(("soft", "limit"), [("1024", 1024), ("unlimited", 1_000_000)])
def test_soft_file_limit(soft: str, limit: int) -> None:
    """The soft limit counts; unlimited is a number that is never reached."""
    limits = f"Limit   Soft Limit  Hard Limit  Units\nMax open files            {soft}        4096      files\n"

    assert soft_file_limit(limits) == limit


def test_start_ticks() -> None:
    """The start is the 22nd field, whatever the program's name holds."""
    fields = " ".join(str(number) for number in range(3, 53))

    assert start_ticks(f"812 (odd) name (x) {fields}") == 22
