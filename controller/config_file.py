"""Read a configuration file: YAML in, a `Config` and its secrets out, or all errors at once.

Each error is one line that names the key's path and the remedy. No error, repr or log line carries a
value that could be a secret: values are shown only where they are numbers.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from controller.config import Config, SecretPlace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

_MAX_SECRET_BYTES = 4096
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
    "string_too_long": "is too long",
    "string_pattern_mismatch": "may hold only letters, digits, dots, dashes and underscores",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_type": "is not a number",
    "finite_number": "is not a finite number",
    "dict_type": "is not a section of indented keys",
    "model_type": "is not a section of indented keys",
    "model_attributes_type": "is not a section of indented keys",
}


class ConfigError(Exception):
    """The configuration cannot be used; `lines` says everything that is wrong with it."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Secrets:
    """The passwords that the configuration points to; never printed."""

    encoder_password: SecretStr
    obs_password: SecretStr


@dataclass(frozen=True, slots=True)
class Loaded:
    """A usable configuration with its secrets."""

    config: Config
    secrets: Secrets


def load(path: Path, *, environment: Mapping[str, str]) -> Loaded:
    """Read the file at `path`.

    Raises:
        ConfigError: with one line per error, secrets that cannot be read included.
    """
    return validate(_document(path), environment=environment)


def validate(document: object, *, environment: Mapping[str, str]) -> Loaded:
    """Turn a parsed document into a configuration with its secrets.

    Raises:
        ConfigError: as `load`.
    """
    if not isinstance(document, dict):
        raise ConfigError(("the file is not a section of keys; start from controller/example.yml",))
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError(tuple(_line(one) for one in error.errors(include_url=False))) from None
    lines: list[str] = []
    secrets = Secrets(
        encoder_password=SecretStr(_secret("encoder", config.encoder, environment, lines)),
        obs_password=SecretStr(_secret("obs", config.obs, environment, lines)),
    )
    if lines:
        raise ConfigError(tuple(lines))
    return Loaded(config=config, secrets=secrets)


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error rather than the later one winning unseen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key!r} is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _document(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError((f"{path}: no such file; give its path with --config",)) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError((f"{path}: cannot be read ({reason}); give a readable YAML file with --config",)) from None
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader with one more check
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ConfigError((f"{where}: is not YAML ({error.problem}); correct that line",)) from None
    except (yaml.YAMLError, RecursionError):
        raise ConfigError((f"{path}: is not YAML; start from controller/example.yml",)) from None


def _line(error: ErrorDetails) -> str:
    """One error as one line: path, what is wrong, what to write."""
    path = tuple(str(part) for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if kind == "value_error" and _is_section(path):
        return f"{'.'.join(path) or 'the file'}: {error['ctx']['error']}"
    if kind == "extra_forbidden":
        return f"{'.'.join(path)}: unknown key; {_unknown_remedy(path)}"
    what = _what(error)
    remedy = _description(path)
    return f"{'.'.join(path)}: {what}; write {remedy}" if remedy else f"{'.'.join(path)}: {what}"


def _what(error: ErrorDetails) -> str:
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        shown = f" (is {given!r})" if isinstance(given, int | float) else ""
        return f"must be {words} {context[name]:g}{shown}"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    return _WORDS.get(kind, f"cannot be used ({kind.replace('_', ' ')})")


def _unknown_remedy(path: tuple[str, ...]) -> str:
    parent = _model_at(path[:-1])
    key = path[-1]
    if key in _NOT_HERE:
        return "secrets are not written here: use password_file or password_env"
    near = difflib.get_close_matches(key, parent.model_fields if parent else (), n=1)
    return f'did you mean "{near[0]}"?' if near else "remove it"


def _is_section(path: tuple[str, ...]) -> bool:
    return _model_at(path) is not None


def _description(path: tuple[str, ...]) -> str | None:
    found = _field_at(path)
    return found.description if found else None


def _field_at(path: tuple[str, ...]) -> FieldInfo | None:
    parent = _model_at(path[:-1]) if path else None
    if parent is not None and path[-1] in parent.model_fields:
        return parent.model_fields[path[-1]]
    # A value inside a mapping of the operator's own keys is described by the mapping.
    return _field_at(path[:-1]) if len(path) > 1 else None


def _model_at(path: tuple[str, ...]) -> type[BaseModel] | None:
    """The section that stands at `path`, or None."""
    model: type[BaseModel] = Config
    remaining = list(path)
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


def _secret(name: str, place: SecretPlace | None, environment: Mapping[str, str], lines: list[str]) -> str:
    """The password of section `name`, or "" with a line added to `lines` when it cannot be had."""
    if place is None:
        return ""
    if place.password_env is not None:
        value = environment.get(place.password_env, "")
        if not value:
            lines.append(f"{name}.password_env: {place.password_env} is not set; set it to the password")
        return value
    return _secret_in_file(f"{name}.password_file", Path(place.password_file), lines) if place.password_file else ""


def _secret_in_file(key: str, path: Path, lines: list[str]) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            value = stream.read(_MAX_SECRET_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        lines.append(f"{key}: {path} cannot be read ({reason}); create it with the password as its only line")
        return ""
    if not value or "\n" in value:
        problem = "has several lines" if value else "is empty"
        lines.append(f"{key}: {path} {problem}; write the password as its only line")
        return ""
    return value
