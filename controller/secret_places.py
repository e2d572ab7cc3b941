"""Passwords from where the configuration says that they are kept: a file or an environment variable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_BYTES = 4096


class SecretError(Exception):
    """A secret cannot be read; the message names its key and the remedy, never its value."""


def secret_of(name: str, section: object, *, environment: Mapping[str, str]) -> SecretStr:
    """The password that the unchecked section `name` points to; empty where it points to none.

    Raises:
        SecretError: it points to one that cannot be had.
    """
    if not isinstance(section, dict):
        return SecretStr("")
    variable, path = section.get("password_env"), section.get("password_file")
    if isinstance(variable, str) and variable:
        return SecretStr(_in_environment(f"{name}.password_env", variable, environment))
    if isinstance(path, str) and path:
        return SecretStr(_in_file(f"{name}.password_file", Path(path)))
    return SecretStr("")


def _in_environment(key: str, variable: str, environment: Mapping[str, str]) -> str:
    value = environment.get(variable, "")
    if not value:
        raise SecretError(f"{key}: the variable {variable} is not set; set it to the password")
    return value


def _in_file(key: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            value = stream.read(_MAX_BYTES).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SecretError(f"{key}: {path} cannot be read ({reason}); write the password into it") from None
    if not value or "\n" in value:
        problem = "has more than one line" if value else "is empty"
        raise SecretError(f"{key}: {path} {problem}; write the password as its only line")
    return value
