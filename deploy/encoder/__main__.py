"""`/usr/bin/python3 -m deploy.encoder`: code and publish until SIGTERM or SIGINT.

Ready when "listening" stands on stdout. Exit codes: 0 told to stop, 1 something is missing, 2 wrong options.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

PACKAGES = (
    "python3-gi gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-alsa"
)
try:
    import gi

    gi.require_version("Gst", "1.0")
except (ImportError, ValueError) as error:
    sys.exit(f"encoder: {error}: run it with /usr/bin/python3, and apt-get install {PACKAGES}")
from gi.repository import GLib, Gst  # noqa: E402 - require_version must come first

from deploy.encoder.answering import answer  # noqa: E402 - as above
from deploy.encoder.control import ControlSocket, SocketTakenError  # noqa: E402 - as above
from deploy.encoder.machine import Machine, Made  # noqa: E402 - as above
from deploy.encoder.source import source_of  # noqa: E402 - as above
from deploy.encoder.video import VideoSettings  # noqa: E402 - as above

if TYPE_CHECKING:
    from types import TracebackType

    from deploy.encoder.source import Source

ELEMENTS = ("x264enc", "avenc_aac", "aacparse", "h264parse", "flvmux", "rtmp2sink", "mpegtsmux", "srtsink", "videorate")
SCHEMES = ("rtmp://", "rtmps://", "srt://")


class OptionError(Exception):
    """An option cannot be used; the message names it and the remedy, never a secret."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy.encoder", description=__doc__)
    parser.add_argument(
        "--socket", required=True, type=Path, help="where the controller asks; see encoder.socket there"
    )
    parser.add_argument(
        "--publish-url-file", required=True, type=Path, help="one line: rtmp://, rtmps:// or srt://, key and all"
    )
    parser.add_argument(
        "--source", default="test", help="test, test:PATTERN, v4l2:/dev/videoN, or rtmp://, srt://, rtsp://..."
    )
    parser.add_argument("--source-file", type=Path, help="one line: the source, where its address holds a secret")
    parser.add_argument("--audio", default="silence", help="silence, tone, alsa:DEVICE, or source: the address's own")
    parser.add_argument("--size", default="1280x720", metavar="WxH")
    parser.add_argument("--frame-rate", type=int, default=30, metavar="HZ")
    parser.add_argument("--bitrate-kbit", type=int, default=2500)
    parser.add_argument("--keyframe-seconds", type=float, default=2.0, help="a picture to begin with, 0.5 to 10")
    parser.add_argument("--speed", default="veryfast", choices=["ultrafast", "superfast", "veryfast", "faster", "fast"])
    return parser.parse_args(argv)


def _line_of(path: Path, option: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise OptionError(f"{option}: {path} cannot be read ({reason}); write one line into it") from None
    if len(lines) != 1:
        raise OptionError(f"{option}: {path} holds {len(lines)} words; write one address into it")
    return lines[0]


def _source(options: argparse.Namespace) -> Source:
    text = _line_of(options.source_file, "--source-file") if options.source_file else options.source
    try:
        return source_of(text, options.audio)
    except ValueError as error:
        raise OptionError(f"--source, --audio: {error}") from None


def made(options: argparse.Namespace) -> tuple[Made, VideoSettings]:
    """What to make, and what to begin with.

    Raises:
        OptionError: an option cannot be used.
    """
    url = _line_of(options.publish_url_file, "--publish-url-file")
    if not url.startswith(SCHEMES):
        raise OptionError(f"--publish-url-file: holds no address that begins with {', '.join(SCHEMES)}")
    width, _, height = options.size.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise OptionError("--size: write it like 1280x720")
    if not 0.5 <= options.keyframe_seconds <= 10:
        raise OptionError("--keyframe-seconds: is not within 0.5 to 10")
    try:
        video = VideoSettings(int(width), int(height), options.frame_rate, options.bitrate_kbit * 1000)
    except ValueError as error:
        raise OptionError(f"--size, --frame-rate, --bitrate-kbit: {error}") from None
    return Made(_source(options), url, options.speed, options.keyframe_seconds), video


def _end_on_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End the process where GLib would print an exception and go on without what it interrupted."""
    sys.__excepthook__(kind, error, trace)
    os._exit(1)


def main(argv: list[str] | None = None) -> int:
    """Run until told to stop."""
    options = arguments(argv)
    Gst.init(None)
    missing = [name for name in ELEMENTS if Gst.ElementFactory.find(name) is None]
    if missing:
        print(f"encoder: no GStreamer element {', '.join(missing)}: apt-get install {PACKAGES}", file=sys.stderr)
        return 1
    try:
        what, video = made(options)
        # First, so that a second encoder neither publishes over the first nor ends with a pipeline running.
        control = ControlSocket(options.socket, lambda line: answer(line, machine))
    except (OptionError, SocketTakenError) as error:
        print(f"encoder: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"encoder: --socket: {options.socket} cannot be made ({error.strerror})", file=sys.stderr)
        return 2
    sys.excepthook = _end_on_defect
    machine = Machine(what, video)
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    print(f"listening on {options.socket}", flush=True)
    loop.run()
    control.close()
    machine.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
