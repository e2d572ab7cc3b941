"""`python -m tests.bad_input`: play all that encoders and OBS do wrong, and print the tables; 1 when a row is bad."""

from __future__ import annotations

import sys

from tests.faults import encoder, studio


def main() -> int:
    """Both tables; the worse of their exit codes."""
    codes: list[int] = []
    for title, play in (("Encoders", encoder.main), ("OBS", studio.main)):
        sys.stdout.write(f"\n## {title}\n\n")
        sys.stdout.flush()
        codes.append(play())
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
