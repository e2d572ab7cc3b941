"""Configuration files: what is accepted, and for each bad one exactly what the operator reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from controller.config import (
    AddressPlace,
    AlertsSection,
    ApiSection,
    Config,
    LinkSection,
    ObsSection,
    PolicySection,
    PrometheusSection,
    PublishSection,
    ScenesSection,
    TimelineSection,
    TokenPlace,
    TokensSection,
)
from controller.config_encoder import SECTIONS as DRIVERS
from controller.config_encoder import (
    CostsSection,
    EncoderSettings,
    ImpactsSection,
    PictureSection,
    UraySection,
)
from controller.config_file import ConfigError, load, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

BAD = sorted((Path(__file__).parent / "bad_configs").glob("*.yml"))
EXAMPLE = Path("controller/example.yml")
SAYS = "# says: "


def refused(path: Path, environment: dict[str, str] | None = None) -> list[str]:
    """What loading the file at `path` says against it."""
    with pytest.raises(ConfigError) as refusal:
        load(path, environment={"GIVEN": "hunter2", **(environment or {})})
    return list(refusal.value.lines)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_bad_file_is_refused_in_exactly_these_words(path: Path) -> None:
    """Every error is one line, all of them at once; the file itself says which."""
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix(SAYS).format(path=path) for line in lines if line.startswith(SAYS)]

    assert refused(path) == expected


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_no_message_shows_a_secret(path: Path) -> None:
    """A password in the wrong place is refused without being repeated."""
    assert "hunter2" not in "\n".join(refused(path))


def test_a_missing_file_names_the_option() -> None:
    """A path to nothing says how to give another."""
    assert refused(Path("/nonexistent/c.yml")) == ["/nonexistent/c.yml: no such file; give its path with --config"]


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """What cannot be read says why."""
    assert refused(tmp_path) == [
        f"{tmp_path}: cannot be read (Is a directory); give a readable YAML file with --config"
    ]


@pytest.mark.parametrize("text", [b"rig: \xff\xfe", b"rig: \x00", b"rig: " + b"[" * 100_000])
def test_a_file_of_garbage_is_one_line(tmp_path: Path, text: bytes) -> None:
    """Bytes that are no text or no YAML are refused, not crashed on."""
    path = tmp_path / "c.yml"
    path.write_bytes(text)

    (line,) = refused(path)
    assert line.startswith(f"{path}")


def test_the_password_comes_from_its_file_without_the_line_end(tmp_path: Path) -> None:
    """The only line of the file is the password; what surrounds it is not."""
    (tmp_path / "secret").write_text("hunter2\n", encoding="utf-8")
    loaded = validate({"rig": "r1", "obs": {"password_file": str(tmp_path / "secret")}}, environment={})

    assert loaded.secrets.obs_password.get_secret_value() == "hunter2"
    assert loaded.secrets.encoder_password.get_secret_value() == ""


def test_a_password_file_of_several_lines_is_refused(tmp_path: Path) -> None:
    """Which line would be the password cannot be known."""
    path = tmp_path / "secret"
    path.write_text("hunter2\nhunter3\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        validate({"rig": "r1", "obs": {"password_file": str(path)}}, environment={})

    assert refusal.value.lines == (
        f"obs.password_file: {path} has more than one line; write the password as its only line",
    )


def test_no_repr_shows_a_secret() -> None:
    """Neither the loaded configuration nor its secrets print a password."""
    loaded = validate({"rig": "r1", "obs": {"password_env": "P"}}, environment={"P": "hunter2"})

    assert loaded.secrets.obs_password.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{loaded!r} {loaded} {loaded.config.model_dump_json()}"


def test_the_configuration_is_frozen() -> None:
    """Nothing changes a configuration after it was read."""
    config = validate({"rig": "r1", "obs": {}}, environment={}).config
    with pytest.raises(ValueError, match="frozen"):
        config.rig = "r2"


def test_labels_default_to_the_rig() -> None:
    """Without labels of its own the rig's name picks the series; given ones replace it."""
    document = {"rig": "r1", "obs": {}}

    assert Config.model_validate(document).match == {"rig": "r1"}
    assert Config.model_validate({**document, "prometheus": {"match": {"site": "edge"}}}).match == {"site": "edge"}


@pytest.mark.parametrize(
    ("listen", "address"),
    [("127.0.0.1:8000", ("127.0.0.1", 8000)), ("[::1]:9", ("::1", 9)), ("0.0.0.0:80", ("0.0.0.0", 80))],
)
def test_the_listening_address(listen: str, address: tuple[str, int]) -> None:
    """Host and port are told apart, brackets of IPv6 included."""
    assert Config.model_validate({"rig": "r1", "obs": {}, "api": {"listen": listen}}).api.address == address


SECTIONS: dict[str, type[BaseModel]] = {
    "prometheus": PrometheusSection,
    "policy": PolicySection,
    "encoder": UraySection,
    "encoder.picture": PictureSection,
    "encoder.impacts": ImpactsSection,
    "encoder.costs_s": CostsSection,
    "obs": ObsSection,
    "obs.scenes": ScenesSection,
    "timeline": TimelineSection,
    "alerts": AlertsSection,
    "link": LinkSection,
    "api": ApiSection,
    "api.tokens": TokensSection,
    "publish": PublishSection,
    **{f"publish.{name}": AddressPlace for name in PublishSection.model_fields},
    **{f"api.tokens.{scope}": TokenPlace for scope in TokensSection.model_fields},
}


