"""A camera that a real OBS plays, and a platform that it streams to: two ffmpegs in its namespace."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING, Self

from pydantic import SecretStr

from controller.adapters.obs_obsws import ObswsLink
from tests.contract.real_obs import PASSWORD, PORT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from deploy.demo.namespaces import Namespace

CAMERA_URL = "udp://127.0.0.1:21610"
PLATFORM_PORT, LISTENS_DEADLINE_S = 21935, 15.0
PLATFORM, KEY = f"rtmp://127.0.0.1:{PLATFORM_PORT}/live", "program"
_CAMERA = (
    *("-re", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=10", "-re", "-f", "lavfi", "-i", "sine=f=440:r=48000"),
    *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-b:v", "200k"),
    *("-c:a", "aac", "-f", "mpegts", f"{CAMERA_URL}?pkt_size=1316"),
)
_PLATFORM = ("-listen", "1", "-i", f"{PLATFORM}/{KEY}", "-c", "copy", "-f", "null", "-")
INPUT = {
    "is_local_file": False,
    "input": CAMERA_URL,
    "input_format": "mpegts",
    "reconnect_delay_sec": 1,
    "restart_on_activate": False,
    "close_when_inactive": False,
    "hw_decode": False,
}


class Ffmpeg:
    """One ffmpeg of the namespace."""

    def __init__(self, namespace: Namespace, arguments: Sequence[str]) -> None:
        argv = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", *arguments]
        self._process = subprocess.Popen(namespace.command(argv), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Kill it, also where it is stopped."""
        self._process.kill()
        self._process.wait()

    def stand(self) -> None:
        """Stop its clock."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)


def camera(namespace: Namespace) -> Ffmpeg:
    """A moving picture with a tone, to where OBS's input `Camera` listens."""
    return Ffmpeg(namespace, _CAMERA)


def platform(namespace: Namespace) -> Ffmpeg:
    """Takes one stream, and ends with it; listens when this returns."""
    taking = Ffmpeg(namespace, _PLATFORM)
    deadline_s = time.monotonic() + LISTENS_DEADLINE_S
    while not namespace.run(["ss", "-Hltn", f"sport = :{PLATFORM_PORT}"]):
        if time.monotonic() > deadline_s:
            taking.end()
            raise TimeoutError("ffmpeg does not listen")
        time.sleep(0.05)
    return taking


async def told(request_type: str, data: Mapping[str, object]) -> None:
    """Have OBS do what the controller never asks of it."""
    link = await ObswsLink.open(host="127.0.0.1", port=PORT, password=SecretStr(PASSWORD), timeout_s=10)
    answer = await link.call(request_type, data)
    await link.close()
    assert answer.ok, (request_type, answer)


async def set_up(scene_name: str) -> None:
    """Give OBS the camera as an input of the scene, and the platform to stream to."""
    settings = {"server": PLATFORM, "key": KEY, "use_auth": False}
    await told("SetStreamServiceSettings", {"streamServiceType": "rtmp_custom", "streamServiceSettings": settings})
    made = {"sceneName": scene_name, "inputName": "Camera", "inputKind": "ffmpeg_source", "inputSettings": INPUT}
    await told("CreateInput", made)
