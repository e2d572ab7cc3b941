"""The drop-in files as data."""

from __future__ import annotations

import re

import pytest

from mptcp.doctor.dropin import SHIPPED, Setting, Side, parse, shipped


def test_setting_has_the_comment_above_it() -> None:
    """On one line; a blank line ends what a comment belongs to, a leading "-" makes it optional."""
    text = "# Not of any.\n\n# Because\n# of this.\n-net.a.b = 1 2\nnet.c=3\n"

    assert parse(text) == (
        Setting("net.a.b", "1 2", optional=True, reason="Because of this."),
        Setting("net.c", "3", optional=False, reason="Because of this."),
    )


def test_line_that_is_no_setting_is_refused() -> None:
    """It would be dropped silently by the machine."""
    with pytest.raises(ValueError, match=r"'net\.a 1' is not KEY = VALUE"):
        parse("net.a 1")


@pytest.mark.parametrize("side", Side)
def test_every_shipped_setting_has_its_reason(side: Side) -> None:
    """Settings stand apart, each below the measurement that asks for it."""
    settings = [setting for dropin in shipped(side) for setting in dropin.settings]

    assert len(settings) >= 6
    assert all(len(setting.reason) > 30 for setting in settings)
    assert len({setting.key for setting in settings}) == len(settings)


def test_sysctl_itself_understands_the_files() -> None:
    """No comment behind a value: sysctl.d(5) would take it for part of the value."""
    for path in SHIPPED.iterdir():
        for line in path.read_text().splitlines():
            assert re.fullmatch(r"(#.*)?|-?[a-z0-9_.]+ = [a-z0-9]+( [0-9]+)*", line), line


def test_capped_timer_and_many_retries_are_one_file() -> None:
    """Either without the other does harm, so a kernel without the first gets neither."""
    (pair,) = (dropin for dropin in shipped(Side.PI) if dropin.needs)

    assert pair.needs == "net.ipv4.tcp_rto_max_ms"
    assert {setting.key for setting in pair.settings} == {"net.ipv4.tcp_rto_max_ms", "net.ipv4.tcp_retries2"}
