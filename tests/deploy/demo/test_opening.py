"""What the demo tells a person who wants to give orders."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.demo.running import how_to_order


def test_address_way_in_and_the_tokens_file_are_told() -> None:
    """The page's address, how to get there from another machine, where the token is, and a command to copy."""
    page, token, shell, why = how_to_order("http://127.0.0.1:21780/", Path("/tmp/d/control.token"))  # noqa: S108 - a name only

    assert "http://127.0.0.1:21780/ " in page
    assert "ssh -L 21780:127.0.0.1:21780 THIS-MACHINE" in page
    assert "/tmp/d/control.token" in token  # noqa: S108 - a name only
    vvlive = Path(sys.executable).with_name("vvlive")
    assert vvlive.is_file()
    assert shell.startswith(f"from a shell: {vvlive} override --url http://127.0.0.1:21780/ --token-file ")
    assert f"{vvlive} why --url http://127.0.0.1:21780/, or at a moment: --at 14:32" in why
