"""What the configuration's keys must not say together. Judged on the document as written.

Values of a wrong type are passed over here: the error for them comes from their own field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controller.config import PublishSection, ScenesSection, TokensSection
from controller.config_encoder import WITH_PASSWORD, EncoderSettings, driver_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Section = dict[Any, Any]
REDIRECTED = ("uray",)
"""Drivers that can be told where to publish."""


def contradictions(document: Mapping[Any, Any]) -> Iterator[str]:
    """One line per contradiction, each with its remedy."""
    if document.get("encoder") is None and document.get("obs") is None:
        yield "encoder, obs: neither is configured; add the section of what this controller shall drive"
    for name in ("encoder", "obs"):
        section = _section(document, name)
        if section.get("password_file") is not None and section.get("password_env") is not None:
            yield f"{name}.password_file: stands beside password_env; remove one of them"
    for name, section in _token_places(document):
        if section.get("token_file") is not None and section.get("token_env") is not None:
            yield f"{name}.token_file: stands beside token_env; remove one of them"
    link = document.get("link")
    if isinstance(link, dict) and link.get("token_file") is None and link.get("token_env") is None:
        yield "link.token_file: missing; write the path of a file that holds the token, or use token_env"
    yield from _encoder(document)
    yield from _publish(document)
    yield from _scenes(_section(_section(document, "obs"), "scenes"))


def _section(parent: Mapping[Any, Any], name: str) -> Section:
    section = parent.get(name)
    return section if isinstance(section, dict) else {}


def _token_places(document: Mapping[Any, Any]) -> Iterator[tuple[str, Section]]:
    tokens = _section(_section(document, "api"), "tokens")
    for scope in TokensSection.model_fields:
        yield f"api.tokens.{scope}", _section(tokens, scope)
    yield "link", _section(document, "link")


def _encoder(document: Mapping[Any, Any]) -> Iterator[str]:
    encoder = document.get("encoder")
    if not isinstance(encoder, dict):
        return
    unlocked = encoder.get("password_file") is None and encoder.get("password_env") is None
    if unlocked and driver_of(encoder) in WITH_PASSWORD:
        yield "encoder.password_file: missing; write the path of a file that holds the password, or use password_env"
    lowest, highest = (
        encoder.get(name, EncoderSettings.model_fields[name].default) for name in ("min_bitrate_bps", "max_bitrate_bps")
    )
    if isinstance(lowest, int) and isinstance(highest, int) and lowest > highest:
        yield "encoder.min_bitrate_bps: is above max_bitrate_bps; exchange them"


def _publish(document: Mapping[Any, Any]) -> Iterator[str]:
    """Without any address nothing is switched: what carries is only watched."""
    encoder, publish = _section(document, "encoder"), _section(document, "publish")
    places = {name: _section(publish, name) for name in PublishSection.model_fields}
    given = {
        name: place.get("address_file") is not None or place.get("address_env") is not None
        for name, place in places.items()
    }
    if not any(given.values()):
        return
    if encoder and driver_of(encoder) not in REDIRECTED:
        yield f"publish: needs an encoder that can be told where to publish; use {', '.join(REDIRECTED)}"
    for name in (name for name, has_one in given.items() if not has_one):
        yield (
            f"publish.{name}.address_file: missing; write the path of a file that holds the address, or use address_env"
        )


def _scenes(section: Section) -> Iterator[str]:
    first_of: dict[object, str] = {}
    for name, field in ScenesSection.model_fields.items():
        scene = section.get(name, field.default)
        first = first_of.setdefault(scene, name) if isinstance(scene, str) else name
        if first != name:
            yield f"obs.scenes.{name}: is the scene of {first} too; give each its own, or what is shown cannot be told"
