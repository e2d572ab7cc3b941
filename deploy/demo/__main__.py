"""`make demo`: the whole chain on this machine, driven through bad coverage."""

from __future__ import annotations

import sys

INTERRUPTED = 130  # as a shell tells it: 128 and SIGINT


if __name__ == "__main__":
    try:
        from deploy.demo.running import main  # takes a second: Ctrl-C within it is no traceback either

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
