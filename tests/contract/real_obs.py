"""A real OBS under Xvfb, alone in a network namespace, as small as it gets: 640x360 at 10 frames a second."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

    from deploy.demo.namespaces import Namespace

PORT = 4455
PASSWORD = "a real password"
SCENES = ["Main Camera", "Emergency - Simple", "Audio Only"]
START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 30.0
# OBS 29.0.2 that gets its SIGINT the moment its server listens may crash, or hang until killed.
GROWN_UP_S = 2.0

GLOBAL_INI = f"""[General]
FirstRun=true
InfoIncrement=9999
LastVersion=486539266
ConfirmOnExit=false
[Basic]
Profile=Test
ProfileDir=Test
SceneCollection=Test
SceneCollectionFile=Test
[BasicWindow]
PreviewEnabled=false
SysTrayEnabled=false
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={PORT}
AlertsEnabled=false
AuthRequired=true
ServerPassword={PASSWORD}
"""
PROFILE_INI = """[General]
Name=Test
[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSType=0
FPSCommon=10
[Output]
Mode=Simple
[SimpleOutput]
FilePath={directory}
RecFormat=mkv
RecQuality=Stream
VBitrate=300
StreamEncoder=x264
Preset=ultrafast
"""


COLLECTIONS = {"Test": SCENES, "Other": SCENES[:1]}


def _collection(name: str, scenes: list[str]) -> dict[str, Any]:
    ingest = {"id": "ffmpeg_source", "versioned_id": "ffmpeg_source", "name": "Ingest", "settings": {}}
    sources = [
        {
            "id": "scene",
            "versioned_id": "scene",
            "name": scene,
            "settings": {
                "custom_size": False,
                "id_counter": 1,
                "items": [{"name": "Ingest", "id": 1, "visible": True}],
            },
        }
        for scene in scenes
    ]
    return {
        "name": name,
        "current_scene": scenes[0],
        "current_program_scene": scenes[0],
        "scene_order": [{"name": scene} for scene in scenes],
        "sources": [ingest, *sources],
        "current_transition": "Cut",
        "transition_duration": 300,
    }


def _state(task: Path) -> str:
    # proc(5): the state follows the name, which stands in brackets and may hold anything.
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


class RealObs:
    """OBS with its display. Start, kill, stop and start it again; leaving ends both."""

    port = PORT

    def __init__(self, namespace: Namespace, home: Path) -> None:
        self._namespace = namespace
        self._home = home
        self.recordings = home / "recordings"
        self._display: subprocess.Popen[bytes] | None = None
        self._obs: subprocess.Popen[bytes] | None = None
        self._display_number = ""
        self._started_s = 0.0

    def __enter__(self) -> Self:
        config = self._home / "config" / "obs-studio"
        profile, scenes = config / "basic" / "profiles" / "Test", config / "basic" / "scenes"
        profile.mkdir(parents=True)
        scenes.mkdir(parents=True)
        (config / "global.ini").write_text(GLOBAL_INI)
        self.recordings.mkdir()
        (profile / "basic.ini").write_text(PROFILE_INI.format(directory=self.recordings))
        for name, listed in COLLECTIONS.items():
            (scenes / f"{name}.json").write_text(json.dumps(_collection(name, listed)))
        self._start_display()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._display is not None:
            self._display.terminate()
            self._display.wait()

    def _start_display(self) -> None:
        read_end, write_end = os.pipe()
        argv = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
        with (self._home / "xvfb.log").open("wb") as log:
            self._display = subprocess.Popen(
                self._namespace.command(argv), pass_fds=(write_end, self._namespace.fd), stdout=log, stderr=log
            )
        os.close(write_end)
        with os.fdopen(read_end) as number:
            self._display_number = number.readline().strip()

    def ensure_running(self) -> None:
        """Start OBS unless it runs."""
        if self._obs is None or self._obs.poll() is not None:
            self.start()

    def start(self) -> None:
        """Start OBS and wait until its WebSocket server listens."""
        environment = {
            "PATH": os.environ["PATH"],
            "DISPLAY": f":{self._display_number}",
            "HOME": str(self._home),
            "XDG_CONFIG_HOME": str(self._home / "config"),
            "XDG_RUNTIME_DIR": str(self._home),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "QT_QPA_PLATFORM": "xcb",
        }
        argv = ["obs", "--multi", "--disable-missing-files-check", "--websocket_ipv4_only"]
        with (self._home / "obs.log").open("ab") as log:
            self._obs = subprocess.Popen(self._namespace.command(argv), env=environment, stdout=log, stderr=log)
        self._started_s = time.monotonic()
        deadline_s = self._started_s + START_DEADLINE_S
        while not self._listens():
            if time.monotonic() > deadline_s or self._obs.poll() is not None:
                raise RuntimeError(
                    f"OBS did not come up: {(self._home / 'obs.log').read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.1)

    def kill(self) -> None:
        """End OBS as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End OBS in good order."""
        time.sleep(max(0.0, self._started_s + GROWN_UP_S - time.monotonic()))
        self._end(signal.SIGINT)

    def freeze(self) -> None:
        """Stop OBS's clock: connections stay, answers do not come."""
        self._signal(signal.SIGSTOP)
        while self._obs is not None and any(
            _state(task) != "T" for task in Path(f"/proc/{self._obs.pid}/task").iterdir()
        ):
            time.sleep(0.01)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._obs is not None:
            self._obs.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        obs, self._obs = self._obs, None
        if obs is None:
            return
        obs.send_signal(number)
        try:
            obs.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            obs.kill()
            obs.wait()
            raise

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", PORT)) == 0
