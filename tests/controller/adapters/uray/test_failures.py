"""What a unit can do wrong: what the driver says of it, and that it goes on afterwards."""

from __future__ import annotations

import asyncio

import pytest

from controller.ports import Impact, Outcome
from tests.controller.adapters.uray.rig import HIGHER, LOWER, NOW, driver
from tests.fakes.clock import FakeClock
from tests.fakes.new_orange import FakeUnit


@pytest.mark.parametrize("auth", ["none", "basic", "digest"])
async def test_follows_the_challenge(auth: str) -> None:
    """Old firmware asks for Basic, newer for Digest, and an open unit for nothing: each is answered."""
    async with FakeUnit(auth=auth, applies="live") as unit:
        encoder = driver(unit)
        assert (await encoder.read()).configured == NOW
        assert (await encoder.apply(LOWER, Impact.GLITCH)).outcome is Outcome.APPLIED
        await encoder.close()


async def test_sends_no_credentials_unasked() -> None:
    """The first request of all carries no credentials."""
    async with FakeUnit(auth="basic") as unit:
        await driver(unit).read()
        assert unit.authorizations[0] == ""


async def test_stale_nonce_is_answered_once() -> None:
    """A 401 for a nonce that has gone stale gets one new answer, and the call succeeds."""
    async with FakeUnit(applies="live") as unit:
        encoder = driver(unit)
        await encoder.read()
        unit.new_nonce()
        assert (await encoder.apply(LOWER, Impact.GLITCH)).outcome is Outcome.APPLIED


async def test_a_write_refused_for_a_stale_nonce_arrives_once() -> None:
    """The retry after a 401 repeats nothing that was done: one write arrives."""
    async with FakeUnit(applies="live") as unit:
        encoder = driver(unit)
        await encoder.read()
        unit.new_nonce()
        await encoder.apply(LOWER, Impact.GLITCH)
        assert len(unit.writes()) == 1


@pytest.mark.parametrize("auth", ["basic", "digest", "strange"])
async def test_wrong_password(auth: str) -> None:
    """Refused credentials are a value with the remedy; after two failures the unit is asked once a minute."""
    clock = FakeClock()
    async with FakeUnit(auth=auth) as unit:
        encoder = driver(unit, password="wrong", clock=clock)
        for _ in range(5):
            status = await encoder.read()
        assert (status.reachable, status.configured) == (False, None)
        assert "password refused" in (status.problem or "")
        asked = len(unit.authorizations)
        assert asked <= 4
        clock.advance(59)
        assert (await encoder.apply(LOWER, Impact.GLITCH)).outcome is Outcome.REFUSED
        assert len(unit.authorizations) == asked
        clock.advance(1)
        await encoder.read()
        assert len(unit.authorizations) > asked


@pytest.mark.parametrize(("auth", "first", "second"), [("basic", 2, 1), ("digest", 2, 2), ("strange", 1, 1)])
async def test_one_retry_on_401(auth: str, first: int, second: int) -> None:
    """A refused login is answered once per call, and a Basic one not twice in the same words."""
    async with FakeUnit(auth=auth) as unit:
        encoder = driver(unit, password="wrong")
        await encoder.read()
        assert len(unit.authorizations) == first
        await encoder.read()
        assert len(unit.authorizations) == first + second


async def test_a_corrected_password_is_noticed() -> None:
    """When the unit takes the credentials again, the next try after the pause succeeds."""
    clock = FakeClock()
    async with FakeUnit(auth="strange") as unit:
        encoder = driver(unit, clock=clock)
        await encoder.read()
        await encoder.read()
        unit.auth = "digest"
        clock.advance(60)
        assert (await encoder.read()).configured == NOW


BAD_READS = [
    ("hangs", "no whole answer within 3 s"),
    ("closes", "closed without a whole HTTP answer"),
    ("empty", "bad reply: it is not XML"),
    ("html", "bad reply: it is not a <status>"),
    ("truncated", "bad reply: it is not XML"),
    ("endless", "bad reply: far too long"),
    ("entities", "bad reply: it is not XML"),
    ("http 500", "bad reply: HTTP 500"),
    ("redirect", "bad reply: HTTP 302"),
]


@pytest.mark.parametrize(("trouble", "says"), BAD_READS)
async def test_bad_status(trouble: str, says: str) -> None:
    """A status that does not come, or not as it should, is unreachable with the reason; the next one is read."""
    async with FakeUnit(trouble={"/get_status": ["none", trouble]}) as unit:
        encoder = driver(unit)
        await encoder.read()
        bad = await encoder.read()
        assert (bad.reachable, bad.configured, bad.last_configured) == (False, None, NOW)
        assert says in (bad.problem or "")
        assert (await encoder.read()).configured == NOW


