"""`python -m deploy.demo.picture`: how old is the newest picture of an RTMP stream?

Appends one JSON object per look to --output (or stdout):
    {"t": now, "sight": "live|frozen|unstamped|nothing", "captured_t": ..., "age_s": ...}
Times are epoch seconds. With --each there is one for every picture besides, as it comes. It
reconnects for ever, so it is ready as soon as it writes. Stop it with SIGTERM. The address is read
from a file, since it may hold a key.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from deploy.demo.picture.log import Sight, Sighting
from deploy.demo.picture.reading import Looks, Newest, StreamReader

LOOK_EVERY_S = 0.2
FROZEN_AFTER_S = 1.0  # without a new picture: ten frame intervals at the platform's rate


def sighting(newest: Newest | None, now_s: float) -> Sighting:
    """What is seen at `now_s`, given the newest picture so far."""
    if newest is None:
        return Sighting(t=now_s, sight=Sight.NOTHING, captured_t=None, age_s=None)
    if newest.captured_s is None:
        return Sighting(t=now_s, sight=Sight.UNSTAMPED, captured_t=None, age_s=None)
    sight = Sight.FROZEN if now_s - newest.arrived_s > FROZEN_AFTER_S else Sight.LIVE
    age_s = round(now_s - newest.captured_s, 3)
    return Sighting(t=round(now_s, 3), sight=sight, captured_t=round(newest.captured_s, 3), age_s=age_s)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.picture", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--source", metavar="RTMP_URL")
    where.add_argument("--source-file", type=Path, help="one line: the address")
    parser.add_argument("--look-at", choices=list(Looks), type=Looks, default=Looks.KEYFRAMES)
    parser.add_argument("--each", action="store_true", help="write every picture, too")
    parser.add_argument("--output", type=Path, help="the file to append to; stdout without it")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Look until SIGTERM; 2 when the address file cannot be read."""
    options = _arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        url = options.source or options.source_file.read_text().strip()
    except OSError as error:
        print(f"picture: {error}", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        output = stack.enter_context(options.output.open("a")) if options.output else sys.stdout

        def write(newest: Newest | None) -> None:
            # one write: lines of two threads never mix
            output.write(sighting(newest, time.time()).to_line() + "\n")
            output.flush()

        reader = StreamReader(url, options.look_at, tell=write) if options.each else StreamReader(url, options.look_at)
        reader.start()
        while True:
            write(reader.newest)
            time.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
