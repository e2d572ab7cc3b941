"""Driver for whatever the user can write a program for.

Tested with programs that behave and that do not; what a given program does to a given encoder is
the user's to test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.adapters.exec_hook.running import Program
from controller.adapters.json_verbs import Deadlines, Range, VerbsEncoder
from controller.ports import Impacts

if TYPE_CHECKING:
    from collections.abc import Sequence


def exec_encoder(
    argv: Sequence[str],
    *,
    impacts: Impacts = Impacts(),  # noqa: B008 (frozen)
    bitrates: Range = Range(),  # noqa: B008 (frozen)
    deadlines: Deadlines = Deadlines(),  # noqa: B008 (frozen)
) -> VerbsEncoder:
    """The driver that runs `argv`, whose first word is an absolute path. Raises ValueError for another one."""
    return VerbsEncoder(carrier=Program(argv), impacts=impacts, bitrates=bitrates, deadlines=deadlines)
