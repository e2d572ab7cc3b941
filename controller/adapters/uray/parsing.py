"""Reading the unit's XML: `get_output` and `get_status`, from bytes to values.

Field names and meanings are those of the platform's web pages and public captures. A reply that
cannot be understood whole raises BadReplyError; a field that a firmware lacks is None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

_DAYS_AND_CLOCK = re.compile(r"(?:(\d+)\s*d(?:ays?)?,?\s+)?(\d+):(\d{1,2}):(\d{1,2})", re.IGNORECASE)


class BadReplyError(ValueError):
    """The unit's reply is not the XML that this protocol knows. Never holds the reply itself."""


@dataclass(frozen=True, slots=True, repr=False)
class OutputSettings:
    """One output's settings as the unit names them, in its order, with the encoding they came in.

    Values include the publish address and its stream key: the repr shows names only.
    """

    fields: Mapping[str, str]
    encoding: str

    def __repr__(self) -> str:
        return f"OutputSettings({', '.join(self.fields)})"

    def number(self, name: str) -> int | None:
        """Field `name` as a whole number, or None where it is absent or something else."""
        return _whole(self.fields.get(name))


class PublishState(StrEnum):
    """What the unit says of its push: told apart because a dropped push is no switched-off one."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not connected"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What `get_status` tells of the unit, its input and one of its outputs."""

    version: str | None = None
    uptime_s: float | None = None
    cpu_ratio: float | None = None
    has_input: bool | None = None
    publish: PublishState | None = None


def parse_output(body: bytes, *, input_index: int, output: int) -> OutputSettings:
    """The settings in a `get_output` reply for this input and output.

    Raises:
        BadReplyError: not XML, another root, nested or doubled fields, or another output's settings.
    """
    root, encoding = _root(body, "output")
    fields: dict[str, str] = {}
    for element in root:
        if len(element) or element.tag in fields:
            raise BadReplyError(f"its settings hold `{element.tag}` nested or twice")
        fields[element.tag] = (element.text or "").strip()
    if (_whole(fields.get("input")), _whole(fields.get("output"))) != (input_index, output):
        raise BadReplyError(f"its settings are not those of input {input_index}, output {output}")
    return OutputSettings(fields, encoding)


def parse_status(body: bytes, *, input_index: int, output: int) -> Telemetry:
    """The telemetry in a `get_status` reply.

    Raises:
        BadReplyError: not XML, or another root.
    """
    root, _ = _root(body, "status")
    video = _with_id(root, "vi", input_index)
    venc = None if video is None else _with_id(video, "venc", output)
    cpu_percent = _decimal((root.findtext("cpuusage") or "").rstrip("% "))
    return Telemetry(
        version=(root.findtext("version") or "").strip() or None,
        uptime_s=parse_uptime(root.findtext("runtime") or ""),
        cpu_ratio=None if cpu_percent is None else cpu_percent / 100,
        has_input=None if video is None else _has_input(video),
        publish=None if venc is None else _publish_state(venc),
    )


def parse_uptime(text: str) -> float | None:
    """Seconds in an uptime written as seconds or as `[N days] H:M:S`; None for anything else."""
    seconds = _decimal(text)
    if seconds is not None:
        return seconds
    match = _DAYS_AND_CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + rest)


def _root(body: bytes, tag: str) -> tuple[Element, str]:
    text, encoding = _decoded(body)
    try:
        root: Element = ElementTree.fromstring(text)
    except (ParseError, ValueError, LookupError):  # ValueError: defusedxml's refusals and odd encodings
        raise BadReplyError("it is not XML") from None  # the parser's message may quote the reply
    if root.tag != tag:
        raise BadReplyError(f"it is not a <{tag}>")
    return root, encoding


def _decoded(body: bytes) -> tuple[str, str]:
    # Firmware that writes operator's texts byte by byte sends Latin-1 without declaring it; the
    # encoding is kept so that a write gives back the same bytes.
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return body.decode("latin-1"), "latin-1"


def _with_id(parent: Element, tag: str, number: int) -> Element | None:
    return next((child for child in parent.findall(tag) if _whole(child.get("id")) == number), None)


def _has_input(video: Element) -> bool | None:
    marks = [_decimal(video.findtext(name) or "") for name in ("video_ok", "framerate")]
    known = [mark for mark in marks if mark is not None]
    return all(mark != 0 for mark in known) if known else None


def _publish_state(venc: Element) -> PublishState:
    states = [_push(venc.findtext("rtmp_status"), venc.findtext("rtmp_publish_url"))]
    states.append(_push(venc.findtext("srt_publish_status"), None))
    for state in (PublishState.CONNECTED, PublishState.NOT_CONNECTED):
        if state in states:
            return state
    return PublishState.DISABLED


def _push(status: str | None, address: str | None) -> PublishState:
    # 0 is connected; an absent status or an empty address is a push that is off; all else is down.
    if status is None or not status.strip() or (address is not None and not address.strip()):
        return PublishState.DISABLED
    return PublishState.CONNECTED if _whole(status) == 0 else PublishState.NOT_CONNECTED


def _whole(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if re.fullmatch(r"-?[0-9]{1,15}", stripped) else None


def _decimal(text: str) -> float | None:
    stripped = text.strip()
    return float(stripped) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]+)?", stripped) else None
