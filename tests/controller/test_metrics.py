"""The controller's own metrics: as the catalogue says, and absent where unknown."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller import metrics
from controller.linking.vps import Rig
from controller.status import History, Status
from exporters import catalog
from tests.controller.statuses import KNOWN, UNKNOWN

GOLDEN = Path(__file__).parent / "golden_metrics.txt"


def exposed(status: Status) -> str:
    """The text that a scrape gets."""
    return metrics.exposition(metrics.registry(lambda: status)).decode()


def sampled(status: Status) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by name and label values."""
    return {(name, labels): value for name, labels, value in metrics.samples(status)}


def test_the_exposition_is_the_golden_text() -> None:
    """A change of what a scrape gets is a change of this file, and is read in review."""
    assert exposed(KNOWN) == GOLDEN.read_text(encoding="utf-8")


def test_promtool_finds_nothing_to_criticise() -> None:
    """Prometheus' own linter accepts the text."""
    linted = subprocess.run(
        ["promtool", "check", "metrics"], input=exposed(KNOWN), capture_output=True, text=True, check=False, timeout=20
    )

    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


@pytest.mark.parametrize("status", [KNOWN, UNKNOWN])
def test_every_sample_is_as_catalogued(status: Status) -> None:
    """Names, kinds and labels are the catalogue's; nothing is published beside it."""
    for family in text_string_to_metric_families(exposed(status)):
        for sample in family.samples:
            metric = catalog.BY_NAME[sample.name]
            assert metric in catalog.CONTROLLER
            assert (family.type, set(sample.labels)) == (metric.kind.value, set(metric.labels))


def test_a_change_by_hand_is_published_while_it_is_respected() -> None:
    """The time left has a sample while there is any."""
    published = sampled(KNOWN)

    assert published["vvlive_device_by_hand_seconds", ("obs",)] == 12.5
    assert ("vvlive_device_by_hand_seconds", ("encoder",)) not in published


def test_health_is_a_ratio_and_unknown_parts_are_absent() -> None:
    """The score of 0 to 100 becomes 0 to 1; a part without a value has no sample, never 1."""
    published = sampled(KNOWN)

    assert published["vvlive_health_ratio", ()] == 0.4
    assert {labels: value for (name, labels), value in published.items() if name == "vvlive_health_part_ratio"} == {
        ("picture",): 0.4
    }


def test_with_everything_known_the_whole_catalogue_is_published() -> None:
    """No catalogued metric of the controller is without a source."""
    published = {name for name, _ in sampled(KNOWN)}

    assert {metric.name for metric in catalog.CONTROLLER} - published == set()


def test_what_is_unknown_is_absent() -> None:
    """Before the first decision only the controller itself is known."""
    assert set(sampled(UNKNOWN)) == {
        ("vvlive_build_info", ("0.1.0",)),
        ("vvlive_ticks_late_total", ()),
        ("vvlive_ticks_failed_total", ()),
        ("vvlive_decisions_total", ()),
        ("vvlive_armed", ()),
        ("vvlive_override_active", ()),
        ("vvlive_source_answering", ()),
        ("vvlive_timeline_writable", ()),
        ("vvlive_timeline_waiting_events", ()),
        ("vvlive_timeline_lost_events_total", ()),
        ("vvlive_actuation_requests_total", ("encoder",)),
        ("vvlive_actuation_failures_total", ("encoder",)),
        ("vvlive_actuation_requests_total", ("obs",)),
        ("vvlive_actuation_failures_total", ("obs",)),
    }


def test_without_an_encoder_no_quality_is_published() -> None:
    """The state and the target belong to the controller beside the encoder; the other one shows the scene only."""
    beside_obs = replace(KNOWN, drives_encoder=False, encoder=None, encoder_confirmed=None)
    names = {name for name, _ in sampled(beside_obs)}

    assert (
        names
        & {
            "vvlive_quality_state",
            "vvlive_quality_transitions_total",
            "vvlive_encoder_target_bytes_per_second",
        }
        == set()
    )
    assert "vvlive_scene" in names


@pytest.mark.parametrize(("connected", "value"), [(True, 1.0), (False, 0.0)])
def test_each_end_publishes_whether_it_hears_the_other(connected: bool, value: float) -> None:  # noqa: FBT001 - a table's column
    """At the rig it is the VPS, at the VPS the rig; where no other controller is configured there is no sample."""
    rig, vps = replace(KNOWN, vps_connected=connected), replace(KNOWN, rig_end=Rig(connected, 1.0, None))

    assert sampled(rig)["vvlive_link_connected", ()] == value
    assert sampled(vps)["vvlive_link_connected", ()] == value
    assert ("vvlive_link_connected", ()) not in sampled(replace(KNOWN, vps_connected=None))


def test_a_timeline_that_cannot_be_written_is_published() -> None:
    """What waits and what was lost are counted."""
    found = sampled(replace(KNOWN, history=History(problem="disk full", waiting=12, lost=3)))

    assert found["vvlive_timeline_writable", ()] == 0
    assert found["vvlive_timeline_waiting_events", ()] == 12
    assert found["vvlive_timeline_lost_events_total", ()] == 3


def test_rates_are_in_bytes() -> None:
    """Bit/s of the decision core become bytes per second."""
    found = sampled(KNOWN)

    assert found["vvlive_encoder_target_bytes_per_second", ()] == 312_500
    assert found["vvlive_capacity_lower_bytes_per_second", ()] == 500_000


def test_exactly_one_state_is_one() -> None:
    """A state is a series per choice, of which one is 1."""
    found = {labels[0]: value for (name, labels), value in sampled(KNOWN).items() if name == "vvlive_quality_state"}

    assert found == {"HIGH": 0, "MEDIUM": 1, "LOW": 0, "VERY_LOW": 0, "RECOVERY": 0, "ERROR": 0}
