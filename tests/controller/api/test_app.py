"""The HTTP face over statuses: with data, with nothing known, and with bad requests."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.api.app import hanging
from controller.decision.model import EncoderTarget, Freshness, Quality, Reason, Scene
from controller.journal import Entry, Journal
from tests.controller.faces import Behind, asking
from tests.controller.statuses import KNOWN, UNKNOWN

if TYPE_CHECKING:
    import httpx

    from controller.status import Status


async def get(path: str, *, status: Status = KNOWN, journal: Journal | None = None) -> httpx.Response:
    """One request to the API over `status`."""
    async with asking(Behind(status=status, journal=journal or Journal())) as client:
        return await client.get(path)


async def test_the_status_tells_what_is_known() -> None:
    """State, target, read-back, scene, uplinks and reasons are in one answer."""
    found = (await get("/api/status")).json()

    assert (found["rig"], found["policy"], found["state"], found["reason"]) == (
        "r1",
        "adaptive",
        "MEDIUM",
        "MEDIUM fits.",
    )
    assert found["target"]["bitrate_bps"] == found["encoder"]["plays"]["bitrate_bps"] == 2_500_000
    assert (found["scene"], found["studio"]["shows"]) == ("simple", "simple")
    assert found["uplinks"][0]["name"] == "modem-a"
    assert found["uplinks"][0]["capacity_upper_bps"] is None
    assert found["observed"]["ingest_lag_s"] == 2.5
    assert found["source"] == {
        "answering": True,
        "problem": None,
        "armed": True,
        "self_test": "armed: data was at most 0.9 s old",
    }


async def test_the_status_says_null_where_nothing_is_known() -> None:
    """Before the first decision nothing is invented."""
    found = (await get("/api/status", status=UNKNOWN)).json()

    assert [found[key] for key in ("state", "scene", "target", "observed", "reason")] == [None] * 5
    assert found["uplinks"] == []
    assert found["encoder"]["reachable"] is None
    assert found["encoder"]["plays"] is None
    assert found["source"]["problem"] == "unknown because Prometheus has not been asked yet"


async def test_a_part_that_is_not_configured_is_null() -> None:
    """Without OBS there is no studio, rather than a studio of unknowns."""
    found = (await get("/api/status", status=replace(KNOWN, studio=None, drives_studio=False))).json()

    assert found["studio"] is None


def journal_of_two() -> Journal:
    """A journal of two decisions and an event."""
    journal = Journal()
    entry = Entry(
        number=0,
        at_s=10.0,
        quality=Quality.LOW,
        changed_from=Quality.HIGH,
        target=EncoderTarget(1_200_000, 854, 480, 24),
        scene=Scene.MAIN,
        reason=Reason("loss", "Loss is 6 %.", (("loss_ratio", 0.06),)),
        scene_reason=Reason("picture-fine", "On time."),
        freshness=Freshness.FRESH,
        age_s=0.4,
        values=(("loss_ratio", 0.06), ("drain_time_s", None)),
    )
    journal.decided(entry)
    number = journal.decided(replace(entry, at_s=11.0))
    journal.commanded(number, "encoder", at_s=11.1)
    journal.answered(number, "encoder", at_s=11.3, outcome="applied", detail="the read-back shows it")
    journal.noticed(at_s=12.0, subject="obs", text="it does not answer")
    return journal


async def test_decisions_tell_why_and_what_became_of_them() -> None:
    """Each decision has its rule, its values, their age, and the times of its orders."""
    found = (await get("/api/decisions", journal=journal_of_two())).json()

    newest = found["decisions"][0]
    assert [one["at_s"] for one in found["decisions"]] == [11.0, 10.0]
    assert (newest["rule"], newest["reason"], newest["evidence"]) == ("loss", "Loss is 6 %.", {"loss_ratio": 0.06})
    assert newest["values"] == {"loss_ratio": 0.06, "drain_time_s": None}
    assert newest["orders"] == [
        {
            "device": "encoder",
            "commanded_s": 11.1,
            "applied_s": 11.3,
            "shown_s": None,
            "outcome": "applied",
            "detail": "the read-back shows it",
        }
    ]
    assert found["events"] == [{"number": 3, "at_s": 12.0, "subject": "obs", "text": "it does not answer"}]


async def test_the_number_of_decisions_can_be_limited() -> None:
    """A page asks for what it shows."""
    assert len((await get("/api/decisions?limit=1", journal=journal_of_two())).json()["decisions"]) == 1


@pytest.mark.parametrize("limit", ["0", "-1", "2001", "many", "1e3", ""])
async def test_a_bad_limit_is_refused(limit: str) -> None:
    """What is no number of decisions is the client's error, not ours."""
    assert (await get(f"/api/decisions?limit={limit}")).status_code == 422


