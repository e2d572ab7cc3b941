"""How OBS and its X server are started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.demo.studio import starting

if TYPE_CHECKING:
    from pathlib import Path


def test_a_free_display_is_one_nobody_uses(tmp_path: Path) -> None:
    """Neither a lock nor a socket stands in the way."""
    (tmp_path / ".X11-unix").mkdir()
    (tmp_path / f".X{starting.FIRST_DISPLAY}-lock").touch()
    (tmp_path / ".X11-unix" / f"X{starting.FIRST_DISPLAY + 1}").touch()
    assert starting.free_display(locks=tmp_path) == starting.FIRST_DISPLAY + 2


def test_no_free_display_is_said(tmp_path: Path) -> None:
    """The message names the range and what to remove."""
    for number in range(starting.FIRST_DISPLAY, starting.FIRST_DISPLAY + starting.DISPLAYS):
        (tmp_path / f".X{number}-lock").touch()
    with pytest.raises(starting.NoDisplayError, match=r":90 to :189 are all taken: remove stale"):
        starting.free_display(locks=tmp_path)


def test_obs_is_given_its_own_home_and_screen(tmp_path: Path) -> None:
    """Nothing of the user's own OBS is read or written, and no argument holds a secret."""
    environment = starting.obs_environment(tmp_path, 97)
    assert environment["DISPLAY"] == ":97"
    assert {environment[name] for name in ("HOME", "XDG_CONFIG_HOME")} == {str(tmp_path)}
    assert ":97" in starting.xvfb_argv(97)
    assert not any("password" in argument for argument in starting.obs_argv())
