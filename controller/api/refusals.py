"""What every guarded route may answer instead, as the schema tells it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Refusal(BaseModel):
    """Why it was not done, in words for a person; never what was sent."""

    detail: str


def _refusal(description: str, example: str) -> dict[str, Any]:
    return {
        "model": Refusal,
        "description": description,
        "content": {"application/json": {"example": {"detail": example}}},
    }


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: _refusal("The body cannot be read at all.", "There was an error parsing the body"),
    401: _refusal("A token is needed.", "a token with the scope control is needed"),
    403: _refusal("The token has not the scope, or none is configured for it.", "this token has not the scope control"),
    413: _refusal("The body is too large.", "the body is too large"),
    429: _refusal("Too many requests of this client.", "too many requests: ask less often"),
}
