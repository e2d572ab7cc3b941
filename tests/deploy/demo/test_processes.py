"""What /proc says of processes."""

from __future__ import annotations

import os
import subprocess

import pytest

from deploy.demo.processes import Stat, everyone, family, inside, kill, parse_stat, stat


def one(pid: int, parent: int = 1, session: int = 1) -> Stat:
    """A process of which only the kinship matters."""
    return Stat(pid, parent, session, "S", 0.0, 0)


def test_line_is_read_by_its_field_numbers() -> None:
    """State, parent, session, the four CPU times in ticks and the pages come from where proc(5) says."""
    line = "7 (sh) S 3 7 5 0 -1 0 1 1 1 1 100 200 30 4 20 0 1 0 99 8192 25 18446744073709551615"

    found = parse_stat(line)

    assert (found.pid, found.parent, found.session, found.state) == (7, 3, 5, "S")
    assert found.cpu_s == 334 / os.sysconf("SC_CLK_TCK")
    assert found.rss_bytes == 25 * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("name", ["a b", "x) S 9 9 9", "()", ""])
def test_name_may_hold_anything(name: str) -> None:
    """The program's name ends at the last bracket, whatever it contains."""
    line = f"7 ({name}) Z 3 7 5 0 -1 0 1 1 1 1 0 0 0 0 20 0 1 0 99 8192 25 1"

    assert parse_stat(line) == Stat(7, 3, 5, "Z", 0.0, 25 * os.sysconf("SC_PAGE_SIZE"))


def test_family_is_descendants_and_session() -> None:
    """Children's children belong, and an orphan does by the session; a stranger does not."""
    leader, child, grandchild = one(10, session=10), one(11, parent=10), one(12, parent=11)
    orphan, orphans_child, stranger = one(13, session=10), one(14, parent=13), one(15)

    everybody = [stranger, orphans_child, grandchild, orphan, child, leader]

    assert {member.pid for member in family(10, everybody)} == {10, 11, 12, 13, 14}


def test_this_process_is_found_with_its_parent() -> None:
    """A live process shows as the kernel knows it."""
    mine = stat(os.getpid())

    assert mine is not None
    assert (mine.pid, mine.parent) == (os.getpid(), os.getppid())
    assert mine.rss_bytes > 1_000_000
    assert os.getpid() in {one.pid for one in everyone()}


def test_process_that_is_gone_is_none() -> None:
    """A number that no process has is no error."""
    process = subprocess.Popen(["true"])
    process.wait()

    assert stat(process.pid) is None


def test_processes_of_this_network_namespace_include_this_one() -> None:
    """Membership is told by the namespace's inode."""
    assert os.getpid() in inside(os.stat("/proc/self/ns/net").st_ino)  # noqa: PTH116 - of /proc, as the code does
    assert inside(1) == []


def test_killing_passes_over_the_dead() -> None:
    """Everyone named is killed; who has gone already is no error."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    alive = subprocess.Popen(["sleep", "60"])

    kill([gone.pid, alive.pid])

    assert alive.wait() == -9
