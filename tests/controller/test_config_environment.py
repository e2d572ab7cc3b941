"""Settings that come as variables."""

from __future__ import annotations

from typing import Any

import pytest

from controller.config_environment import ELSEWHERE, NAMES, complete
from controller.config_file import ConfigError, Loaded, validate

# Every name that an installation of before may have in its `.env`.
PROMISED = [
    "SECRET_KEY",
    "API_TOKEN",
    "HOST",
    "PORT",
    "DEBUG",
    "LOG_LEVEL",
    "ENCODER_IP",
    "ENCODER_USERNAME",
    "ENCODER_PASSWORD",
    "ENCODER_TYPE",
    "OBS_HOST",
    "OBS_PORT",
    "OBS_PASSWORD",
    "OBS_LIBRARY",
    "OBS_SCENE_HIGH",
    "OBS_SCENE_MEDIUM",
    "OBS_SCENE_LOW",
    "OBS_SCENE_VERY_LOW",
    "OBS_SCENE_ERROR",
    "OBS_SCENE_EMERGENCY",
    "MPTCP_SERVER_PORT",
    "METRICS_POLL_INTERVAL",
    "DATABASE_PATH",
    "FEATURE_OBS_HTTP_BRIDGE",
    "OBS_HTTP_BRIDGE_HOST",
    "OBS_HTTP_BRIDGE_PORT",
    "OBS_HTTP_BRIDGE_AUTH_KEY",
    "OBS_HTTP_BRIDGE_TIMEOUT",
    "FEATURE_SRTLA_TRANSPORT",
    "SRTLA_METRICS_SOURCE",
    "SRTLA_STATS_ENDPOINT",
    "SRTLA_RECEIVER_PORT",
    "TRANSPORT_MODE",
    "FEATURE_RTMP_AUTH",
    "RTMP_AUTH_SERVICE_URL",
    "FEATURE_INGEST_MONITORING",
    "INGEST_STATS_URL",
    "INGEST_STREAM_KEY",
    "INGEST_STATS_POLL_INTERVAL",
    "INGEST_SERVER_TYPE",
    "BITRATE_THRESHOLD_LOW_KBPS",
    "BITRATE_THRESHOLD_OFFLINE_KBPS",
    "BITRATE_THRESHOLD_RTT_MS",
    "STATE_CHANGE_RETRY_ATTEMPTS",
    "STATE_CHANGE_RETRY_INTERVAL",
    "INSTANT_RECOVERY_ENABLED",
]
TOKEN = "0123456789abcdef"


def loaded(environment: dict[str, str], **document: Any) -> Loaded:  # noqa: ANN401 - sections as YAML would give them
    """A configuration that the environment completes."""
    return validate({"rig": "r1", "environment": True, **document}, environment=environment)


def refusal(environment: dict[str, str], **document: Any) -> tuple[str, ...]:  # noqa: ANN401 - idem
    """What is wrong with it."""
    with pytest.raises(ConfigError) as refused:
        loaded(environment, **document)
    return refused.value.lines


def test_every_promised_name_is_known() -> None:
    """No variable of an older `.env` is called unknown."""
    assert set(PROMISED) <= NAMES


def test_a_rig_on_one_machine_is_configured_by_variables_alone() -> None:
    """Encoder, OBS, its scenes, the API: each lands at its key, and secrets stay in their variables."""
    environment = {
        "ENCODER_IP": "192.168.1.168",
        "ENCODER_USERNAME": "operator",
        "ENCODER_PASSWORD": "admin",
        "ENCODER_TYPE": "URAY",
        "OBS_HOST": "10.0.0.2",
        "OBS_PORT": "4456",
        "OBS_PASSWORD": "correct horse",
        "OBS_LIBRARY": "simpleobsws",
        "OBS_SCENE_HIGH": "Camera",
        "OBS_SCENE_MEDIUM": "Camera",
        "OBS_SCENE_VERY_LOW": "Sound",
        "API_TOKEN": TOKEN,
        "HOST": "0.0.0.0",
        "PORT": "8001",
        "LOG_LEVEL": "WARNING",
        "METRICS_POLL_INTERVAL": "0.5",
        "DATABASE_PATH": "/var/lib/vvlive/app.db",
        "TRANSPORT_MODE": "hybrid",
    }
    found = loaded(environment)
    config = found.config

    assert config.encoder is not None
    assert config.encoder.model_dump()["url"] == "http://192.168.1.168"
    assert config.encoder.model_dump()["username"] == "operator"
    assert config.obs is not None
    assert (config.obs.host, config.obs.port, config.obs.library) == ("10.0.0.2", 4456, "simpleobsws")
    assert (config.obs.scenes.main, config.obs.scenes.audio_only) == ("Camera", "Sound")
    assert (config.api.listen, config.log_level, config.prometheus.period_s) == ("0.0.0.0:8001", "warning", 0.5)
    assert (config.state_dir, config.transport) == ("/var/lib/vvlive", "hybrid")
    assert found.secrets.encoder_password.get_secret_value() == "admin"
    assert found.secrets.tokens["control"].get_secret_value() == TOKEN
    assert "correct horse" not in repr(found)