def sections(
    model: type[BaseModel], document: dict[str, object], path: str = ""
) -> Iterator[tuple[str, object, object]]:
    """Each key of a section as path, the example's value, and the default (`...` where it is required)."""
    assert set(document) == set(model.model_fields), f"{path or 'the file'} shows other keys than there are"
    for name, field in model.model_fields.items():
        inner = SECTIONS.get(path + name)
        if inner is not None:
            found = document[name]
            assert isinstance(found, dict)
            yield from sections(inner, found, f"{path}{name}.")
        else:
            default = ... if field.is_required() else field.get_default(call_default_factory=True)
            yield f"{path}{name}", document[name], default


def test_the_example_shows_every_key_with_its_default() -> None:
    """The shipped example and the code say the same, key by key; only what has no default differs."""
    document = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    differing = {path for path, shown, default in sections(Config, document) if shown != default}

    assert differing == {
        "rig",
        "encoder.url",
        "encoder.password_file",
        "obs.password_file",
        "link.url",
        "link.token_file",
    }


def other_encoders() -> dict[str, dict[str, object]]:
    """The sections that the example's end shows, by driver."""
    lines = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.startswith("#|")]
    shown = yaml.safe_load_all("\n".join(line.removeprefix("#|").removeprefix(" ") for line in lines))
    return {document["encoder"]["driver"]: document["encoder"] for document in shown}


def test_the_example_shows_the_section_of_every_driver() -> None:
    """One section for each driver there is; the first stands in the file itself."""
    assert {"uray", *other_encoders()} == set(DRIVERS)


@pytest.mark.parametrize("driver", sorted(set(DRIVERS) - {"uray"}))
def test_a_drivers_own_keys_are_shown_with_their_defaults(driver: str) -> None:
    """Each shows what it has besides the common keys, and only what is required differs from the default."""
    section, model = other_encoders()[driver], DRIVERS[driver]
    fields = {name: field for name, field in model.model_fields.items() if name not in EncoderSettings.model_fields}
    defaults = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    same = {
        name
        for name, default in defaults.items()
        if section[name] == (default.model_dump() if isinstance(default, BaseModel) else default)
    }

    assert set(section) == set(fields)
    assert set(fields) - same == {name for name, field in fields.items() if field.is_required()} | (
        {"password_file"} & set(fields)
    )


@pytest.mark.parametrize("driver", sorted(set(DRIVERS) - {"uray"}))
def test_the_section_of_each_driver_is_accepted(driver: str, tmp_path: Path) -> None:
    """With its password in place what the example shows is correct."""
    (tmp_path / "moblin-password").write_text("x", encoding="utf-8")
    section = yaml.safe_load(yaml.safe_dump(other_encoders()[driver]).replace("/etc/vvlive", str(tmp_path)))
    encoder = validate({"rig": "r1", "encoder": section}, environment={}).config.encoder

    assert type(encoder) is DRIVERS[driver]


def test_the_example_is_accepted(tmp_path: Path) -> None:
    """With its two password files in place the example is a correct configuration."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("/etc/vvlive", str(tmp_path))
    for name in ("encoder-password", "obs-password"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "link-token").write_text("0123456789abcdef", encoding="utf-8")
    (tmp_path / "c.yml").write_text(text, encoding="utf-8")

    assert load(tmp_path / "c.yml", environment={}).config.rig == "my-rig"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*Config.model_fields, *UraySection.model_fields, "other"])


@given(st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=4), max_size=6))
def test_no_document_crashes(document: dict[str, object]) -> None:
    """Whatever YAML can hold is either accepted or refused in lines that are one line each."""
    lines = refusal_of(document)

    assert lines is None or lines
    assert not [line for line in lines or () if "\n" in line]


def refusal_of(document: dict[str, object]) -> tuple[str, ...] | None:
    """What is said against `document`; None when it is accepted."""
    try:
        validate(document, environment={})
    except ConfigError as error:
        return error.lines
    return None


def test_a_placeholder_is_no_token() -> None:
    """Who leaves the documentation's token in place is told so, without it being repeated."""
    document = {"rig": "r1", "obs": {}, "api": {"tokens": {"read": {"token_env": "T"}}}}
    with pytest.raises(ConfigError) as refusal:
        validate(document, environment={"T": "CHANGE-me-to-something-long"})

    assert refusal.value.lines == (
        "api.tokens.read: its token is a placeholder; write a new one, as `openssl rand -hex 16` makes",
    )


def test_tokens_come_by_their_scope() -> None:
    """Only scopes with a token are there, and none of them shows in a repr."""
    document = {"rig": "r1", "obs": {}, "api": {"tokens": {"control": {"token_env": "T"}}}}
    loaded = validate(document, environment={"T": "0123456789abcdef"})

    assert {scope: token.get_secret_value() for scope, token in loaded.secrets.tokens.items()} == {
        "control": "0123456789abcdef"
    }
    assert "0123456789abcdef" not in repr(loaded)
