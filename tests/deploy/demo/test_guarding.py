"""The guard in the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.demo import guarding
from deploy.demo.assembly import assemble
from deploy.demo.options import parse
from deploy.demo.world import World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.mptcp]


def test_guard_runs_on_the_rig_and_its_responder_on_the_server(tmp_path: Path) -> None:
    """The guard waits for the responder, and watches every uplink that the world has."""
    with World() as world:
        responder, guard = guarding.parts(world, key_file=tmp_path / "key", state_file=tmp_path / "state")

        assert (responder.namespace, guard.namespace) == (world.vps, world.pi)
        assert guard.after == (responder.name,)
        assert [word for word in guard.argv if word.startswith("--uplink=")] == [
            f"--uplink={uplink.name}={uplink.name}" for uplink in world.uplinks
        ]


@pytest.mark.parametrize(("transport", "guards"), [("mptcp", 2), ("srtla", 0)])
def test_only_the_kernels_bond_is_guarded(transport: str, guards: int, tmp_path: Path) -> None:
    """SRTLA has no endpoints to take out."""
    with World() as world:
        parts = assemble(world, parse(["--transport", transport]), tmp_path).parts

    assert len([part for part in parts if part.name.startswith("guard")]) == guards
