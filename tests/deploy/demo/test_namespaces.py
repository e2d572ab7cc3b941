"""Anonymous namespaces: real ones."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import Namespace, NamespaceError, in_own_thread, mortal
from deploy.demo.processes import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """A fresh namespace."""
    with Namespace.create("test") as made:
        yield made


def test_command_runs_inside(namespace: Namespace) -> None:
    """A command sees only the namespace's interfaces, and its output comes back."""
    assert [line.split(":")[1].strip() for line in namespace.run(["ip", "-o", "link"]).splitlines()] == ["lo"]


def test_caller_stays_outside(namespace: Namespace) -> None:
    """Nothing done inside moves the calling thread."""
    before = Path("/proc/thread-self/ns/net").readlink()
    namespace.sysctl("net.ipv4.ip_forward", 1)
    namespace.socket().close()

    assert Path("/proc/thread-self/ns/net").readlink() == before


def test_thread_may_move_in(namespace: Namespace) -> None:
    """A thread that enters is inside until it ends."""

    def entered() -> int:
        namespace.enter()
        return Path("/proc/thread-self/ns/net").stat().st_ino

    assert in_own_thread(entered) == namespace.inode


def test_socket_belongs_to_the_namespace(namespace: Namespace) -> None:
    """A listener made inside is reached from inside, on an address that the machine has too."""
    namespace.run(["ip", "link", "set", "lo", "up"])
    with namespace.socket() as listener, namespace.socket() as caller, socket.socket() as outsider:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        caller.connect(listener.getsockname())

        with pytest.raises(ConnectionRefusedError):
            outsider.connect(listener.getsockname())


def test_setting_is_the_namespaces_own(namespace: Namespace) -> None:
    """A sysctl written inside holds inside only, and its value comes back."""
    other = Namespace.create("other")

    assert namespace.sysctl("net.ipv4.tcp_notsent_lowat", 12345) == "12345"
    assert namespace.sysctl("net.ipv4.tcp_notsent_lowat") == "12345"
    assert other.sysctl("net.ipv4.tcp_notsent_lowat") != "12345"
    other.close()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("net.ipv4.no_such_thing", None, "sysctl net.ipv4.no_such_thing in namespace test: No such file"),
        ("net.ipv4.ip_forward", "maybe", "sysctl net.ipv4.ip_forward = maybe in namespace test: Invalid argument"),
    ],
)
def test_setting_that_fails_is_named(namespace: Namespace, key: str, value: str | None, message: str) -> None:
    """The error names key, value, namespace and cause."""
    with pytest.raises(NamespaceError) as caught:
        namespace.sysctl(key, value)

    assert str(caught.value).startswith(message)
    assert namespace.has_sysctl("net.ipv4.ip_forward")
    assert not namespace.has_sysctl("net.ipv4.no_such_thing")


def test_command_that_fails_is_named_with_its_complaint(namespace: Namespace) -> None:
    """The error holds the command, its code and what it wrote to standard error."""
    with pytest.raises(NamespaceError, match=r"in namespace test, `ip link show dev nothing` failed \(1\): Device"):
        namespace.run(["ip", "link", "show", "dev", "nothing"])


def test_program_that_is_missing_is_named(namespace: Namespace) -> None:
    """A program that is not installed is told by its name."""
    with pytest.raises(NamespaceError, match="no-such-program"):
        namespace.run(["no-such-program"])


def test_process_is_found_inside_under_its_own_number(namespace: Namespace) -> None:
    """The process id of a wrapped command is that of the program itself."""
    with subprocess.Popen(namespace.command(["cat"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        process.stdout.read(1)

        assert inside(namespace.inode) == [process.pid]
        assert Path(f"/proc/{process.pid}/cmdline").read_bytes() == b"cat\0"
        process.kill()


def test_hint_leads_inside(namespace: Namespace) -> None:
    """The command shown to the user enters the namespace from a process outside."""
    seen = subprocess.check_output([*namespace.hint.split(), "readlink", "/proc/self/ns/net"], text=True)

    assert seen.strip() == f"net:[{namespace.inode}]"


def test_namespace_has_no_name_on_disk(namespace: Namespace) -> None:
    """There is no mount and no file that could be left behind."""
    assert str(namespace.inode) not in Path("/proc/self/mountinfo").read_text()


def test_closing_twice_is_harmless() -> None:
    """A closed namespace stays closed, and its descriptor is not another's."""
    namespace = Namespace.create("short")
    fd = namespace.fd
    namespace.close()
    namespace.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_mortal_process_dies_with_the_thread_that_started_it() -> None:
    """The parent-death signal follows the starting thread."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        started.append(subprocess.Popen(mortal(["sh", "-c", "echo; exec sleep 60"]), stdout=subprocess.PIPE))
        assert started[0].stdout is not None
        started[0].stdout.read(1)  # it has come as far as its program

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert started[0].wait(timeout=10) == -9
    assert started[0].stdout is not None
    started[0].stdout.close()


def test_mortal_process_does_not_start_without_its_parent() -> None:
    """When another process is the parent by then, the program is not started, and that is told."""
    wrapped = mortal(["echo", "started"])
    done = subprocess.run(["timeout", "10", *wrapped], capture_output=True, text=True, check=False)

    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == f"not started: process {os.getpid()} is not the parent\n"


def test_arguments_arrive_as_they_are(namespace: Namespace) -> None:
    """Blanks, quotes and dollars pass the wrappers unharmed."""
    odd = ["a b", "'", '"', "$PPID", "", "*", "\\", "-c"]

    assert namespace.run(["printf", "%s|", *odd]) == "".join(f"{argument}|" for argument in odd)


def test_missing_privilege_is_said_with_its_remedy() -> None:
    """Without root the error says what to do."""
    code = "from deploy.demo.namespaces import Namespace; Namespace.create('x')"
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all", "/usr/bin/python3", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "cannot create a network namespace: Operation not permitted; run as root" in done.stderr
