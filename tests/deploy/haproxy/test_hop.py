"""The hop between rig and VPS: HAProxy on both ends, TLS over MPTCP, in the demo's world."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import NamespaceError
from deploy.demo.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.demo.namespaces import Namespace

HAPROXY = Path(__file__).parents[3] / "deploy" / "haproxy"
WAIT_S = 20.0
BLOCK = bytes(16384)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of our own, and what it signed."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([HAPROXY / "certificates", folder / "made"], check=True, capture_output=True)
    return folder / "made"


def _environment(certificates: Path) -> dict[str, str]:
    return {**os.environ, "VVLIVE_VPS": "203.0.113.1", "VVLIVE_TLS": str(certificates)}


@pytest.mark.parametrize("name", ["pi", "vps"])
def test_haproxy_accepts_the_configuration(certificates: Path, name: str) -> None:
    """Without a warning."""
    done = subprocess.run(
        ["haproxy", "-c", "-f", HAPROXY / f"{name}.cfg"],
        env=_environment(certificates),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "Configuration file is valid\n", "")


def test_certificates_are_readable_by_their_owner_only(certificates: Path) -> None:
    """Each file but the authority's certificate holds a key."""
    assert sorted(path.name for path in certificates.iterdir()) == ["ca.key", "ca.pem", "rig.pem", "vps.pem"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in certificates.iterdir())


def test_certificates_are_never_overwritten(certificates: Path) -> None:
    """A second run would cut the rigs off that are out there."""
    done = subprocess.run([HAPROXY / "certificates", certificates], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "exists: remove it to begin anew, or choose another folder" in done.stderr


class Ingest(threading.Thread):
    """What stands behind the VPS's proxy: takes one connection and counts."""

    def __init__(self, namespace: Namespace, port: int) -> None:
        super().__init__(daemon=True)
        self._listener = namespace.socket()
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen()
        self.received = 0

    def run(self) -> None:
        """Read until the other side ends."""
        connection, _ = self._listener.accept()
        with connection, self._listener:
            while data := connection.recv(1 << 16):
                self.received += len(data)


@contextmanager
def _hop(certificates: Path) -> Iterator[World]:
    """A world with the proxy running on both ends."""
    with World() as world, ExitStack() as stack:
        for host, name, port in ((world.vps, "vps", 8443), (world.pi, "pi", 1935)):
            command = host.command(["mptcpize", "run", "haproxy", "-db", "-f", str(HAPROXY / f"{name}.cfg")])
            process = stack.enter_context(subprocess.Popen(command, env=_environment(certificates)))
            stack.callback(process.terminate)
            _until(lambda host=host, port=port: bool(host.run(["ss", "-HMln", f"sport = :{port}"])))  # type: ignore[misc] # mypy cannot type defaults of a lambda
        yield world


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def _send(world: World, size_bytes: int) -> socket.socket:
    encoder = world.pi.socket()
    encoder.connect(("127.0.0.1", 1935))
    for _ in range(size_bytes // len(BLOCK)):
        encoder.sendall(BLOCK)
    return encoder


@pytest.mark.root
@pytest.mark.mptcp
def test_stream_is_mptcp_on_both_ends(certificates: Path) -> None:
    """`ss -M` shows the connection at rig and VPS, two subflows carry it, and it is not in clear."""
    with _hop(certificates) as world:
        ingest = Ingest(world.vps, 1935)
        ingest.start()
        encoder = _send(world, 2_000_000)
        _until(lambda: ingest.received >= 1_990_000)

        for host in (world.pi, world.vps):
            assert len(re.findall(r"^ESTAB.*:8443", host.run(["ss", "-HMn"]), re.MULTILINE)) == 1
            subflows = host.run(["ss", "-Htni", "state", "established", "( sport = :8443 or dport = :8443 )"])
            assert subflows.count("tcp-ulp-mptcp") == 2
        shares = [link.out_bytes for link in world.control.read().up.values()]
        assert all(share > 100_000 for share in shares), shares
        encoder.close()
        ingest.join(WAIT_S)


@pytest.mark.root
@pytest.mark.mptcp
def test_silent_subflows_are_asked_whether_they_live(certificates: Path) -> None:
    """The VPS's end keeps them alive by asking, and so gets rid of those whose uplink died without a word."""
    with _hop(certificates) as world:
        ingest = Ingest(world.vps, 1935)
        ingest.start()
        encoder = _send(world, 1_000_000)
        _until(lambda: ingest.received >= 990_000)

        timers = world.vps.run(["ss", "-Htno", "state", "established", "sport = :8443"])
        assert timers.count("timer:(keepalive") == 2
        encoder.close()
        ingest.join(WAIT_S)


@pytest.mark.root
@pytest.mark.mptcp
def test_stranger_gets_no_further(certificates: Path) -> None:
    """Without a certificate of the authority the VPS's end hangs up before the ingest hears of it."""
    with _hop(certificates) as world:
        ingest = Ingest(world.vps, 1935)
        ingest.start()
        with pytest.raises(NamespaceError):
            world.pi.run(["openssl", "s_client", "-connect", "203.0.113.1:8443", "-verify_return_error", "-quiet",
                          "-CAfile", str(certificates / "ca.pem"), "-verify_hostname", "vvlive-vps"])  # fmt: skip

        assert ingest.is_alive()
        assert ingest.received == 0


def _asked(world: World, port: int, request: bytes) -> bytes:
    """The first line that the rig reads after this request."""
    with world.pi.socket() as client:
        client.settimeout(WAIT_S)
        client.connect(("127.0.0.1", port))
        client.sendall(request + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        return client.recv(1000).split(b"\r\n")[0]


@pytest.mark.root
@pytest.mark.mptcp
def test_rig_reports_and_takes_orders_and_nothing_else(certificates: Path) -> None:
    """Of the VPS's controller the rig reaches the link; what is local there stays local."""
    with _hop(certificates) as world:
        for request in (b"GET /api/status", b"POST /api/override", b"GET /api/link/../status", b"GET /metrics"):
            assert _asked(world, 8446, request).startswith(b"HTTP/1.1 403"), request
        # Nothing listens behind the proxy here: that far the link's own questions come.
        assert _asked(world, 8446, b"GET /api/link/override").startswith(b"HTTP/1.1 503")
        assert _asked(world, 8446, b"POST /api/link/report").startswith(b"HTTP/1.1 503")


@pytest.mark.root
@pytest.mark.mptcp
def test_rig_writes_samples_and_nothing_else(certificates: Path) -> None:
    """Of Prometheus behind the VPS's proxy the rig sees the one page that it needs."""
    with _hop(certificates) as world:
        for request in (b"GET /api/v1/query?query=up", b"POST /-/quit", b"GET /api/v1/write"):
            assert _asked(world, 9091, request).startswith(b"HTTP/1.1 403"), request
