"""What every OBS adapter makes of an OBS that misbehaves, is away, or shuts us out."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from controller.ports import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.obs_websocket import PASSWORD, SCENES, FakeObs, SilentListener

if TYPE_CHECKING:
    from tests.contract.studios import Make

MAIN, SIMPLE, _ = SCENES


@pytest.mark.parametrize(
    ("trouble", "request_type"),
    [
        ("silent", "GetSceneList"),
        ("late", "GetSceneList"),
        ("late", "GetStats"),
        ("dies", "GetStats"),
        ("garbage", "GetSceneList"),
        ("another's answer", "GetStats"),
    ],
)
async def test_a_faulty_answer_costs_the_connection(make: Make, obs: FakeObs, trouble: str, request_type: str) -> None:
    """After no answer, a late one, garbage or another's, a new connection reads right: no answer is mixed up."""
    clock = FakeClock()
    obs.trouble[request_type] = [trouble]
    studio = make(obs, clock=clock)
    bad = await studio.read()
    clock.advance(1)
    good = await studio.read()
    await studio.close()

    assert (bad.reachable, bad.scene_name, bad.problem is None) == (False, None, False)
    assert (good.scene_name, good.active_fps, good.output_bytes) == (MAIN, 10.0, 123_456)


async def test_an_order_lost_in_mid_call_is_unclear(make: Make, obs: FakeObs) -> None:
    """A connection that breaks during the change may have carried it: the outcome is unknown."""
    obs.trouble["SetCurrentProgramScene"] = ["dies"]
    studio = make(obs)
    result = await studio.show(SIMPLE)
    await studio.close()

    assert (result.outcome, obs.scene) == (Outcome.UNKNOWN, SIMPLE)


async def test_wrong_password(make: Make, obs: FakeObs) -> None:
    """A refused password is said clearly and tried again once a minute, not sooner."""
    clock = FakeClock()
    studio = make(obs, clock=clock, password="wrong")
    status = await studio.read()
    assert (status.reachable, "password" in (status.problem or "")) == (False, True)
    tried = obs.connections
    clock.advance(59)
    await studio.read()
    assert obs.connections == tried
    clock.advance(1)
    await studio.read()
    await studio.close()

    assert obs.connections == tried + 1


async def test_no_password_where_one_is_wanted(make: Make, obs: FakeObs) -> None:
    """Without a password for an OBS that wants one, the operator reads just that."""
    studio = make(obs, password="")
    status = await studio.read()
    await studio.close()

    assert "password" in (status.problem or "")


async def test_an_obs_without_password(make: Make) -> None:
    """An OBS that asks for no password is read."""
    async with FakeObs(password="") as obs:
        studio = make(obs)
        status = await studio.read()
        await studio.close()

    assert status.reachable


async def test_kicked_by_the_operator(make_session: Make, obs: FakeObs) -> None:
    """A session that the operator ended is not opened again by itself."""
    clock = FakeClock()
    studio = make_session(obs, clock=clock)
    await studio.read()
    await obs.kick(4011)
    status = await studio.read()
    clock.advance(86_400)
    await studio.read()
    await studio.close()

    assert "its operator ended our session" in (status.problem or "")
    assert obs.connections == 1


@pytest.mark.parametrize(("code", "says"), [(4010, "rpcVersion"), (4003, "close code 4003"), (1001, "shut down")])
async def test_close_codes(make_session: Make, obs: FakeObs, code: int, says: str) -> None:
    """What OBS closes with is what the operator reads."""
    obs.rejects = code
    studio = make_session(obs)
    status = await studio.read()
    await studio.close()

    assert says in (status.problem or "")


async def test_an_obs_that_is_too_old(make: Make, obs: FakeObs) -> None:
    """An OBS that lacks a request that we use is refused by the name of the request."""
    obs.available = ["GetVersion", "GetSceneList"]
    studio = make(obs)
    status = await studio.read()
    await studio.close()

    assert "SetCurrentProgramScene" in (status.problem or "")


