"""The connection to the ingest: muxes encoded samples, sends them by RTMP or SRT, and reconnects by itself.

The send buffer is bounded: one second of media here, 32 KiB in the kernel. When it is full the
camera drops raw pictures (see `pipeline`), so what waits is never stale by more than that.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402 - require_version must come first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEND_BUFFER_S = 1.0
KERNEL_SEND_BUFFER_BYTES = 32 * 1024  # the kernel's own choice grows to 4 MB: 50 s at 600 kbit/s, unseen
CONGESTION_CONTROL = b"reno"  # bbr, the default here and there, takes a stall for the hop's capacity: 10 s of crawling
BACK_OFF_S = (0.25, 0.5, 1.0, 2.0)
CHUNK_BYTES = 4096  # RTMP's 128 would cost a header per 128 bytes
SILENCE_S = 60  # a black-out of the uplinks is no lost connection: rtmp2sink would give up after 5 s
POLL_MS = 100

# flvmux interleaves both streams by time stamp; it waits for neither clock nor latency.
RTMP = (
    "flvmux name=mux streamable=true ! "
    f"rtmp2sink name=out sync=false async=false chunk-size={CHUNK_BYTES} timeout={SILENCE_S} "
    "appsrc name=audio format=time ! mux.audio "
)
RTMP_VIDEO = "appsrc name=video format=time ! mux.video "
# Seven packets of a transport stream fill a datagram. Without auto-reconnect a loss is an error, as with RTMP.
SRT = (
    "mpegtsmux name=mux alignment=7 ! "
    "srtsink name=out sync=false async=false wait-for-connection=false auto-reconnect=false "
    "appsrc name=audio format=time ! aacparse ! mux. "
)
SRT_VIDEO = "appsrc name=video format=time ! h264parse config-interval=-1 ! mux. "


def _own_sockets(port: int) -> Iterator[socket.socket]:
    """This process's connections to that port, each as a duplicate that closes after use.

    rtmp2sink does not hand out its socket, so it is found among our own descriptors.
    """
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as found:
                if found.family in {socket.AF_INET, socket.AF_INET6} and found.getpeername()[1] == port:
                    yield found


class _Connection:
    """One attempt to publish, from connect to loss."""

    def __init__(self, url: str, *, with_video: bool) -> None:
        self.base_ns: int | None = None
        self._begins_at_ns = 0
        self._last: tuple[int, float] | None = None
        self.bounded = False
        self.by_rtmp = not url.startswith("srt:")
        chain, video = (RTMP, RTMP_VIDEO) if self.by_rtmp else (SRT, SRT_VIDEO)
        self.pipeline = Gst.parse_launch(chain + (video if with_video else ""))
        self.out = self.pipeline.get_by_name("out")
        self.out.set_property("location" if self.by_rtmp else "uri", url)
        self.port = self.out.get_property("port") if self.by_rtmp else 0
        self.inlets = {name: self.pipeline.get_by_name(name) for name in ("audio", "video")}
        self.pipeline.set_state(Gst.State.PLAYING)

    def push(self, kind: str, sample: Any) -> bool:  # noqa: ANN401 - untyped bindings
        """Queue a sample; False while it may not be sent (nothing goes before the first keyframe)."""
        inlet, buffer = self.inlets[kind], sample.get_buffer()
        if inlet is None:
            return False
        opens = kind == "video" or self.inlets["video"] is None
        # x264enc shifts its time stamps by 1000 hours and its segment with them: only running time counts
        time_ns = sample.get_segment().to_running_time(Gst.Format.TIME, buffer.pts)
        if self.base_ns is None and opens and not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT):
            self.base_ns = time_ns - self._begins_at_ns
        if self.base_ns is None or time_ns < self.base_ns:
            return False
        moved = buffer.copy()
        moved.pts = time_ns - self.base_ns
        self._last = (moved.pts, time.monotonic())
        moved.dts = Gst.CLOCK_TIME_NONE if kind == "audio" else moved.pts  # no B-frames, so no reordering
        caps = inlet.get_property("caps")
        if caps is None or not caps.is_equal(sample.get_caps()):
            inlet.set_property("caps", sample.get_caps())
        inlet.emit("push-buffer", moved)
        return True

    def begin_anew(self) -> None:
        """Let the next keyframe follow in time on what was sent, whatever its own clock says."""
        self.base_ns = None
        if self._last is not None:
            sent_ns, at_s = self._last
            self._begins_at_ns = sent_ns + round((time.monotonic() - at_s) * Gst.SECOND)

    def queued_s(self) -> float:
        """Media waiting in the send buffer: of the kind that has less of it.

        The muxer waits for the kind that lags, so one full queue says nothing; the network is blocked
        when both are full. Sound and pictures must be dropped alike: where a gap begins later in the
        one than in the other, OBS keeps the difference as delay for good.
        """
        levels = (inlet.get_property("current-level-time") for inlet in self.inlets.values() if inlet)
        return float(min(levels) / Gst.SECOND)

    def sent_bytes(self) -> int:
        """Bytes handed to the kernel; 0 until the server has accepted the stream."""
        stats = self.out.get_property("stats")
        names = ("out-bytes-total", "bytes-sent", "bytes-sent-total")  # RTMP's; SRT's while connected, and before
        found = next((name for name in names if stats is not None and stats.has_field(name)), None)
        return 0 if found is None else int(stats.get_value(found))

    def bound_its_socket(self) -> None:
        """Keep the kernel's send buffer small, where there is one: SRT keeps its own by time."""
        for found in _own_sockets(self.port) if self.by_rtmp else ():
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_SEND_BUFFER_BYTES)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, CONGESTION_CONTROL)
        self.bounded = True

    def failed(self) -> bool:
        """Whether the pipeline reported an error or its end since the last call."""
        kinds = Gst.MessageType.ERROR | Gst.MessageType.EOS
        return self.pipeline.get_bus().pop_filtered(kinds) is not None

    def close(self) -> None:
        """End the connection. rtmp2sink leaves it open where the server refused to let it publish."""
        self.pipeline.set_state(Gst.State.NULL)
        for left_open in _own_sockets(self.port) if self.by_rtmp else ():
            left_open.shutdown(socket.SHUT_RDWR)


