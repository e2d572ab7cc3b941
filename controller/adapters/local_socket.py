"""Drivers for encoders that answer on a local Unix socket: VVLIVE's own, and the script inside OBS.

`gst`: tested with the real program `deploy/encoder` on GStreamer 1.22 and x264, into RTMP and SRT: bitrate,
size and frame rate were seen in what arrived. Not tested: hardware encoders, cameras (v4l2).
`obs`: tested with OBS 29.0 and its x264 encoder, RTMP out. Not tested: NVENC, QSV, AMF, Apple's encoders. An old NVENC
hung after some 250 changes; use OBS 28 or newer, and switch OBS's own "dynamic bitrate" off.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from controller.adapters.json_verbs import Deadlines, Ended, Range, VerbsEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from controller.ports import Impacts

LONGEST_ANSWER_BYTES = 64 * 1024
# Both programs answer in milliseconds; a size change is told when the first picture of the new size is coded.
DEADLINES = Deadlines(read_s=2.0, order_s=5.0)


class LocalSocket:
    """A new connection to the socket at `path` for each question: one line there, one line back."""

    def __init__(self, path: Path, *, name: str, remedy: str) -> None:
        self._path = path
        self.name = name
        self.remedy = remedy

    async def ask(self, question: bytes, *, deadline_s: float) -> Ended:
        """Put one question; an answer that is no whole line of at most 64 KiB is none."""
        try:
            async with asyncio.timeout(deadline_s):
                return await self._asked(question)
        except TimeoutError:
            return Ended(None, f"did not answer within {deadline_s:g} s")

    async def _asked(self, question: bytes) -> Ended:
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=LONGEST_ANSWER_BYTES)
        except OSError as error:
            return Ended(None, f"cannot be reached at {self._path} ({error.strerror})", started=False)
        try:
            writer.write(question)
            await writer.drain()
            answer = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            return Ended(None, "wrote more than 64 KiB")
        except (OSError, asyncio.IncompleteReadError):
            return Ended(None, "closed the connection without an answer")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return Ended(answer)


def gst_encoder(path: Path, *, impacts: Impacts, bitrates: Range, deadlines: Deadlines = DEADLINES) -> VerbsEncoder:
    """The driver of VVLIVE's own encoder."""
    carrier = LocalSocket(path, name="encoder gst", remedy="look at `systemctl status vvlive-encoder`")
    return _encoder(carrier, impacts, bitrates, deadlines, evidence="measured on GStreamer 1.22 with x264")


def obs_encoder(path: Path, *, impacts: Impacts, bitrates: Range, deadlines: Deadlines = DEADLINES) -> VerbsEncoder:
    """The driver of the encoder inside OBS."""
    carrier = LocalSocket(
        path, name="encoder OBS", remedy="is OBS running, and is vvlive_encoder.py loaded under Tools, Scripts?"
    )
    return _encoder(carrier, impacts, bitrates, deadlines, evidence="measured on OBS 29.0 with x264")


def _encoder(
    carrier: LocalSocket, impacts: Impacts, bitrates: Range, deadlines: Deadlines, *, evidence: str
) -> VerbsEncoder:
    return VerbsEncoder(
        carrier=carrier,
        impacts=impacts,
        bitrates=bitrates,
        deadlines=deadlines,
        evidence=evidence,
        restartable=False,
    )