async def test_no_obs_at_all(make: Make) -> None:
    """Where nothing listens the operator reads what to start, and a show is refused."""
    async with FakeObs() as obs:
        pass
    studio = make(obs)
    status, result = await studio.read(), await studio.show(SIMPLE)
    await studio.close()

    assert "no connection; start" in (status.problem or "")
    assert result.outcome is Outcome.REFUSED


async def test_an_obs_that_hangs(make: Make) -> None:
    """A listener that says nothing costs one deadline, not for ever."""
    async with SilentListener() as silent, asyncio.timeout(10):
        studio = make(silent)
        status = await studio.read()
        await studio.close()

    assert (status.reachable, "no answer in time" in (status.problem or "")) == (False, True)


async def test_tries_again_later_and_later(make: Make) -> None:
    """While OBS is away the pauses double from 0.5 s to 10 s, and an answer brings them back to 0.5 s."""
    clock = FakeClock()
    async with FakeObs() as obs:
        pass
    studio = make(obs, clock=clock)
    pauses = []
    async with FakeObs(port=obs.port, rejects=1001) as obs:
        await studio.read()
        for _ in range(6):
            tried, started_s = obs.connections, clock.now_s
            while obs.connections == tried:
                clock.advance(0.25)
                assert not (await studio.read()).reachable
            pauses.append(clock.now_s - started_s)
        obs.rejects = None
        clock.advance(10)
        assert (await studio.read()).reachable
        obs.trouble["GetStats"] = ["dies"]
        assert not (await studio.read()).reachable
        clock.advance(0.5)
        assert (await studio.read()).reachable
        await studio.close()

    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]


async def test_a_cancelled_call_leaves_nothing_behind(make: Make, obs: FakeObs) -> None:
    """A call that its caller gave up costs the connection, so that its late answer meets nobody."""
    obs.trouble["GetSceneList"] = ["late"]
    studio = make(obs)
    reading = asyncio.create_task(studio.read())
    async with asyncio.timeout(10):
        while not any(kind == "GetSceneList" for kind, _ in obs.asked):  # noqa: ASYNC110 (the fake keeps a list)
            await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    status = await studio.read()
    await studio.close()

    assert (status.scene_name, status.active_fps) == (MAIN, 10.0)


async def test_calls_at_the_same_time_do_not_mix(make: Make, obs: FakeObs) -> None:
    """Reads and shows started together are all answered right."""
    studio = make(obs)
    reads, shows = await asyncio.gather(
        asyncio.gather(*(studio.read() for _ in range(10))),
        asyncio.gather(*(studio.show(SCENES[n % 3]) for n in range(10))),
    )
    await studio.close()

    assert {(read.reachable, read.output_bytes, read.active_fps) for read in reads} == {(True, 123_456, 10.0)}
    assert {show.outcome for show in shows} == {Outcome.APPLIED}
    assert obs.connections == 1


@pytest.mark.parametrize("password", [PASSWORD, "a wrong one"])
async def test_nothing_tells_the_password(
    make: Make, obs: FakeObs, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    """Logs at their loudest, statuses and reprs do not hold the password."""
    with caplog.at_level(logging.DEBUG):
        studio = make(obs, password=password)
        said = [repr(await studio.read()), repr(studio), repr(vars(studio))]
        await studio.close()
    said += [record.getMessage() + repr(record.args) for record in caplog.records]

    assert [text for text in said if password in text] == []


async def test_an_outage_is_logged_once(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """However often OBS is missed, its absence is one line, and its return another."""
    clock = FakeClock()
    async with FakeObs() as obs:
        studio = make(obs, clock=clock)
        await studio.read()
        with caplog.at_level(logging.INFO, logger="controller.adapters.obs"):
            await obs.stop()
            for _ in range(5):
                clock.advance(20)
                await studio.read()
            await obs.start()
            clock.advance(20)
            await studio.read()
        await studio.close()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("controller")]

    assert lines[-1].endswith("it answers again")
    assert sum("no connection" in line for line in lines) == 1
    assert len(lines) <= 3
