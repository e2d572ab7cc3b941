"""A compact stand-in for a New Orange unit at its HTTP boundary, with the ways in which units misbehave.

Pessimistic by default: it asks for Digest, wipes what a write leaves out, and keeps changes until
a reboot. `air` is what the picture on air would follow; `stored` what the settings page shows.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.request import parse_http_list, parse_keqv_list

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType

KEY = "live_8842_s3cr3tkey"
PUBLISH_ADDRESS = f"rtmp://192.0.2.7/publish/cam?token={KEY}&mode=a b"
USER, PASSWORD = "admin", "an encoder password"

SETTINGS = {
    "input": "0",
    "output": "0",
    "aenc_codec": "0",
    "aenc_bitrate": "128000",
    "venc_enable": "1",
    "venc_codec": "96",
    "venc_gop": "60",
    "vi_cap_width": "1920",
    "vi_cap_height": "1080",
    "venc_width_height_same_as_input": "0",
    "venc_width": "1280",
    "venc_height": "720",
    "venc_framerate": "30",
    "venc_profile": "2",
    "venc_rc_mode": "0",
    "venc_bitrate": "2500",
    "venc_codec_supported": "H.264,H.265",
    "ts_muxrate": "0",
    "http_hls_enable": "0",
    "rtmp_enable": "0",
    "rtmp_uri": "/0",
    "rtmp_publish_enable": "1",
    "rtmp_publish_uri": PUBLISH_ADDRESS,
    "srt_publish_enable": "0",
    "srt_publish_status": "-1",
    "unicast_ip": "",
}


@dataclass
class FakeUnit:
    """One unit. Set the fields before or while it runs; `asked` lists (path, query) as received.
    `raw_asked` the same undecoded.
    """

    auth: str = "digest"
    applies: str = "stored"  # live, stored, nothing, half, elsewhere
    says: bytes = b" succeed\r\n"
    stored: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))
    status: dict[str, str] = field(default_factory=lambda: {"runtime": "3600", "cpuusage": "41", "version": "4.2"})
    venc: dict[str, str] = field(default_factory=lambda: {"rtmp_status": "0", "rtmp_publish_url": PUBLISH_ADDRESS})
    vi: dict[str, str] = field(default_factory=lambda: {"framerate": "30", "video_ok": "1"})
    trouble: dict[str, list[str]] = field(default_factory=dict)  # path -> what goes wrong, request by request
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    raw_asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    air: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))
    nonce: str = "n0"
    url: str = ""

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._serve), handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def asked_paths(self) -> list[str]:
        """The paths of the requests that passed authentication."""
        return [path for path, _ in self.asked]

    def writes(self) -> list[dict[str, str]]:
        """The queries of the writes that arrived."""
        return [query for path, query in self.asked if path == "/set_output"]

    def reboot(self) -> None:
        """Come up again: what was stored is on air, and the uptime starts anew."""
        self.air = dict(self.stored)
        self.status["runtime"] = "3"

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        refusal = self._unauthorised(request)
        if refusal is not None:
            return refusal
        self.raw_asked.append(request.raw_path)
        self.asked.append((request.path, dict(request.query)))
        queued = self.trouble.get(request.path, [])
        trouble = queued.pop(0) if queued else "none"
        answer = await self._troubled(trouble, request)
        return answer if answer is not None else web.Response(body=self._answer(request))

    def _answer(self, request: web.BaseRequest) -> bytes:
        if request.path == "/get_output":
            return _xml("output", self.stored)
        if request.path == "/get_status":
            return self._status()
        if request.path == "/set_output":
            self._store(dict(request.query))
        if request.path == "/reboot":
            self.reboot()
        return self.says

    def _status(self) -> bytes:
        venc = _xml("venc", self.venc).replace(b"<venc>", b'<venc id="0">')
        other = b'<venc id="1"><rtmp_status>-1</rtmp_status></venc>'
        vi = _xml("vi", self.vi).replace(b"<vi>", b'<vi id="0">').replace(b"</vi>", other + venc + b"</vi>")
        return _xml("status", self.status).replace(b"</status>", vi + b"</status>")

    def _store(self, query: dict[str, str]) -> None:
        if self.applies == "nothing":
            return
        kept = {name: self.stored[name] for name in self.stored if name.startswith("vi_") or name.endswith("_status")}
        kept["venc_codec_supported"] = self.stored["venc_codec_supported"]
        if self.applies == "half":
            query["venc_bitrate"] = self.stored["venc_bitrate"]
        if self.applies == "elsewhere":
            query["rtmp_publish_uri"] = ""
        self.stored = kept | query  # whatever a write leaves out is gone
        if self.applies == "live":
            self.air = dict(self.stored)

    async def _troubled(self, trouble: str, request: web.BaseRequest) -> web.StreamResponse | None:
        if trouble == "none":
            return None
        if trouble == "hangs":
            await asyncio.sleep(3600)
        if trouble == "works and hangs":
            self._answer(request)
            await asyncio.sleep(3600)
        if trouble == "closes" and request.transport is not None:
            request.transport.close()
        whole = self._answer(request) if request.path.startswith("/get") else b"succeed"
        bodies = {
            "empty": b"",
            "html": b"<html><body>Login</body></html>",
            "truncated": whole[: len(whole) // 2],
            "latin-1": whole.replace(b"<version>", b"<version>\xe9").replace(b"/0<", b"/\xe9<"),
            "endless": b"x" * 300_000,
            "other words": b"did not succeed: " + KEY.encode(),
            "entities": b'<!DOCTYPE o [<!ENTITY a "b">]><output>&a;</output>',
        }
        if trouble == "http 500":
            return web.Response(status=500, text=f"internal error {KEY}")
        if trouble == "redirect":
            return web.Response(status=302, headers={"Location": "/login"})
        return web.Response(body=bodies.get(trouble, b""))

    def _unauthorised(self, request: web.BaseRequest) -> web.StreamResponse | None:
        given = request.headers.get("Authorization", "")
        self.authorizations.append(given)
        if self.auth == "none" or (self.auth == "basic" and given == _basic()):
            return None
        if self.auth == "digest" and given.startswith("Digest ") and self._digest_is_right(request, given):
            return None
        challenges = {
            "basic": 'Basic realm="encoder"',
            "digest": f'Digest realm="encoder", nonce="{self.nonce}", qop="auth", algorithm=MD5',
            "strange": "Negotiate",
        }
        return web.Response(status=401, headers={"WWW-Authenticate": challenges[self.auth]})

    def new_nonce(self) -> None:
        """Make every Digest computed so far stale."""
        self.nonce = secrets.token_hex(8)

    def _digest_is_right(self, request: web.BaseRequest, given: str) -> bool:
        said = parse_keqv_list(parse_http_list(given.removeprefix("Digest ")))
        first = _md5(f"{USER}:encoder:{PASSWORD}")
        second = _md5(f"{request.method}:{request.raw_path}")
        proof = _md5(":".join([first, self.nonce, said["nc"], said["cnonce"], said["qop"], second]))
        return said["nonce"] == self.nonce and said["response"] == proof


def _basic() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _xml(tag: str, fields: dict[str, str]) -> bytes:
    def escaped(value: str) -> str:
        return value.replace("&", "&amp;").replace("<", "&lt;")

    inner = "".join(f"<{name}>{escaped(value)}</{name}>" for name, value in fields.items())
    return f"<{tag}>{inner}</{tag}>".encode()
