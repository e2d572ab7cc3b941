"""The check before the start: what is said of which machine."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from deploy.demo.namespaces import Namespace
from deploy.demo.preflight import ELEMENTS, REQUIRED, Machine, examine, packages, problems

GOOD = Machine(root=True, mptcp_enabled=True, tun=True, namespace_problem=None, missing=(), missing_elements=())
SHOW_PROBLEMS = "import json; from deploy.demo.preflight import *; print(json.dumps(problems(examine())))"


def test_good_machine_has_no_problem() -> None:
    """Nothing missing, nothing said."""
    assert problems(GOOD) == []
    assert packages(GOOD) == ()


@pytest.mark.parametrize(
    ("machine", "line"),
    [
        (
            replace(GOOD, root=False),
            "not root: network namespaces and TUN devices need it; run `sudo make demo`",
        ),
        (
            replace(GOOD, mptcp_enabled=None),
            "the kernel has no MPTCP: use one with CONFIG_MPTCP, such as Debian's 5.10 or newer",
        ),
        (
            replace(GOOD, mptcp_enabled=False),
            "MPTCP is off (net.mptcp.enabled=0): run `sysctl -w net.mptcp.enabled=1`",
        ),
        (
            replace(GOOD, tun=False),
            "/dev/net/tun is missing: run `modprobe tun`; give a container `--device /dev/net/tun`",
        ),
        (replace(GOOD, namespace_problem="cannot create a namespace"), "cannot create a namespace"),
        (
            replace(GOOD, missing=("obs",)),
            "obs is missing: run `apt-get install --no-install-recommends obs-studio`",
        ),
        (
            replace(GOOD, missing_elements=("x264enc",)),
            (
                "the GStreamer element x264enc is missing: "
                "run `apt-get install --no-install-recommends gstreamer1.0-plugins-ugly`"
            ),
        ),
        (
            replace(GOOD, missing_elements=None),
            (
                "GStreamer for /usr/bin/python3 is missing: "
                "run `apt-get install --no-install-recommends python3-gi gir1.2-gstreamer-1.0`"
            ),
        ),
    ],
)
def test_each_problem_is_one_line_with_its_remedy(machine: Machine, line: str) -> None:
    """What is wrong and what to do about it, in one line."""
    assert problems(machine) == [line]


def test_all_problems_are_told_at_once() -> None:
    """A user mends everything in one go, and the packages are named once each."""
    bare = Machine(
        root=False,
        mptcp_enabled=None,
        tun=False,
        namespace_problem=None,
        missing=tuple(REQUIRED),
        missing_elements=None,
    )

    assert len(problems(bare)) == 3 + len(REQUIRED) + 1
    assert all("\n" not in line for line in problems(bare))
    assert set(packages(bare)) >= {"obs-studio", "xvfb", "python3-gi", *ELEMENTS.values()}
    assert len(set(packages(bare))) == len(packages(bare))


def test_program_that_is_missing_is_found_missing() -> None:
    """Programs are looked for on PATH, files where they are."""
    machine = examine({"sh": "dash", "no-such-program": "nothing", "/no/such/module.so": "nothing"}, {})

    assert machine.missing == ("no-such-program", "/no/such/module.so")


def test_element_that_is_missing_is_found_missing() -> None:
    """GStreamer itself is asked for its elements, by the Python that has the bindings."""
    assert examine({}, {"fakesink": "core", "no-such-element": "nothing"}).missing_elements == ("no-such-element",)


@pytest.mark.root
@pytest.mark.mptcp
def test_switched_off_mptcp_is_found() -> None:
    """In a namespace where MPTCP is off exactly that is said."""
    with Namespace.create("off") as namespace:
        namespace.sysctl("net.mptcp.enabled", 0)
        said = json.loads(namespace.run([sys.executable, "-c", SHOW_PROBLEMS]))

    assert [line for line in said if "MPTCP" in line] == [
        "MPTCP is off (net.mptcp.enabled=0): run `sysctl -w net.mptcp.enabled=1`"
    ]


@pytest.mark.root
@pytest.mark.mptcp
def test_this_machine_can_make_a_world() -> None:
    """Where these tests run, kernel and privileges suffice."""
    machine = examine({}, {})

    assert (machine.root, machine.mptcp_enabled, machine.tun, machine.namespace_problem) == (True, True, True, None)
