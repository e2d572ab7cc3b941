"""The exporter's command line: what is refused, and that nothing secret is in the refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from exporters.srtla.__main__ import parser, run
from exporters.srtla.naming import conflicts
from exporters.srtla.reports.mapped import parse_map

KEY = "s3cret"
Complaint = Callable[..., str]


@pytest.fixture
def complaint(refused: Complaint) -> Complaint:
    """What this exporter says to a command line that must be refused."""
    return partial(refused, run, "exporters.srtla")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "nothing to read: give --watch, --socket, --file or --api"),
        (["--watch", "0"], "argument --watch: '0' is not a port"),
        (["--uplink", "verizon"], "argument --uplink: 'verizon' is not NAME=TARGET"),
        (["--watch", "5000", "--uplink", "a=wwan0"], "uplink a: at the receiver give conn:ID, an address or a port"),
        (["--uplink", "a=conn:1", "--uplink", "b=conn:1"], "uplinks a and b stand for the same links"),
        (["--file", "ceralive=/x", "--uplinks", "/no/such"], "cannot read /no/such: No such file or directory"),
        (["--api", "json=/no/such"], "argument --api: cannot read /no/such: No such file or directory"),
        (["--api", "sls=http://h/"], "--api needs --stream ALIAS=NAME"),
        (["--api", f"sls=http://u:{KEY}@h/"], "argument --api: --api sls: give an http:// or https:// URL"),
        (["--stream", KEY], "argument --stream: --stream takes ALIAS=NAME"),
        (["--file", "ceralive=/x", "--listen", "203.0.113.9:1"], "cannot listen on 203.0.113.9:1"),
    ],
)
def test_wrong_command_line_is_one_line_without_the_key(given: list[str], said: str, complaint: Complaint) -> None:
    """What is wrong is told in one line, with exit code 2, and never with a key."""
    told = complaint(*given)

    assert said in told
    assert KEY not in told


def test_wrong_file_of_uplinks_is_told(tmp_path: Path, complaint: Complaint) -> None:
    """A line that is no target is named before anything starts."""
    (tmp_path / "uplinks").write_text("verizon\n")

    assert "'verizon' is not NAME=TARGET" in complaint("--file", "ceralive=/x", "--uplinks", f"{tmp_path}/uplinks")


def test_examples_of_the_guide_are_understood() -> None:
    """Each command line in the guide is one that the exporter takes, and its mapping is one."""
    guide = (Path(__file__).parents[3] / "docs" / "srtla.md").read_text(encoding="utf-8")
    examples = re.findall(r"^    python -m exporters\.srtla (.*)$", guide, re.MULTILINE)
    mapping = "".join(line for line in guide.splitlines(keepends=True) if re.match(r"    [{ ] *\"", line))

    assert len(examples) == 8
    for example in examples:
        options = parser().parse_args(example.split())
        assert conflicts(options.uplink, options.role) == []
    assert list(parse_map(mapping.encode()).streams) == ["cam"]


@pytest.mark.root
def test_unknown_interface_is_told(complaint: Complaint) -> None:
    """A typing error in the interface's name does not start a watch that sees nothing."""
    assert "cannot watch port 5000 on nowhere0" in complaint("--watch", "5000", "--interface", "nowhere0")
