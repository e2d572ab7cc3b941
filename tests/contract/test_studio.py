"""What every OBS adapter does, whichever library it stands on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from controller.adapters.obs.hearing import EVENT_GROUPS, SOUND_GROUPS
from controller.ports import MediaState, Outcome, StudioStatus
from tests.fakes.clock import FakeClock
from tests.fakes.obs_websocket import SCENES, FakeObs

if TYPE_CHECKING:
    from tests.contract.studios import Make

MAIN, SIMPLE, AUDIO = SCENES


async def test_reads_everything(make: Make, obs: FakeObs) -> None:
    """One read gives scene, stream, statistics, mute and picture position, with times in seconds."""
    studio = make(obs)
    status = await studio.read()
    await studio.close()

    assert status == StudioStatus(
        reachable=True,
        scene_name=MAIN,
        streaming=True,
        reconnecting=False,
        output_bytes=123_456,
        output_skipped_frames=3,
        output_total_frames=900,
        congestion_ratio=0.25,
        encoder_skipped_frames=4,
        encoder_total_frames=950,
        render_skipped_frames=5,
        render_total_frames=960,
        active_fps=10.0,
        ingest_muted=False,
        media_state=MediaState.PLAYING,
        media_cursor_s=4.25,
        scene_names=tuple(SCENES),
    )


async def test_shows_a_scene(make: Make, obs: FakeObs) -> None:
    """A scene is put on program and read back."""
    studio = make(obs)
    result = await studio.show(SIMPLE)
    await studio.close()

    assert (result.outcome, result.shown_name, obs.scene) == (Outcome.APPLIED, SIMPLE, SIMPLE)


async def test_showing_what_is_shown_orders_nothing(make: Make, obs: FakeObs) -> None:
    """A scene that is on program already is confirmed without an order."""
    studio = make(obs)
    result = await studio.show(MAIN)
    await studio.close()

    assert (result.outcome, obs.orders()) == (Outcome.APPLIED, [])


async def test_a_late_scene_is_waited_for(make: Make, obs: FakeObs) -> None:
    """A scene that shows a moment after OBS's ok is confirmed when it does."""
    obs.late_by_s = 0.2
    studio = make(obs)
    result = await studio.show(SIMPLE)
    await studio.close()

    assert (result.outcome, len(obs.orders())) == (Outcome.APPLIED, 1)


async def test_ok_alone_proves_nothing(make: Make, obs: FakeObs) -> None:
    """An OBS that says ok and shows something else is not believed."""
    obs.lies = True
    studio = make(obs)
    result = await studio.show(SIMPLE)
    await studio.close()

    assert (result.outcome, result.shown_name) == (Outcome.UNKNOWN, MAIN)


async def test_a_scene_that_does_not_exist(make: Make, obs: FakeObs) -> None:
    """An unknown scene is refused by name with the remedy, once, and the connection is kept."""
    studio = make(obs)
    result = await studio.show("Nope")
    await studio.read()
    await studio.close()

    assert (result.outcome, result.shown_name, obs.orders()) == (Outcome.REFUSED, MAIN, ["Nope"])
    assert "`Nope`" in result.detail
    assert obs.connections == 1


async def test_a_failed_change_is_tried_once_more(make: Make, obs: FakeObs) -> None:
    """A request that OBS failed to process is repeated once after reading back."""
    obs.trouble["SetCurrentProgramScene"] = ["702"]
    studio = make(obs)
    result = await studio.show(SIMPLE)
    await studio.close()

    assert (result.outcome, obs.orders()) == (Outcome.APPLIED, [SIMPLE, SIMPLE])


async def test_a_refused_change_names_the_status(make: Make, obs: FakeObs) -> None:
    """Whatever else OBS refuses with is reported by its status code."""
    obs.trouble["SetCurrentProgramScene"] = ["205"]
    studio = make(obs)
    result = await studio.show(SIMPLE)
    await studio.close()

    assert (result.outcome, "205" in result.detail) == (Outcome.REFUSED, True)


async def test_an_obs_that_is_not_ready_is_waited_for(make: Make, obs: FakeObs) -> None:
    """While OBS starts up a change is retried; the connection is kept."""
    obs.not_ready = 2
    studio = make(obs)
    result = await studio.show(SIMPLE)
    await studio.close()

    assert (result.outcome, obs.connections) == (Outcome.APPLIED, 1)


async def test_an_obs_that_does_not_get_ready(make: Make, obs: FakeObs) -> None:
    """An OBS that stays unready refuses, and a read of it is unknown in everything but says why."""
    obs.not_ready = 1_000
    studio = make(obs)
    status, result = await studio.read(), await studio.show(SIMPLE)
    await studio.close()

    assert (status.reachable, status.scene_name) == (True, None)
    assert "starting up" in (status.problem or "")
    assert (result.outcome, obs.scene) == (Outcome.REFUSED, MAIN)


async def test_a_missing_ingest_source_is_told(make: Make, obs: FakeObs) -> None:
    """A source that OBS does not have leaves its fields unknown and names the remedy; the rest is read."""
    obs.inputs.clear()
    studio = make(obs)
    status = await studio.read()
    await studio.close()

    assert (status.scene_name, status.ingest_muted, status.media_cursor_s) == (MAIN, None, None)
    assert "`Ingest`" in (status.problem or "")


