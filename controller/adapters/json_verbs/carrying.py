"""How a question reaches the encoder and an answer comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ended:
    """What a question came to: `output` is None where `problem` says why. `started` False: nothing was done."""

    output: bytes | None
    problem: str = ""
    started: bool = True


class Carrier(Protocol):
    """Takes questions to one encoder, one at a time."""

    @property
    def name(self) -> str:
        """What the operator calls the other end, like `encoder program set-bitrate`."""
        ...

    @property
    def remedy(self) -> str:
        """What the operator may do when there is no answer."""
        ...

    async def ask(self, question: bytes, *, deadline_s: float) -> Ended:
        """Put one question and take its answer, all within `deadline_s` seconds; never raises."""
        ...
