"""`python -m deploy.demo.srtla.bridge`: an SRT server that publishes what it takes in to an RTMP server.

    python -m deploy.demo.srtla.bridge --listen 127.0.0.1:5001 --publish-url-file URL --statistics FILE

One session after the other: srt-live-transmit takes a caller in and hands on MPEG-TS, which is published as
it comes, not coded anew; with the caller the publication ends. FILE gets srt-live-transmit's statistics, one
JSON object per 100 packets. The address is read from a file, since it holds a key, and stands in no argument
list. Says "listening" at the start. Ends on SIGTERM, and what it started with it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.request import urlopen

import av
from av.bitstream import BitStreamFilterContext

from deploy.demo.namespaces import mortal
from deploy.demo.srtla import datagrams

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream

BACK_OFF_S = 0.2
DROP_TIMEOUT_S = 2.0
STATISTICS_EVERY_PACKETS = 100
# Long enough to meet a keyframe of a 2 s GOP whose first one was lost, and some sound; it ends sooner once both
# are known, and what is read meanwhile is sent on.
OPEN_OPTIONS = {"analyzeduration": "6000000", "probesize": "8000000", "fpsprobesize": "0", "fflags": "nobuffer"}


def listener(host: str, port: int, *, latency_ms: int, idle_ms: int) -> str:
    """The address at which srt-live-transmit listens.

    A caller is given up after `idle_ms` of silence. Packets that overtake each other on different links are
    not lost: NAKs wait for up to 40 packets (lossmaxttl).
    """
    return f"srt://{host}:{port}?mode=listener&latency={latency_ms}&peeridletimeo={idle_ms}&lossmaxttl=40"


class Republishing:
    """The streams of one session on their way from MPEG-TS to RTMP."""

    def __init__(self, source: InputContainer, target: OutputContainer) -> None:
        chosen: list[Stream] = [*source.streams.video[:1], *source.streams.audio[:1]]
        self._target = target
        self._streams = {one.index: target.add_stream_from_template(one) for one in chosen}
        # A picture size that changes in mid-stream comes with new parameter sets: RTMP must be told of them.
        self._filters = {
            one.index: BitStreamFilterContext("extract_extradata", one) for one in chosen if one.type == "video"
        }
        self.chosen = tuple(chosen)

    def pass_on(self, packet: Packet[Any]) -> None:
        """Publish a packet; one that SRT's losses have mangled is left out.

        Raises:
            av.FFmpegError: the connection is lost.
        """
        if packet.dts is None:  # the end of a stream
            return
        stream = self._streams[packet.stream_index]
        filter_ = self._filters.get(packet.stream_index)
        with suppress(av.InvalidDataError):
            for one in [packet] if filter_ is None else filter_.filter(packet):
                one.stream = stream
                self._target.mux(one)


def republish(source: IO[bytes], url: str, ready: Callable[[], None] = lambda: None) -> None:
    """Publish MPEG-TS as it comes, until it ends; `ready` is called when there is something to publish.

    `source` must be unbuffered: a buffered one waits for a whole block, which delays the picture.

    Raises:
        av.FFmpegError: either side failed.
        ValueError: there is a picture, but no keyframe came in time.
    """
    with av.open(source, "r", format="mpegts", options=OPEN_OPTIONS) as incoming:
        # A publication that fails at its header would stay connected for good, and keep others out.
        if any(not video.codec_context.width for video in incoming.streams.video):
            raise ValueError("no keyframe came")
        ready()
        with av.open(url, "w", format="flv", options={"flvflags": "no_duration_filesize"}) as outgoing:
            session = Republishing(incoming, outgoing)
            for packet in incoming.demux(*session.chosen):
                session.pass_on(packet)


def make_way(drop_url: str | None) -> None:
    """Let the server drop a publisher that is only not known to be gone: the stream comes this way now."""
    if drop_url is not None:
        with suppress(OSError), urlopen(drop_url, timeout=DROP_TIMEOUT_S) as answer:  # noqa: S310 - our own nginx
            answer.read()


def serve_once(argv: Sequence[str], url: str, drop_url: str | None = None) -> str:
    """One session, from its caller to its end; the reason of the end in words that hold no address."""
    with subprocess.Popen(mortal(argv), bufsize=0, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        try:
            republish(process.stdout, url, lambda: make_way(drop_url))
        except (av.FFmpegError, ValueError, IndexError) as error:
            return type(error).__name__  # the text would repeat the address, and with it the key
        finally:
            process.terminate()
            _drain(process.stdout)
    return "the caller left"


def _drain(source: IO[bytes]) -> None:
    """Read to the end: a server that cannot write does not end, and one whose reader is gone hangs up unheard."""
    while source.read(65536):
        pass


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.srtla.bridge", description="SRT in, RTMP out.")
    parser.add_argument("--listen", required=True, type=datagrams.address, metavar="HOST:PORT")
    parser.add_argument("--publish-url-file", required=True, type=Path, help="one line: where to publish, key included")
    parser.add_argument("--statistics", required=True, type=Path, help="where srt-live-transmit writes its own")
    parser.add_argument("--drop-url", help="a GET of it makes nginx let go of whoever publishes; asked at each session")
    parser.add_argument("--latency-ms", type=int, default=1000, help="how long a packet may come late, %(default)s")
    parser.add_argument("--idle-ms", type=int, default=5000, help="a caller's longest silence, %(default)s")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal; 2 where the address cannot be read."""
    options = _arguments(argv)
    try:
        url = options.publish_url_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        print(f"srt bridge: {error}", file=sys.stderr)
        return 2
    entry = listener(*options.listen, latency_ms=options.latency_ms, idle_ms=options.idle_ms)
    command = (
        "srt-live-transmit", "-q", "-a:no", "-loglevel:fatal", "-pf:json", f"-s:{STATISTICS_EVERY_PACKETS}",
        f"-statsout:{options.statistics}", entry, "file://con",
    )  # fmt: skip
    print(f"listening on {options.listen[0]}:{options.listen[1]}", flush=True)
    while True:
        print(f"session over: {serve_once(command, url, options.drop_url)}", flush=True)
        time.sleep(BACK_OFF_S)


if __name__ == "__main__":
    sys.exit(main())