def test_variables_count_only_where_the_file_says_so() -> None:
    """A PORT or a DEBUG of another program's changes nothing by accident."""
    found = validate({"rig": "r1", "obs": {}}, environment={"PORT": "9999", "DEBUG": "true", "OBS_NONSENSE": "1"})

    assert (found.config.api.listen, found.config.log_level) == ("127.0.0.1:8000", "info")


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"OBS_SCENE_HIHG": "x"}, "OBS_SCENE_HIHG: unknown setting; did you mean OBS_SCENE_HIGH?"),
        ({"FEATURE_TELEPATHY": "true"}, "FEATURE_TELEPATHY: unknown setting"),
        ({"DEBUG": "perhaps"}, "DEBUG: is neither true nor false; write one of them"),
        ({"API_TOKEN": "change-me-please-now"}, "API_TOKEN: is still a placeholder"),
        ({"OBS_PASSWORD": "your-obs-password"}, "OBS_PASSWORD: is still a placeholder"),
        ({"OBS_PORT": "many"}, "obs.port: is not a whole number"),
        ({"METRICS_POLL_INTERVAL": "0"}, "prometheus.period_s: must be at least"),
        ({"OBS_LIBRARY": "obs-websocket-py"}, "obs.library: must be"),
        ({"OBS_SCENE_HIGH": "A", "OBS_SCENE_MEDIUM": "B"}, "OBS_SCENE_MEDIUM: OBS_SCENE_HIGH says otherwise"),
        ({"OBS_SCENE_LOW": "Main Camera"}, "obs.scenes.simple: is the scene of main too"),
        ({"API_TOKEN": "short"}, "api.tokens.control: its token is shorter than 16 characters"),
    ],
)
def test_what_is_wrong_with_a_variable_is_one_line(environment: dict[str, str], says: str) -> None:
    """Misspelt, unusable, not chosen, contradicting: named, with the remedy, and no value of a secret."""
    lines = refusal(environment, obs={})

    assert any(line.startswith(says) for line in lines), lines
    assert not any("change-me" in line or "your-obs" in line for line in lines)


def test_the_file_and_the_environment_must_not_contradict_each_other() -> None:
    """Neither wins in silence; saying the same twice is no contradiction."""
    lines = refusal({"OBS_PORT": "4456"}, obs={"port": 4455})

    assert lines == ("OBS_PORT: the file's obs.port says otherwise; write it in one place",)
    assert loaded({"OBS_PORT": "4455"}, obs={"port": 4455}).config.obs is not None


def test_the_bridge_takes_the_place_of_obs() -> None:
    """With the feature on, host, port and key are the bridge's; what was OBS's own is left out."""
    environment = {
        "FEATURE_OBS_HTTP_BRIDGE": "true",
        "OBS_HTTP_BRIDGE_HOST": "10.0.0.3",
        "OBS_HTTP_BRIDGE_PORT": "5001",
        "OBS_HTTP_BRIDGE_AUTH_KEY": "a bridge key",
        "OBS_HOST": "10.0.0.2",
        "OBS_PASSWORD": "correct horse",
    }
    found = loaded(environment)

    assert found.config.obs is not None
    assert (found.config.obs.host, found.config.obs.port) == ("10.0.0.3", 5001)
    assert found.config.obs.library == "obs-websocket-http"
    assert found.secrets.obs_password.get_secret_value() == "a bridge key"


@pytest.mark.parametrize(
    ("environment", "transport"),
    [
        ({"FEATURE_SRTLA_TRANSPORT": "true"}, "srtla"),
        ({"FEATURE_SRTLA_TRANSPORT": "true", "TRANSPORT_MODE": "hybrid"}, "hybrid"),
        ({"FEATURE_SRTLA_TRANSPORT": "false"}, "mptcp"),
    ],
)
def test_srtla_is_what_the_mode_says(environment: dict[str, str], transport: str) -> None:
    """The feature alone means SRTLA; the mode says it more exactly."""
    assert loaded(environment, obs={}).config.transport == transport


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_what_has_no_effect_here_is_told(name: str) -> None:
    """A setting is never dropped in silence."""
    found = loaded({name: "1"}, obs={})

    assert len(found.notes) == 1
    assert found.notes[0].startswith(f"{name} has no effect on the controller: ")


def test_the_document_itself_is_left_alone() -> None:
    """Completing makes another document, and what is no section stays to be complained of."""
    document: dict[Any, Any] = {"obs": "yes"}
    found = complete(document, {"OBS_PORT": "4456"})

    assert document == {"obs": "yes"} == found.document
