"""Passwords and tokens from where the configuration says that they are kept: a file or an environment variable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_BYTES = 4096
# 16 characters of hexadecimal are 64 bits; at ten guesses a second that outlives everybody.
_TOKEN_LENGTH = 16
_PLACEHOLDERS = ("change", "placeholder", "example", "your-", "your_", "secret-key", "password")
# What examples are filled with. A device's own poor password is none: it may be all that the device takes.
_UNCHOSEN = ("change-me", "changeme", "change_me", "your-", "your_", "placeholder")
_REMEDY = "write a new one, as `openssl rand -hex 16` makes"


class SecretError(Exception):
    """A secret cannot be read; the message names its key and the remedy, never its value."""


def secret_of(name: str, section: object, *, environment: Mapping[str, str], kind: str = "password") -> SecretStr:
    """The `kind` of secret that the unchecked section `name` points to; empty where it points to none.

    Raises:
        SecretError: it points to one that cannot be had.
    """
    if not isinstance(section, dict):
        return SecretStr("")
    variable, path = section.get(f"{kind}_env"), section.get(f"{kind}_file")
    if isinstance(variable, str) and variable:
        key = f"{name}.{kind}_env"
        return SecretStr(_chosen(key, _in_environment(key, variable, environment, kind=kind), kind))
    if isinstance(path, str) and path:
        key = f"{name}.{kind}_file"
        return SecretStr(_chosen(key, _in_file(key, _handed_over(Path(path), environment), kind=kind), kind))
    return SecretStr("")


def token_of(name: str, section: object, *, environment: Mapping[str, str]) -> SecretStr:
    """The token that the unchecked section `name` points to; empty where it points to none.

    Raises:
        SecretError: it cannot be had, or can be guessed.
    """
    token = secret_of(name, section, environment=environment, kind="token")
    value = token.get_secret_value()
    if value and len(value) < _TOKEN_LENGTH:
        raise SecretError(f"{name}: its token is shorter than {_TOKEN_LENGTH} characters; {_REMEDY}")
    if any(word in value.lower() for word in _PLACEHOLDERS):
        raise SecretError(f"{name}: its token is a placeholder; {_REMEDY}")
    return token


def is_placeholder(value: str) -> bool:
    """Whether nobody has chosen this secret yet."""
    return value.strip().lower().startswith(_UNCHOSEN)


def _chosen(key: str, value: str, kind: str) -> str:
    if kind == "password" and is_placeholder(value):  # tokens have a stricter rule of their own
        raise SecretError(f"{key}: the {kind} is still a placeholder; {_REMEDY}")
    return value


def _in_environment(key: str, variable: str, environment: Mapping[str, str], *, kind: str) -> str:
    value = environment.get(variable, "")
    if not value:
        raise SecretError(f"{key}: the variable {variable} is not set; set it to the {kind}")
    return value


def _handed_over(path: Path, environment: Mapping[str, str]) -> Path:
    """Where to read the secret that is kept at `path`: what systemd handed over of a folder "secrets" goes first.

    As a service without rights of its own we cannot read what root keeps; our unit hands us each file NAME of
    /etc/vvlive/secrets as secret_NAME. So one file of configuration serves the service, and root who checks it.
    """
    handed = Path(environment.get("CREDENTIALS_DIRECTORY", "")) / f"secret_{path.name}"
    return handed if path.parent.name == "secrets" and handed.is_absolute() and handed.is_file() else path


def _in_file(key: str, path: Path, *, kind: str) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            value = stream.read(_MAX_BYTES).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SecretError(f"{key}: {path} cannot be read ({reason}); write the {kind} into it") from None
    if not value or "\n" in value:
        problem = "has more than one line" if value else "is empty"
        raise SecretError(f"{key}: {path} {problem}; write the {kind} as its only line")
    return value