async def test_hears_how_loud_it_was(make_session: Make, obs: FakeObs) -> None:
    """On air and muted, the loudest sample between two reads counts; where nothing was heard it is unknown."""
    studio = make_session(obs)
    await studio.read()
    obs.inputs["Ingest"]["inputMuted"] = True
    unheard = await studio.read()
    for raw_peak in (0.1, 0.5, 0.2):
        levels = {"inputs": [{"inputName": "Ingest", "inputLevelsMul": [[0.0, 0.0, raw_peak]]}]}
        await obs.announce("InputVolumeMeters", levels)
    await asyncio.sleep(0.1)
    loud, quiet = await studio.read(), await studio.read()
    obs.inputs["Ingest"]["inputMuted"] = False
    await studio.read()
    await studio.close()

    assert obs.subscriptions == [SOUND_GROUPS, EVENT_GROUPS]

    assert [read.sound_raw_peak for read in (unheard, loud, quiet)] == [None, 0.5, None]


async def test_an_ended_picture_has_no_position(make: Make, obs: FakeObs) -> None:
    """A media source that ended has no position, which is unknown and not zero."""
    obs.inputs["Ingest"]["mediaCursor"] = None
    studio = make(obs)
    status = await studio.read()
    await studio.close()

    assert status.media_cursor_s is None


async def test_notices_the_operator(make: Make, obs: FakeObs) -> None:
    """A scene that somebody else put on program after ours, and that stays, is reported until ours is shown again."""
    clock = FakeClock()
    studio = make(obs, clock=clock)
    before = await studio.read()
    await studio.show(SIMPLE)
    ours = await studio.read()
    obs.scene = AUDIO
    glimpsed = await studio.read()
    clock.advance(1)
    theirs = await studio.read()
    await studio.show(SIMPLE)
    again = await studio.read()
    await studio.close()

    assert [status.operator_scene for status in (before, ours, glimpsed, theirs, again)] == [
        None,
        None,
        None,
        AUDIO,
        None,
    ]
    assert [status.settling for status in (before, ours, glimpsed, theirs, again)] == [False, False, True, False, False]


async def test_notices_the_operator_before_our_first_order(make: Make, obs: FakeObs) -> None:
    """Where we ordered nothing yet, a scene other than the one found is somebody's choice as well."""
    clock = FakeClock()
    studio = make(obs, clock=clock)
    await studio.read()
    obs.scene = AUDIO
    await studio.read()
    clock.advance(1)
    status = await studio.read()
    await studio.close()

    assert status.operator_scene == AUDIO


async def test_keeps_quiet_while_the_collection_changes(make_session: Make, obs: FakeObs) -> None:
    """Between the announcement of a new scene collection and its end OBS is asked nothing."""
    studio = make_session(obs)
    await studio.read()
    asked = len(obs.asked)
    await obs.announce("CurrentSceneCollectionChanging")
    await asyncio.sleep(0.1)
    quiet = await studio.read()
    assert (len(obs.asked), quiet.reachable, quiet.scene_name) == (asked, True, None)
    assert "changing its scene collection" in (quiet.problem or "")
    await obs.announce("CurrentSceneCollectionChanged")
    await asyncio.sleep(0.1)
    after = await studio.read()
    await studio.close()

    assert (after.scene_name, obs.connections) == (MAIN, 1)


async def test_events_are_no_answers(make_session: Make, obs: FakeObs) -> None:
    """Events that come between a request and its answer leave every answer with its request."""
    obs.trouble["GetStats"] = ["events first"] * 3
    studio = make_session(obs)
    statuses = [await studio.read() for _ in range(3)]
    await studio.close()

    assert {(status.active_fps, status.output_bytes) for status in statuses} == {(10.0, 123_456)}


async def test_a_restarted_obs_is_nobody_s_order(make: Make, obs: FakeObs) -> None:
    """The scene that a new OBS comes up with is not taken for the operator's."""
    clock = FakeClock()
    studio = make(obs, clock=clock)
    await studio.show(SIMPLE)
    await obs.stop()
    await studio.read()
    obs.scene = MAIN
    await obs.start()
    clock.advance(1)
    await studio.read()
    clock.advance(1)
    status = await studio.read()
    await studio.close()

    assert (status.scene_name, status.operator_scene) == (MAIN, None)


async def test_any_request_is_answered_with_its_data_or_a_reason(make: Make, obs: FakeObs) -> None:
    """A request of a person's choice: what OBS says to it, its refusal, and its absence."""
    studio = make(obs)
    known = await studio.ask("GetInputMute", {"inputName": "Ingest"})
    refused = await studio.ask("GetInputMute", {"inputName": "Nothing"})
    await obs.stop()
    gone = await studio.ask("GetStats")
    await studio.close()

    assert (known.reachable, known.ok, known.data["inputMuted"]) == (True, True, False)
    assert (refused.reachable, refused.ok, refused.code) == (True, False, 600)
    assert (gone.reachable, gone.ok) == (False, False)
    assert gone.problem
