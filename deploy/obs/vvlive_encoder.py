"""A script for OBS (Tools, Scripts): lets VVLIVE change the bitrate of the running stream encoder.

obs-websocket cannot do that. On a Unix socket it answers the questions of VVLIVE's encoder drivers, a line of JSON
each; orders are carried out on OBS's own timer, one at a time, and never on the socket's thread. OBS's "dynamically
change bitrate" must be off: on its recovery it would set the bitrate that the stream began with.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import threading
from pathlib import Path
from typing import Any

import obspython as obs  # type: ignore[import-not-found] # OBS brings it

NAME = "vvlive-obs-encoder"
LONGEST_LINE_BYTES = 16 * 1024
TICK_MS = 20
# Who asked waits as long; the driver's own deadline is 5 s.
ANSWER_S = 4.0
MIN_BPS, MAX_BPS = 32_000, 100_000_000

Json = dict[str, Any]


class Desk:
    """What waits for OBS's timer, and the socket while the script is loaded."""

    orders: queue.Queue[tuple[Json, queue.Queue[Json]]] = queue.Queue()
    listener: socket.socket | None = None


def socket_path() -> Path:
    """Where the controller asks, below the directory that only this user reads."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return Path(folder) / NAME


def script_description() -> str:
    """What OBS shows beside the script's name."""
    return f"Lets VVLIVE change the stream's bitrate. It asks at {socket_path()}: write that as encoder.socket."


def script_load(_settings: object) -> None:
    """Begin to listen, and to carry out."""
    path = socket_path()
    path.unlink(missing_ok=True)
    Desk.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        Desk.listener.bind(str(path))
    finally:
        os.umask(before)
    Desk.listener.listen(4)
    threading.Thread(target=serve, args=(Desk.listener,), daemon=True, name=NAME).start()
    obs.timer_add(carry_out, TICK_MS)
    print(f"VVLIVE asks at {path}")  # noqa: T201 - OBS shows it in the script's log


def script_unload() -> None:
    """Stop listening."""
    obs.timer_remove(carry_out)
    if Desk.listener is not None:
        # Closing alone does not wake a thread that waits in accept.
        Desk.listener.shutdown(socket.SHUT_RDWR)
        Desk.listener.close()
        Desk.listener = None
    socket_path().unlink(missing_ok=True)


def serve(listening: socket.socket) -> None:
    """Take questions one after the other, on a thread that touches nothing of OBS."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(ANSWER_S)
            with contextlib.suppress(OSError):
                line = connection.makefile("rb").readline(LONGEST_LINE_BYTES)
                connection.sendall(json.dumps(answer(line)).encode() + b"\n")


def answer(line: bytes) -> Json:
    """The answer to one line; waits for OBS's timer."""
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):
        return refused("the question is not one JSON object")
    if not isinstance(question, dict) or question.get("version") != 1:
        return refused("the question is not of version 1")
    told: queue.Queue[Json] = queue.Queue()
    Desk.orders.put((question, told))
    try:
        return told.get(timeout=ANSWER_S)
    except queue.Empty:
        return refused("OBS is busy")


def carry_out() -> None:
    """Answer what is waiting; OBS calls this on its own thread."""
    while not Desk.orders.empty():
        question, told = Desk.orders.get()
        try:
            told.put(done(question))
        except Exception as error:  # noqa: BLE001 - who asked must hear it, and OBS must go on
            told.put(refused(f"the script failed: {type(error).__name__}"))


def done(question: Json) -> Json:
    """What becomes of one question."""
    verb = question.get("verb")
    if verb == "read":
        return reading()
    if verb == "apply":
        return applied(question.get("target"))
    return refused("only read and apply can be asked of OBS's encoder")


def refused(detail: str) -> Json:
    """An order that was not carried out."""
    return {"outcome": "refused", "detail": detail}


class StreamEncoder:
    """The encoder of OBS's stream output, with its references given back at the end."""

    def __enter__(self) -> StreamEncoder:  # noqa: PYI034 - typing.Self is newer than the Pythons that OBS brings
        self.output = obs.obs_frontend_get_streaming_output()
        self.encoder = None if self.output is None else obs.obs_output_get_video_encoder(self.output)
        return self

    def __exit__(self, *_: object) -> None:
        if self.output is not None:
            obs.obs_output_release(self.output)

    def active(self) -> bool:
        """Whether the stream runs."""
        return self.output is not None and bool(obs.obs_output_active(self.output))

    def bitrate_kbps(self) -> int:
        """What its settings hold; they are what it was last updated with."""
        settings = obs.obs_encoder_get_settings(self.encoder)
        try:
            return int(obs.obs_data_get_int(settings, "bitrate"))
        finally:
            obs.obs_data_release(settings)

    def set_bitrate(self, kbps: int) -> None:
        """Update the running encoder."""
        settings = obs.obs_data_create()
        try:
            obs.obs_data_set_int(settings, "bitrate", kbps)
            obs.obs_encoder_update(self.encoder, settings)
        finally:
            obs.obs_data_release(settings)

    def target(self) -> Json:
        """What it plays."""
        video = obs.obs_video_info()
        obs.obs_get_video_info(video)
        return {
            "bitrate_bps": self.bitrate_kbps() * 1000,
            "width_px": obs.obs_encoder_get_width(self.encoder),
            "height_px": obs.obs_encoder_get_height(self.encoder),
            "frame_rate_hz": round(video.fps_num / max(video.fps_den, 1)),
        }


def reading() -> Json:
    """The answer to `read`."""
    with StreamEncoder() as stream:
        if stream.encoder is None:
            return {"configured": None, "publishing": False, "problem": "OBS does not stream, so there is no encoder"}
        return {
            "configured": stream.target(),
            "publishing": stream.active(),
            "identity": "OBS " + obs.obs_get_version_string() + ", " + obs.obs_encoder_get_id(stream.encoder),
        }


def applied(target: object) -> Json:
    """The answer to `apply`: the bitrate alone can change while OBS streams."""
    wanted = target if isinstance(target, dict) else {}
    bitrate_bps = wanted.get("bitrate_bps")
    if not isinstance(bitrate_bps, int) or not MIN_BPS <= bitrate_bps <= MAX_BPS:
        return refused(f"target.bitrate_bps is not within {MIN_BPS} to {MAX_BPS}")
    with StreamEncoder() as stream:
        if not stream.active() or stream.encoder is None:
            return refused("OBS does not stream")
        now = stream.target()
        if any(wanted.get(name) != now[name] for name in ("width_px", "height_px", "frame_rate_hz")):
            return refused("OBS cannot change size or frame rate while it streams")
        stream.set_bitrate(bitrate_bps // 1000)
        return {"outcome": "applied", "target": stream.target()}