class Publisher:
    """Publishes to one address until stopped. Its methods are safe in GStreamer's threads."""

    def __init__(self, url: str, *, with_video: bool, on_connect: Callable[[], None]) -> None:
        """Start connecting; `on_connect` is called at each attempt, to ask for a keyframe."""
        self.url, self.with_video = url, with_video
        self.connections = 0
        self.connected = False
        self._on_connect = on_connect
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._sent_before = 0
        self._failures = 0
        self._stopped = False
        self._connect()
        GLib.timeout_add(POLL_MS, self._watch)

    def _connect(self) -> bool:
        if not self._stopped:
            connection = _Connection(self.url, with_video=self.with_video)
            with self._lock:
                self._connection = connection
            self._on_connect()
        return False  # once

    def _watch(self) -> bool:
        connection = self._connection
        if connection is None or self._stopped:
            return not self._stopped
        if connection.failed():
            self._drop()
            wait_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
            self._failures += 1
            GLib.timeout_add(int(wait_s * 1000), self._connect)
        elif connection.sent_bytes() and not connection.bounded:
            connection.bound_its_socket()
            self.connected = True
            self.connections += 1
            self._failures = 0
        return True

    def _drop(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        self.connected = False
        if connection is not None:
            self._sent_before += connection.sent_bytes()
            connection.close()

    def push(self, kind: str, sample: Any) -> None:  # noqa: ANN401 - untyped bindings
        """Send an encoded sample, `kind` being "audio" or "video"; lost while not connected.

        Sound is lost, too, while the send buffer is full; a coded picture never is, since those after
        it refer to it: what is too much was not encoded in the first place.
        """
        with self._lock:
            connection = self._connection
        if connection is not None and (kind == "video" or connection.queued_s() < SEND_BUFFER_S):
            connection.push(kind, sample)

    def begin_anew(self) -> None:
        """Expect samples of another source: its time stamps count from somewhere else."""
        with self._lock:
            if self._connection is not None:
                self._connection.begin_anew()

    def queued_s(self) -> float | None:
        """Seconds of media in the send buffer, or None between connections."""
        with self._lock:
            return None if self._connection is None else self._connection.queued_s()

    def sent_bytes(self) -> int:
        """Bytes handed to the kernel over all connections."""
        with self._lock:
            return self._sent_before + (self._connection.sent_bytes() if self._connection else 0)

    def stop(self) -> None:
        """End the publication; what waits in the send buffer is lost."""
        self._stopped = True
        self._drop()