@pytest.mark.parametrize(("trouble", "says"), [(bad, says.replace("status", "output")) for bad, says in BAD_READS])
async def test_no_write_after_a_bad_read(trouble: str, says: str) -> None:
    """Settings that do not come, or not as they should, are never written over."""
    async with FakeUnit(trouble={"/get_output": [trouble]}) as unit:
        result = await driver(unit).apply(LOWER, Impact.REBOOT)
        assert (result.outcome, unit.writes()) == (Outcome.REFUSED, [])
        assert says in result.detail


async def test_latin_1_is_read_and_given_back() -> None:
    """Bytes that are no UTF-8 are read as Latin-1, and a write gives back the same bytes."""
    async with FakeUnit(applies="live", trouble={"/get_output": ["latin-1"]}) as unit:
        await driver(unit).apply(LOWER, Impact.REBOOT)
        (written,) = [path for path in unit.raw_asked if path.startswith("/set_output")]
        assert "&rtmp_uri=%2F%E9&" in written


@pytest.mark.parametrize("name", ["rtmp_publish_uri", "venc_gop", "venc_profile"])
async def test_no_write_from_incomplete_settings(name: str) -> None:
    """Settings without a needed field, above all the publish address, are not written."""
    async with FakeUnit(applies="live") as unit:
        del unit.stored[name]
        result = await driver(unit).apply(LOWER, Impact.REBOOT)
        assert (result.outcome, unit.writes()) == (Outcome.REFUSED, [])
        assert name in result.detail


async def test_settings_of_another_output_are_not_ours() -> None:
    """A reply for another output is a bad reply."""
    async with FakeUnit() as unit:
        result = await driver(unit, output=1).apply(LOWER, Impact.REBOOT)
        assert (result.outcome, unit.writes()) == (Outcome.REFUSED, [])
        assert "output 1" in result.detail


@pytest.mark.parametrize("trouble", ["empty", "html", "other words", "http 500"])
async def test_a_write_answered_otherwise_failed(trouble: str) -> None:
    """Success is the word `succeed` in the body: anything else, with the settings unchanged, is a refusal."""
    async with FakeUnit(applies="live", trouble={"/set_output": [trouble]}) as unit:
        result = await driver(unit).apply(LOWER, Impact.GLITCH)
        assert result.outcome is Outcome.REFUSED


async def test_other_words_after_a_change_are_unclear() -> None:
    """A unit that changed but did not say `succeed` leaves the outcome unknown."""
    async with FakeUnit(applies="live", says=b"OK") as unit:
        result = await driver(unit).apply(LOWER, Impact.GLITCH)
        assert (result.outcome, unit.stored["venc_bitrate"]) == (Outcome.UNKNOWN, "1200")


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [("hangs", Outcome.UNKNOWN), ("closes", Outcome.UNKNOWN), ("works and hangs", Outcome.APPLIED)],
)
async def test_a_silent_write_is_read_back_and_not_repeated(trouble: str, outcome: Outcome) -> None:
    """After a write without an answer the settings are read: they alone tell; the write is sent once."""
    async with FakeUnit(applies="live", trouble={"/set_output": [trouble]}) as unit:
        result = await driver(unit).apply(LOWER, Impact.GLITCH)
        assert (result.outcome, len(unit.writes())) == (outcome, 1)


async def test_no_read_back_leaves_the_outcome_unknown() -> None:
    """A change whose read-back fails may have worked."""
    async with FakeUnit(applies="live", trouble={"/get_output": ["none", "hangs", "hangs"]}) as unit:
        result = await driver(unit).apply(LOWER, Impact.GLITCH)
        assert (result.outcome, unit.stored["venc_bitrate"]) == (Outcome.UNKNOWN, "1200")


