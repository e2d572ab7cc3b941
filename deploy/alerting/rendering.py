"""Fills secrets into Alertmanager's configuration and leaves out receivers that have none. Pure.

Each `KEY_file: NAME` in an entry of a receiver becomes `KEY` with the secret NAME. An entry that lacks one is
left out; a receiver may end up without any, which Alertmanager takes for "tell nobody".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SUFFIX = "_file"
# What .env.example and its like begin with; whoever did not replace it has configured nothing.
PLACEHOLDER = "change-me"


class SecretError(ValueError):
    """A secret that is there, but cannot be one."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The configuration for Alertmanager; `used` and `left_out` name the receivers' kinds, like `loud/discord`."""

    config: dict[str, Any] = field(repr=False)
    used: tuple[str, ...]
    left_out: tuple[str, ...]


def render(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Rendered:
    """`config` with `secrets` filled in.

    Raises:
        SecretError: a secret is empty or still a placeholder, or a chat id is no number.
    """
    used: list[str] = []
    left_out: list[str] = []
    receivers = []
    for receiver in config["receivers"]:
        kept: dict[str, Any] = {"name": receiver["name"]}
        for kind, entries in receiver.items():
            if kind == "name":
                continue
            filled = [_filled(entry, secrets) for entry in entries]
            present = [entry for entry in filled if entry is not None]
            label = f"{receiver['name']}/{kind.removesuffix('_configs')}"
            (used if present else left_out).append(label)
            if present:
                kept[kind] = present
        receivers.append(kept)
    return Rendered({**config, "receivers": receivers}, tuple(used), tuple(left_out))


def _filled(entry: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any] | None:
    """The entry with its secrets, or None when one of them is missing."""
    filled: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, Mapping):
            inner = _filled(value, secrets)
            if inner is None:
                return None
            filled[key] = inner
        elif key.endswith(_SUFFIX):
            if value not in secrets:
                return None
            name = key.removesuffix(_SUFFIX)
            filled[name] = _checked(name, value, secrets[value].strip())
        else:
            filled[key] = value
    return filled


def _checked(key: str, file: str, secret: str) -> str | int:
    if not secret:
        raise SecretError(f"{file} is empty: write the secret into it, or remove it")
    if secret.startswith(PLACEHOLDER):
        raise SecretError(f"{file} is still a placeholder: write the secret into it, or remove it")
    if key != "chat_id":
        return secret
    try:
        return int(secret)
    except ValueError as error:
        raise SecretError(f"{file} is no number: Telegram's chat ids are, like -1001234567890") from error
