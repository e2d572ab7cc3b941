"""Secrets filled into receivers, and receivers without secrets left out."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.alerting.rendering import SecretError, render

CHAT = {"bot_token_file": "bot", "chat_id_file": "chat", "parse_mode": "HTML"}
HOOK = {"url": "http://127.0.0.1:1/", "http_config": {"authorization": {"credentials_file": "token"}}}


def config(**kinds: list[dict[str, Any]]) -> dict[str, Any]:
    """A configuration with one receiver."""
    return {"route": {"receiver": "loud"}, "receivers": [{"name": "loud"} | kinds]}


def test_a_secret_takes_the_place_of_its_file() -> None:
    """The key loses its suffix, the value its line end, a chat id is a number, and the rest stays."""
    rendered = render(config(telegram_configs=[CHAT]), {"bot": "123:abc\n", "chat": "-100\n"})

    (receiver,) = rendered.config["receivers"]
    assert receiver["telegram_configs"] == [{"bot_token": "123:abc", "chat_id": -100, "parse_mode": "HTML"}]
    assert rendered.config["route"] == {"receiver": "loud"}
    assert (rendered.used, rendered.left_out) == (("loud/telegram",), ())


@pytest.mark.parametrize("secrets", [{}, {"bot": "x"}, {"chat": "1"}])
def test_half_configured_is_not_configured(secrets: dict[str, str]) -> None:
    """An entry that lacks one secret is left out and named; the receiver remains, for routes name it."""
    rendered = render(config(telegram_configs=[CHAT]), secrets)

    assert rendered.config["receivers"] == [{"name": "loud"}]
    assert (rendered.used, rendered.left_out) == ((), ("loud/telegram",))


def test_secrets_below_other_keys_count_too() -> None:
    """A token inside the HTTP settings decides over the whole entry."""
    assert render(config(webhook_configs=[HOOK]), {}).left_out == ("loud/webhook",)
    (receiver,) = render(config(webhook_configs=[HOOK]), {"token": "t"}).config["receivers"]
    assert receiver["webhook_configs"][0]["http_config"] == {"authorization": {"credentials": "t"}}


def test_one_of_two_entries_may_stay() -> None:
    """Entries of one kind are configured each by itself."""
    (receiver,) = render(
        config(webhook_configs=[{"url_file": "first"}, {"url_file": "second"}]), {"second": "http://127.0.0.1/"}
    ).config["receivers"]

    assert receiver["webhook_configs"] == [{"url": "http://127.0.0.1/"}]


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("  \n", "chat is empty: write the secret into it, or remove it"),
        ("change-me", "chat is still a placeholder: write the secret into it, or remove it"),
        ("@mychannel", "chat is no number: Telegram's chat ids are, like -1001234567890"),
    ],
)
def test_what_cannot_be_a_secret_is_refused(secret: str, message: str) -> None:
    """The message names the file and the remedy, never the content."""
    with pytest.raises(SecretError) as caught:
        render(config(telegram_configs=[CHAT]), {"bot": "x", "chat": secret})

    assert str(caught.value) == message


def test_a_rendered_configuration_does_not_print_itself() -> None:
    """Its repr, as a traceback would show it, holds no secret."""
    assert "123:abc" not in repr(render(config(telegram_configs=[CHAT]), {"bot": "123:abc", "chat": "1"}))
