"""The installed Alertmanager with the shipped configuration, and what really arrives."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import yaml

from deploy.alerting.__main__ import main
from tests.prometheus import promql
from tests.prometheus.alertmanager_binary import AlertmanagerBinary, Listener, Mailbox, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

DEADLINE_S = 30.0
ALERTS = {rule["alert"]: rule for path in promql.rule_files() for rule in promql.rules(path) if "alert" in rule}


class World:
    """Alertmanager with every receiver that can stand on this machine."""

    def __init__(self, manager: AlertmanagerBinary, listener: Listener, mailbox: Mailbox) -> None:
        self.manager = manager
        self.listener = listener
        self.mailbox = mailbox

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something has arrived, with an end."""
        async with asyncio.timeout(DEADLINE_S):
            while not true():  # noqa: ASYNC110 - what is waited for is in another process
                await asyncio.sleep(0.05)


def alert(name: str, rig: str, *, site: str = "edge") -> dict[str, Any]:
    """An alert of ours as Prometheus sends it."""
    labels: dict[str, str] = ALERTS[name]["labels"]  # type: ignore[assignment] # the file holds a mapping there
    notes = {
        "summary": f"{rig}: {name} <now>",
        "description": f"{name} for 3 s",
        "dashboard": f"http://grafana/d/vvlive-live?var-rig={rig}",
        "runbook": f"http://grafana/d/runbook-{name}",
    }
    return {"labels": {"alertname": name, "rig": rig, "site": site} | labels, "annotations": notes}


def rendered(directory: Path, listener: Listener, mailbox: Mailbox, ntfy_port: int) -> Path:
    """The shipped configuration with every secret, its receivers on this machine."""
    secrets = directory / "secrets"
    secrets.mkdir()
    base = f"http://127.0.0.1:{listener.port}"
    contents = {
        "discord-webhook-url": f"{base}/discord/loud",
        "discord-silent-webhook-url": f"{base}/discord/silent",
        "telegram-bot-token": "1:bot",
        "telegram-chat-id": "-7",
        "email-to": "me@example.org",
        "email-from": "rig@example.org",
        "email-smarthost": f"127.0.0.1:{mailbox.port}",
        "email-username": "rig",
        "email-password": "pw",
        "webhook-url": f"{base}/hook",
        "ntfy-adapter-url": f"http://127.0.0.1:{ntfy_port}/",
        "heartbeat-url": f"{base}/heartbeat",
        "controller-webhook-url": f"{base}/controller",
        "controller-alert-token": "sesame",
    }
    for name, text in contents.items():
        (secrets / name).write_text(text)
    output = directory / "alertmanager.yml"
    assert main(["--secrets", str(secrets), "--output", str(output)]) == 0
    config = yaml.safe_load(output.read_text())
    for receiver in config["receivers"]:
        for chat in receiver.get("telegram_configs", []):
            chat["api_url"] = base
        for mail in receiver.get("email_configs", []):
            mail["require_tls"] = False
    output.write_text(yaml.safe_dump(config, allow_unicode=True))
    return output


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One Alertmanager for all tests; each has a rig of its own."""
    directory = tmp_path_factory.mktemp("alertmanager")
    ntfy_port = free_port()
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(Listener())
        mailbox = await stack.enter_async_context(Mailbox())
        config = rendered(directory, listener, mailbox, ntfy_port)
        topic = directory / "topic"
        topic.write_text(f"http://127.0.0.1:{listener.port}/ntfy")
        adapter = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy.ntfy", "--topic-url-file", str(topic), "--listen", f"127.0.0.1:{ntfy_port}",
            cwd=promql.ROOT,
        )  # fmt: skip
        try:
            manager = await stack.enter_async_context(AlertmanagerBinary(directory, config))
            yield World(manager, listener, mailbox)
        finally:
            adapter.terminate()
            await adapter.wait()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_critical_alert_reaches_everybody(world: World) -> None:
    """Discord, Telegram, mail, ntfy, webhook and controller hear of it, loudly, with text and links."""
    await world.manager.post(alert("StreamDown", "loud", site="vps"))
    listener = world.listener
    await world.until(lambda: world.mailbox.mails and listener.on("/ntfy") + listener.on("/"))
    await world.until(lambda: all(map(listener.on, ("/discord/loud", "/bot", "/hook", "/controller"))))
    await world.until(lambda: any("topic" in one.content for one in listener.told))

    (discord,), (telegram,), (controller,) = (listener.on(path) for path in ("/discord", "/bot", "/controller"))
    assert discord.content["embeds"][0]["title"] == "🔴 loud: StreamDown <now>"
    assert "http://grafana/d/runbook-StreamDown" in discord.content["embeds"][0]["description"]
    assert telegram.content["text"].startswith("🔴 <b>loud: StreamDown &lt;now&gt;</b>\nStreamDown for 3 s\n<a href=")
    assert not telegram.content.get("disable_notification")
    assert controller.authorization == "Bearer sesame"
    assert controller.content["version"] == "4"
    published = next(one.content for one in listener.told if "topic" in one.content)
    assert (published["topic"], published["priority"]) == ("ntfy", 5)
    assert world.mailbox.texts[0].startswith("🔴 loud: StreamDown <now>\n🔴 loud: StreamDown <now>\nStreamDown for 3 s")


async def test_a_silent_alert_makes_no_sound(world: World) -> None:
    """It is delivered, to the muted Discord channel and without Telegram's sound, and never loudly."""
    await world.manager.post(alert("UplinkDead", "quiet"))

    def told() -> list[Any]:
        return [one for one in world.listener.on("/bot") if "quiet" in one.content["text"]]

    await world.until(told)
    await world.until(lambda: world.listener.on("/discord/silent"))
    assert told()[0].content["disable_notification"]
    assert not any("quiet" in str(one.content) for one in world.listener.on("/discord/loud"))


async def test_one_message_per_rig(world: World) -> None:
    """Two warnings of one rig are one message that says how many."""
    await world.manager.post(alert("ControllerUnarmed", "group"), alert("EncoderNotApplying", "group"))

    def told() -> list[Any]:
        return [one.content for one in world.listener.on("/discord/loud") if "group" in str(one.content)]

    await world.until(told)
    assert len(told()) == 1
    assert told()[0]["embeds"][0]["title"].endswith("(2 alerts)")


async def test_the_cause_silences_its_consequences(world: World) -> None:
    """While nothing arrives, nobody is told that the uplinks are dead; another rig's alert is heard."""
    await world.manager.post(alert("NoUplinkLeft", "black", site="vps"))
    await world.manager.post(alert("UplinkDead", "black"), alert("MetricsStale", "black"), alert("UplinkDead", "other"))

    async with asyncio.timeout(DEADLINE_S):
        while {"UplinkDead", "MetricsStale"} - await world.manager.inhibited():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
    await world.until(lambda: any("other" in one.content["text"] for one in world.listener.on("/bot")))
    assert not any("black: UplinkDead" in str(one.content) for one in world.listener.on("/bot"))


async def test_the_dead_mans_switch(world: World) -> None:
    """The watchdog goes to the heartbeat outside and to the controller, and to no person."""
    await world.manager.post(alert("Watchdog", "none"))
    await world.until(lambda: world.listener.on("/heartbeat"))

    assert not any("Watchdog" in str(one.content) for one in world.listener.on("/bot"))
