"""The wording of configuration errors: one line each, with the key's path and the remedy.

The remedy is the field's own description. Values are shown only where they are numbers: any other could be
a secret in the wrong place.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from controller.config import Config
from controller.config_encoder import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_NOT_HERE = {"password", "token", "secret", "key", "api_key"}
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
}
_WORDS = {
    "missing": "missing",
    "string_type": "is not text: put it in quotes",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "may hold only letters, digits, dots, dashes and underscores",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_type": "is not a number",
    "finite_number": "is not a finite number",
    "bool_type": "is not true or false",
    "dict_type": "is not a section of indented keys",
    "model_type": "is not a section of indented keys",
    "model_attributes_type": "is not a section of indented keys",
}


def error_line(error: ErrorDetails) -> str:
    """One error as one line: path, what is wrong, what to write."""
    path = tuple(str(part) for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return f"{path[0]}.driver: is none of the drivers; write one of {', '.join(SECTIONS)}"
    shown = ".".join(_without_driver(path))
    if kind == "extra_forbidden":
        return f"{shown}: unknown key; {_unknown_remedy(path)}"
    what = _what(error)
    remedy = _description(path)
    return f"{shown}: {what}; write {remedy}" if remedy else f"{shown}: {what}"


def _names_driver(path: Sequence[str]) -> bool:
    """Whether the second part of `path` is a driver, which pydantic puts there for a section that has one."""
    return len(path) > 1 and path[0] == "encoder" and path[1] in SECTIONS


def _without_driver(path: tuple[str, ...]) -> tuple[str, ...]:
    return (path[0], *path[2:]) if _names_driver(path) else path


def _what(error: ErrorDetails) -> str:
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        shown = f" (is {given!r})" if isinstance(given, int | float) else ""
        limit = context[name]
        return f"must be {words} {int(limit) if limit == int(limit) else limit}{shown}"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    return _WORDS.get(kind, f"cannot be used ({kind.replace('_', ' ')})")


def _unknown_remedy(path: tuple[str, ...]) -> str:
    parent = _model_at(path[:-1])
    key = path[-1]
    if key in _NOT_HERE:
        if parent is not None and not {"password_file", "token_file"} & parent.model_fields.keys():
            return "no secret is needed here: remove it"
        kind = "token" if parent is not None and "token_file" in parent.model_fields else "password"
        return f"secrets are not written here: use {kind}_file or {kind}_env"
    owners = [name for name, section in SECTIONS.items() if _names_driver(path) and key in section.model_fields]
    if owners:
        return f"it belongs to the driver {' or '.join(owners)}: remove it, or write that driver"
    near = difflib.get_close_matches(key, parent.model_fields if parent else (), n=1)
    return f'did you mean "{near[0]}"?' if near else "remove it"


def _description(path: tuple[str, ...]) -> str | None:
    found = _field_at(path[:1] if len(path) == 2 and _names_driver(path) else path)
    return found.description if found else None


def _field_at(path: tuple[str, ...]) -> FieldInfo | None:
    parent = _model_at(path[:-1]) if path else None
    if parent is not None and path[-1] in parent.model_fields:
        return parent.model_fields[path[-1]]
    # A value inside a mapping of the operator's own keys is described by the mapping.
    return _field_at(path[:-1]) if len(path) > 1 else None


def _model_at(path: tuple[str, ...]) -> type[BaseModel] | None:
    """The section that stands at `path`, or None."""
    model: type[BaseModel] = SECTIONS[path[1]] if _names_driver(path) else Config
    remaining = list(path[2:] if _names_driver(path) else path)
    while remaining:
        found = model.model_fields.get(remaining.pop(0))
        inner = _models_in(found.annotation) if found else []
        if not inner:
            return None
        model = inner[0]
        if found is not None and not _is_model(found.annotation) and remaining and _is_mapping(found.annotation):
            remaining.pop(0)
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - annotations have no common type
    if _is_model(annotation):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def _is_model(annotation: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_mapping(annotation: Any) -> bool:  # noqa: ANN401 - as above
    return getattr(annotation, "__origin__", None) is dict
