"""What is asked of real neighbours, and that their absence is a finding and never a failure."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from controller.api.app import build_app
from controller.api.serving import bind, serve
from controller.config_file import validate
from controller.doctor.examining import examine, side_of
from controller.doctor.findings import Verdict
from tests.controller.faces import LINK, Behind
from tests.fakes.obs_websocket import PASSWORD, FakeObs
from tests.fakes.prometheus_server import PrometheusServer, matrix

if TYPE_CHECKING:
    from pathlib import Path

    from controller.config_file import Loaded

ENVIRONMENT = {"OBS_PASSWORD": PASSWORD, "LINK_TOKEN": LINK, "ENCODER_PASSWORD": "hunter2"}


def configured(**sections: Any) -> Loaded:  # noqa: ANN401 - sections as YAML would give them
    """A configuration of these sections."""
    return validate({"rig": "r1", **sections}, environment=ENVIRONMENT)


async def test_what_is_there_is_found_fine(tmp_path: Path) -> None:
    """A Prometheus with new samples, an OBS, the other controller, a place to write."""
    rows = ({"__name__": "mptcp_uplink_dead", "rig": "r1"}, [(time.time(), "0")])
    bound = bind("127.0.0.1", 0)
    here = f"127.0.0.1:{bound.getsockname()[1]}"
    serving = asyncio.create_task(serve(build_app(Behind().face()), bound))
    try:
        async with PrometheusServer(matrix(rows)) as prometheus, FakeObs() as obs:
            loaded = configured(
                state_dir=str(tmp_path / "state"),
                prometheus={"url": prometheus.url},
                obs={
                    "port": obs.port,
                    "password_env": "OBS_PASSWORD",
                    "ingest_source": "Ingest",
                    "scenes": {"offline": "Audio Only 2"},
                },
                link={"url": f"http://{here}", "token_env": "LINK_TOKEN"},
                api={"listen": here},
            )
            found = {one.about: one for one in await examine(loaded, wall_s=time.time)}
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    verdicts = {about: one.verdict for about, one in found.items() if about != "clock"}
    assert verdicts == {
        "prometheus": Verdict.FINE,
        "obs": Verdict.FINE,
        "obs scenes": Verdict.WRONG,
        "link": Verdict.FINE,
        "controller": Verdict.FINE,
        "state_dir": Verdict.FINE,
    }
    assert found["obs scenes"].text == "there is no scene Audio Only 2"
    assert not (tmp_path / "state").exists()


async def test_what_is_not_there_is_found_wrong() -> None:
    """Nothing listens anywhere: each part is a finding with words, and no secret is in any."""
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
    loaded = configured(
        prometheus={"url": f"http://127.0.0.1:{port}"},
        encoder={"url": f"http://127.0.0.1:{port}", "password_env": "ENCODER_PASSWORD"},
        link={"url": f"http://127.0.0.1:{port}", "token_env": "LINK_TOKEN"},
        api={"listen": f"127.0.0.1:{port}"},
    )
    found = await examine(loaded, wall_s=time.time)

    verdicts = {one.about: one.verdict for one in found if one.about != "clock"}
    assert verdicts == {
        "prometheus": Verdict.WRONG,
        "encoder": Verdict.WRONG,
        "link": Verdict.WRONG,
        "controller": Verdict.REMARK,
        "state_dir": Verdict.REMARK,
    }
    assert not any(secret in repr(found) for secret in ENVIRONMENT.values())


async def test_the_bond_is_examined_by_its_own_doctor() -> None:
    """Where it cannot look, that is unknown and not fine."""
    loaded = configured(obs={})
    about = {one.about: one for one in await examine(loaded, wall_s=time.time, side="vps")}

    assert about["bond"].verdict in {Verdict.FINE, Verdict.WRONG, Verdict.UNKNOWN}
    assert about["bond"].text


async def test_secrets_open_to_others_are_told(tmp_path: Path) -> None:
    """A password that everybody on the machine may read is a remark."""
    secret = tmp_path / "password"
    secret.write_text("correct horse\n")
    secret.chmod(0o644)
    found = await examine(configured(obs={"password_file": str(secret), "port": 9}), wall_s=time.time)

    assert [one.remedy for one in found if one.about == "secrets"] == [f"chmod 600 {secret}"]


@pytest.mark.parametrize(
    ("sections", "side"),
    [
        ({"encoder": {"url": "http://127.0.0.1:9", "password_env": "ENCODER_PASSWORD"}}, "pi"),
        ({"obs": {}}, "vps"),
        ({"obs": {}, "encoder": {"url": "http://127.0.0.1:9", "password_env": "ENCODER_PASSWORD"}}, None),
        ({"obs": {}, "transport": "srtla"}, None),
    ],
)
def test_the_side_of_the_bond_follows_from_what_is_driven(sections: dict[str, Any], side: str | None) -> None:
    """The encoder is on the Pi and OBS on the VPS; both on one machine, or no MPTCP, say nothing."""
    assert side_of(configured(**sections).config) == side