@pytest.mark.parametrize("path", ["/api/nothing", "/docs", "/redoc", "/api/status/", "/../etc/passwd"])
async def test_what_is_not_there_is_not_found(path: str) -> None:
    """Unknown paths are 404 or lead back to a known one; no interactive pages that load from elsewhere."""
    assert (await get(path)).status_code in {307, 404}


async def test_health_names_the_configured_parts() -> None:
    """Health tells whether the loop runs and what it would drive."""
    found = (await get("/health", status=replace(KNOWN, drives_studio=False))).json()

    assert found == {"healthy": True, "problem": None, "features": {"encoder": True, "obs": False}}


@pytest.mark.parametrize(
    ("last_tick_age_s", "uptime_s", "problem"),
    [
        (0.9, 100.0, None),
        (9.9, 100.0, None),
        (10.5, 100.0, "the last tick was 10.5 s ago\n"),
        (None, 3.0, None),
        (None, 11.0, "the loop has not ticked yet\n"),
    ],
)
async def test_a_hanging_loop_is_unhealthy(last_tick_age_s: float | None, uptime_s: float, problem: str | None) -> None:
    """Ten missed periods are a loop that hangs: 503, so that a supervisor restarts it."""
    status = replace(KNOWN, last_tick_age_s=last_tick_age_s, uptime_s=uptime_s)
    answer = await get("/-/healthy", status=status)

    assert hanging(status) == problem
    assert (answer.status_code, answer.text) == ((503, problem) if problem else (200, "healthy\n"))


async def test_a_short_period_does_not_make_a_nervous_probe() -> None:
    """At four ticks a second the loop may still be busy for some seconds before it counts as hanging."""
    assert hanging(replace(KNOWN, period_s=0.25, last_tick_age_s=4.9)) is None


async def test_ready_once_armed() -> None:
    """Readiness is the self-test's verdict, with its reason."""
    ready, unready = await get("/-/ready"), await get("/-/ready", status=UNKNOWN)

    assert (ready.status_code, ready.text) == (200, "armed: data was at most 0.9 s old\n")
    assert (unready.status_code, unready.text.startswith("not armed: no data yet")) == (503, True)


async def test_metrics_are_in_prometheus_text_format() -> None:
    """A scrape gets the version of the format in the content type."""
    answer = await get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'vvlive_quality_state{state="MEDIUM"} 1.0' in answer.text


async def test_the_page_loads_nothing_from_other_hosts() -> None:
    """The page and its two parts are whole in themselves, and its policy forbids it to be otherwise."""
    page, script, style = [await get(path) for path in ("/", "/page.js", "/page.css")]
    addresses = re.findall(r'(?:src|href|url\()\s*=?\s*["\']?([^"\')\s>]+)', page.text + style.text)

    assert page.headers["content-type"].startswith("text/html")
    assert set(addresses) == {"data:,", "page.css", "page.js"}
    assert not re.search(r"https?:|//[a-z]", page.text + style.text + script.text)
    assert "innerHTML" not in script.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


async def test_the_schema_describes_every_answer() -> None:
    """Each JSON answer has a schema of its own."""
    schema = (await get("/openapi.json")).json()

    for path, view in (("/api/status", "StatusView"), ("/api/decisions", "DecisionsView"), ("/health", "HealthView")):
        content = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        assert content["schema"] == {"$ref": f"#/components/schemas/{view}"}
