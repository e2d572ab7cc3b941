"""Where secrets are read: what systemd hands over goes before what only root may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.secret_places import SecretError, secret_of

if TYPE_CHECKING:
    from pathlib import Path


def kept(folder: Path, name: str, text: str) -> str:
    """The path of a file with that text in a folder of ours."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"{text}\n", encoding="utf-8")
    return str(folder / name)


def test_a_secret_that_systemd_handed_over_is_read_there(tmp_path: Path) -> None:
    """The service may not read root's folder: the copy of the same name counts, and root who checks reads the file."""
    path = kept(tmp_path / "secrets", "encoder-password", "roots-copy")
    kept(tmp_path / "handed", "secret_encoder-password", "handed-over")
    section = {"password_file": path}

    service = secret_of("encoder", section, environment={"CREDENTIALS_DIRECTORY": str(tmp_path / "handed")})
    root = secret_of("encoder", section, environment={})

    assert (service.get_secret_value(), root.get_secret_value()) == ("handed-over", "roots-copy")


@pytest.mark.parametrize("folder", ["elsewhere", "secrets"])
def test_what_was_not_handed_over_is_read_where_it_is(tmp_path: Path, folder: str) -> None:
    """A file of another folder, and one that came after the start, are what they are."""
    path = kept(tmp_path / folder, "token", "in-its-place")
    handed = tmp_path / "handed"
    kept(handed, "secret_token" if folder == "elsewhere" else "secret_other", "not-meant")

    found = secret_of("obs", {"password_file": path}, environment={"CREDENTIALS_DIRECTORY": str(handed)})

    assert found.get_secret_value() == "in-its-place"


def test_a_missing_secret_names_the_configured_path(tmp_path: Path) -> None:
    """The operator knows that path, and not the one of systemd's."""
    path = tmp_path / "secrets" / "gone"
    with pytest.raises(SecretError, match=f"obs.password_file: {path} cannot be read"):
        secret_of("obs", {"password_file": str(path)}, environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
