"""A process that takes its bitrate file and SIGHUP as belacoder does, leak and silence included.

`python belacoder_process.py CHARACTER REPORT PIPELINE ADDRESS PORT -b FILE`. REPORT gets one line
for each signal: the bounds then in force. Characters: `usual` leaks the file that it reads; `tidy`
closes it; `deaf` takes the signal and reads nothing; `plain` has no handler at all.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

LOWEST, HIGHEST = 300_000, 30_000_000


class Belacoder:
    """The bounds in force and the files that leaked."""

    def __init__(self, character: str, report: Path, bitrate_file: Path) -> None:
        self.character, self.report, self.bitrate_file = character, report, bitrate_file
        self.bounds: tuple[int, ...] = ()
        self.leaked: list[object] = []

    def reload(self, *_: object) -> None:
        """Read the file, and report."""
        if self.character != "deaf" or not self.bounds:
            self._read()
        with self.report.open("a") as report:
            report.write(f"{self.bounds}\n")

    def _read(self) -> None:
        file = self.bitrate_file.open()
        values = tuple(int(word) for word in file.read().split() if word.isdecimal())
        if len(values) == 2 and all(LOWEST <= value <= HIGHEST for value in values):
            self.bounds = values
        if self.character == "tidy":
            file.close()
        else:
            self.leaked.append(file)


def main() -> None:
    """Run until killed."""
    character, report, *rest = sys.argv[1:]
    belacoder = Belacoder(character, Path(report), Path(rest[rest.index("-b") + 1]))
    if character != "plain":
        signal.signal(signal.SIGHUP, belacoder.reload)
    belacoder.reload()
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
