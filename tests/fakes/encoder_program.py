"""A user's encoder program, with the ways in which such programs go wrong.

`python encoder_program.py STATE CHARACTER`: STATE is a JSON file with the target that is set and a
list of every verb asked. Characters are listed in `Program.order`; `honest` is the good one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

Json = dict[str, Any]
START: Json = {"bitrate_bps": 2_500_000, "width_px": 1280, "height_px": 720, "frame_rate_hz": 30}


class Program:
    """One run."""

    def __init__(self, state_file: Path, character: str) -> None:
        self.state_file, self.character = state_file, character
        self.state: Json = json.loads(state_file.read_text())

    def answer(self, question: Json) -> Json:
        """The answer to one question, in character."""
        verb = question["verb"]
        self.state["asked"].append(verb)
        said = self.read() if verb == "read" else self.order(question)
        self.save()
        return said

    def read(self) -> Json:
        """What is set."""
        if self.character == "cannot be read again" and self.state["asked"].count("read") > 1:
            sys.exit(3)
        return {
            "configured": self.state["target"],
            "publishing": self.state["publishing"],
            "has_input": True,
            "uptime_s": 60,
        }

    def order(self, question: Json) -> Json:
        """Take an order, or do something else."""
        if self.character == "refuses":
            return {"outcome": "refused", "detail": "not while it rains"}
        if self.character == "hangs":
            time.sleep(3600)
        if self.character == "lies":
            return {"outcome": "applied"}
        self.take(question)
        if self.character == "works and dies":
            self.save()
            os.abort()
        if self.character == "works and hangs":
            self.save()
            time.sleep(3600)
        said = "stored" if self.character == "stores" else "applied"
        return {"outcome": said} | (
            {"target": self.state["target"]} if self.character in {"rounds", "rounds up"} else {}
        )

    def take(self, question: Json) -> None:
        """Set what is asked."""
        if question["verb"] == "publish":
            self.state["publishing"] = question["on"]
        if question["verb"] == "apply":
            target = dict(question["target"])
            if self.character == "half":
                target["bitrate_bps"] = self.state["target"]["bitrate_bps"]
            if self.character == "rounds":
                target["bitrate_bps"] = target["bitrate_bps"] // 1_000_000 * 1_000_000
            if self.character == "rounds up":
                target["bitrate_bps"] += 500_000
            self.state["target"] = target

    def save(self) -> None:
        """Keep the state for the next run."""
        self.state_file.write_text(json.dumps(self.state))


def speak(character: str) -> None:
    """Write something that is no answer."""
    if character == "floods":
        while True:
            sys.stdout.write("x" * 65_536)
    if character == "leaves a child":
        held = f"{sys.argv[1]} is held"
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)", held])
    if character == "tells its surroundings":
        sys.stdout.write(json.dumps({"problem": " ".join(sorted(os.environ))}))
        sys.exit()
    garbage = {"says nothing": "", "says garbage": "ok!", "says a list": "[]", "says deep": "[" * 20_000}
    if character in garbage:
        sys.stdout.write(garbage[character])
        sys.exit()
    if character == "fails":
        sys.stdout.write("{}")
        sys.exit(3)
    if character == "sleeps":
        time.sleep(3600)


def main() -> None:
    """One question, one answer."""
    state_file, character = Path(sys.argv[1]), sys.argv[2]
    speak(character)
    answer = Program(state_file, character).answer(json.loads(sys.stdin.readline()))
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
