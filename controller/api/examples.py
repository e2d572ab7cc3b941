"""What answers look like, in the schema: one example for each shape of a 200 answer."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI


def examples() -> dict[str, Any]:
    """An answer by the name of its shape in the schema."""
    text = resources.files("controller.api").joinpath("examples.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def add_examples(app: FastAPI) -> None:
    """Put them into the schema that `app` shows. It is made once, when it is first asked for."""
    plain = app.openapi

    def with_examples() -> dict[str, Any]:
        if app.openapi_schema is None:
            shapes = plain()["components"]["schemas"]
            for name, example in examples().items():
                shapes[name].setdefault("examples", [example])
        return plain()

    app.openapi = with_examples  # type: ignore[method-assign]  # as FastAPI wants its schema extended
