"""What the sections of the configuration are made of: their common rules, and the kinds of values."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError("is not an http:// or https:// URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("carries a user name or a password, which belong into their own keys")
    if parts.query or parts.fragment:
        raise ValueError("carries a query or a fragment")
    return value.rstrip("/")


def listening(value: str) -> str:
    """An address to listen on as it was written. Raises ValueError where it is none."""
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError("is not ADDRESS:PORT")
    return value


def _absolute(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("is not an absolute path")
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Text = Annotated[str, Field(min_length=1, max_length=256)]
FilePath = Annotated[Text, AfterValidator(_absolute)]


class Section(BaseModel):
    """A part of the configuration: frozen, unknown keys refused, no value guessed from another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False)


class SecretPlace(Section):
    """Where one password is kept: a file or an environment variable, never this file."""

    password_file: Text | None = Field(default=None, description="the path of a file that holds the password")
    password_env: Text | None = Field(default=None, description="the name of a variable that holds the password")
