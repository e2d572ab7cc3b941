"""The command line of the SRTLA exporter."""

from __future__ import annotations

from exporters.srtla.__main__ import parser


def test_no_key_file() -> None:
    """Without a key file there is no key, and nothing is read."""
    assert parser().parse_args(["--watch", "5000", "--uplink", "a=lo"]).api_key_file is None
