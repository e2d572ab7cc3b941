"""The janitor of a world: ends what is left in its namespaces when its owner dies without notice.

A parent-death signal reaches the processes that the owner started, not their children: nginx's
workers would outlive a `kill -9`. So this small process waits at a pipe whose other end only the
owner holds. The word `done` means an orderly end; end of file without it means that the owner is
dead, and everything inside the namespaces is killed. It holds the namespaces open meanwhile, so
that their inode numbers cannot come to mean another's.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from deploy.demo import processes

DONE = b"done\n"
# A process may be between fork and entering its namespace when the owner dies: look again for a while.
SWEEP_EVERY_S = 0.05
QUIET_SWEEPS = 10
MOST_SWEEPS = 200


def sweep(namespace_fds: list[int]) -> None:
    """Kill everything inside the namespaces until nothing has turned up for a while."""
    quiet = 0
    for _ in range(MOST_SWEEPS):
        found = [pid for fd in namespace_fds for pid in processes.inside(os.fstat(fd).st_ino)]
        processes.kill(found)
        quiet = 0 if found else quiet + 1
        if quiet == QUIET_SWEEPS:
            return
        time.sleep(SWEEP_EVERY_S)


def main() -> None:
    """Wait at standard input; arguments are the namespaces' descriptors and the control socket's path."""
    parser = argparse.ArgumentParser(prog="deploy.demo.janitor", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="removed, with its directory when empty")
    parser.add_argument("namespaces", type=int, nargs="+", help="descriptors of network namespaces")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not sys.stdin.buffer.read().endswith(DONE):
        sweep(args.namespaces)
    with suppress(OSError):
        args.socket.unlink()
    with suppress(OSError):
        args.socket.parent.rmdir()


if __name__ == "__main__":
    main()
