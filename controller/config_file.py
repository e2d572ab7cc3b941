"""Read a configuration file: YAML in, a `Config` and its secrets out, or all errors at once.

Each error is one line that names the key's path and the remedy. No error, repr or log line carries a
value that could be a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import SecretStr, ValidationError

from controller.calibration_file import CalibrationError, Measured
from controller.calibration_file import read as read_calibration
from controller.config import Config, PublishSection, TokensSection
from controller.config_checks import contradictions
from controller.config_environment import complete
from controller.config_errors import error_line
from controller.secret_places import SecretError, secret_of, token_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConfigError(Exception):
    """The configuration cannot be used; `lines` says everything that is wrong with it."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets that the configuration points to; empty where it points to none.

    `tokens` is by scope, `addresses`, which hold the stream's key, by transport.
    """

    encoder_password: SecretStr
    obs_password: SecretStr
    tokens: Mapping[str, SecretStr] = field(default_factory=dict)
    link_token: SecretStr = field(default_factory=lambda: SecretStr(""))
    addresses: Mapping[str, SecretStr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A usable configuration with its secrets, what was measured of its encoder, and what of it has no effect."""

    config: Config
    secrets: Secrets
    measured: Measured | None = None
    notes: tuple[str, ...] = ()


def load(path: Path, *, environment: Mapping[str, str]) -> Loaded:
    """Read the file at `path`.

    Raises:
        ConfigError: with one line per error, secrets that cannot be read included.
    """
    return validate(_document(path), environment=environment)


def validate(document: object, *, environment: Mapping[str, str]) -> Loaded:
    """Turn a parsed document into a configuration with its secrets.

    What each key may say, what keys say together, and whether the secrets can be read are judged one by
    one on the document itself, so that an error of one kind hides none of another.

    Raises:
        ConfigError: as `load`.
    """
    if not isinstance(document, dict):
        raise ConfigError(("the file is not a section of keys; start from controller/example.yml",))
    lines: list[str] = []
    notes: list[str] = []
    if document.get("environment") is True:
        completed = complete(document, environment)
        document, notes = completed.document, completed.notes
        lines += completed.problems
    config = None
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        lines += [error_line(one) for one in error.errors(include_url=False)]
    lines += contradictions(document)
    passwords = {name: _password(name, document, environment, lines) for name in ("encoder", "obs")}
    tokens = {
        scope: _token(f"api.tokens.{scope}", document, environment, lines) for scope in TokensSection.model_fields
    }
    link_token = _token("link", document, environment, lines)
    addresses = {name: _address(name, document, environment, lines) for name in PublishSection.model_fields}
    measured = _measured(config, lines)
    if config is None or lines:
        raise ConfigError(tuple(lines))
    return Loaded(
        config,
        Secrets(
            encoder_password=passwords["encoder"],
            obs_password=passwords["obs"],
            tokens={scope: token for scope, token in tokens.items() if token.get_secret_value()},
            link_token=link_token,
            addresses={name: address for name, address in addresses.items() if address.get_secret_value()},
        ),
        measured,
        tuple(notes),
    )


def _measured(config: Config | None, lines: list[str]) -> Measured | None:
    """What was measured of the configured encoder; None where nothing was, or where a line is added to `lines`."""
    path = None if config is None or config.encoder is None else config.encoder.calibration_file
    try:
        return None if path is None else read_calibration(Path(path))
    except CalibrationError as error:
        lines.append(f"encoder.calibration_file: {error}")
        return None


def _password(name: str, document: Mapping[Any, Any], environment: Mapping[str, str], lines: list[str]) -> SecretStr:
    """The password of section `name`; "" where it has none, or where a line is added to `lines`."""
    try:
        return secret_of(name, document.get(name), environment=environment)
    except SecretError as error:
        lines.append(str(error))
        return SecretStr("")


def _address(name: str, document: Mapping[Any, Any], environment: Mapping[str, str], lines: list[str]) -> SecretStr:
    """The publish address of transport `name`; "" where it has none, or where a line is added to `lines`."""
    publish = document.get("publish")
    place = publish.get(name) if isinstance(publish, dict) else None
    try:
        return secret_of(f"publish.{name}", place, environment=environment, kind="address")
    except SecretError as error:
        lines.append(str(error))
        return SecretStr("")


def _token(name: str, document: object, environment: Mapping[str, str], lines: list[str]) -> SecretStr:
    """The token of the section at the path `name`; "" where it has none, or where a line is added to `lines`."""
    section = document
    for part in name.split("."):
        section = section.get(part) if isinstance(section, dict) else None
    try:
        return token_of(name, section, environment=environment)
    except SecretError as error:
        lines.append(str(error))
        return SecretStr("")


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error, rather than the later one winning unseen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} is given twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
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
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ConfigError((f"{path}: is not YAML; start from controller/example.yml",)) from None