async def test_a_late_application_is_seen_by_the_second_read_back() -> None:
    """A first read-back that fails is followed by one more, and that one counts."""
    async with FakeUnit(applies="live", trouble={"/get_output": ["none", "truncated"]}) as unit:
        result = await driver(unit).apply(LOWER, Impact.GLITCH)
        assert result.outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    ("venc", "status", "says"),
    [
        ({"rtmp_status": "-1"}, {}, "push is down"),
        ({}, {"cpuusage": "85"}, "CPU is at 85%"),
        ({}, {"cpuusage": "92 %"}, "CPU is at 92%"),
    ],
)
async def test_raises_only_where_that_can_be_borne(venc: dict[str, str], status: dict[str, str], says: str) -> None:
    """A raise is refused while the push is down or the CPU is at its limit; a fall is not."""
    async with FakeUnit(applies="live") as unit:
        unit.venc |= venc
        unit.status |= status
        raised = await driver(unit).apply(HIGHER, Impact.GLITCH)
        assert (raised.outcome, says in raised.detail) == (Outcome.REFUSED, True)
        assert (await driver(unit).apply(LOWER, Impact.GLITCH)).outcome is Outcome.APPLIED


async def test_an_unreadable_status_is_no_reason_to_raise() -> None:
    """Without a status a raise is refused, and a fall goes ahead."""
    async with FakeUnit(applies="live", trouble={"/get_status": ["html"]}) as unit:
        assert (await driver(unit).apply(HIGHER, Impact.GLITCH)).outcome is Outcome.REFUSED
        unit.trouble["/get_status"] = ["html"]
        assert (await driver(unit).apply(LOWER, Impact.GLITCH)).outcome is Outcome.APPLIED


async def test_a_constant_mux_rate_is_not_fought() -> None:
    """In strong CBR the mux rate holds whatever we set: the order is refused with the remedy."""
    async with FakeUnit(applies="live") as unit:
        unit.stored["ts_muxrate"] = "4000"
        result = await driver(unit).apply(LOWER, Impact.REBOOT)
        assert (result.outcome, unit.writes()) == (Outcome.REFUSED, [])
        assert "choose CBR" in result.detail


async def test_no_input_is_told_apart() -> None:
    """A camera that is gone is reported as that; the unit stays reachable."""
    async with FakeUnit() as unit:
        unit.vi |= {"video_ok": "0", "framerate": "0"}
        status = await driver(unit).read()
        assert (status.reachable, status.has_input) == (True, False)


async def test_a_size_that_follows_no_input_is_unknown() -> None:
    """Where the size follows an input that is not there, the target is unknown rather than 0x0."""
    async with FakeUnit() as unit:
        unit.stored |= {"venc_width_height_same_as_input": "1", "vi_cap_width": "0", "vi_cap_height": "0"}
        status = await driver(unit).read()
        assert (status.reachable, status.configured) == (True, None)
        assert "connect an input" in (status.problem or "")


async def test_absent_unit_is_left_alone_longer_and_longer() -> None:
    """After three misses the pause grows from 2 s to 30 s, every call answers at once, and one answer ends it."""
    clock = FakeClock()
    async with FakeUnit(trouble={"/get_status": ["closes"] * 9}) as unit:
        encoder = driver(unit, clock=clock)
        for _ in range(10):
            await encoder.read()
        assert len(unit.asked) == 3
        pauses = []
        while unit.trouble["/get_status"]:
            asked = len(unit.asked)
            started_s = clock.now_s
            while len(unit.asked) == asked:
                clock.advance(0.5)
                assert (await encoder.read()).reachable is False
            pauses.append(clock.now_s - started_s)
        assert pauses == [2, 4, 8, 16, 30, 30]
        clock.advance(30)
        assert (await encoder.read()).reachable


async def test_nobody_listens() -> None:
    """An address where nothing listens is unreachable with the remedy, and nothing counts as written."""
    async with FakeUnit() as unit:
        gone = driver(unit)
    status, result = await gone.read(), await gone.apply(LOWER, Impact.REBOOT)
    assert (status.reachable, "check its power" in (status.problem or "")) == (False, True)
    assert result.outcome is Outcome.REFUSED


async def test_something_else_listens() -> None:
    """A peer that does not speak HTTP gives no answer."""

    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        status = await driver(FakeUnit(url=f"http://127.0.0.1:{port}")).read()
    assert (status.reachable, "without a whole HTTP answer" in (status.problem or "")) == (False, True)


async def test_a_half_open_connection_is_never_reused() -> None:
    """Every request comes on a connection of its own."""
    async with FakeUnit(auth="none") as unit:
        encoder = driver(unit)
        unit.trouble["/get_status"] = ["hangs"]
        await encoder.read()
        assert (await encoder.read()).reachable


async def test_no_proxy_sees_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy named in the environment is not used: it would be handed the stream key."""
    async with FakeUnit(auth="none") as proxy, FakeUnit(auth="none", applies="live") as unit:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        await driver(unit).apply(LOWER, Impact.GLITCH)
        assert (proxy.asked, len(unit.writes())) == ([], 1)
