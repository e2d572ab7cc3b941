"""What is made of the raw samples of `ALERTS`, and that every fault names alerts that there are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.alerts.__main__ import Row, quiet_line
from tests.bench.alerts.faults import FAULTS
from tests.bench.alerts.sightings import Sighting, first, sightings, waits


def series(name: str, state: str, *times: int, **labels: str) -> dict[str, Any]:
    """One series as Prometheus answers it."""
    plain = {"__name__": "ALERTS", "alertname": name, "alertstate": state, "rig": "demo", "severity": "warning"}
    return {"metric": plain | labels, "values": [[at_s, "1"] for at_s in times]}


def test_states_of_one_alert_are_brought_together() -> None:
    """Pending and firing are two series of the same alert; that of another uplink is another alert."""
    found = sightings(
        [
            series("UplinkDead", "firing", 13, 14, site="edge", uplink="att"),
            series("UplinkDead", "pending", 10, 11, 12, site="edge", uplink="att"),
            series("UplinkDead", "pending", 12, site="edge", uplink="verizon"),
        ]
    )

    assert found == [
        Sighting("UplinkDead", "site=edge uplink=att", pending_s=(10.0, 11.0, 12.0), firing_s=(13.0, 14.0)),
        Sighting("UplinkDead", "site=edge uplink=verizon", pending_s=(12.0,)),
    ]


def test_the_watchdog_is_left_out() -> None:
    """It fires always, and says nothing about the demo."""
    assert sightings([series("Watchdog", "firing", 1, 2)]) == []


def test_the_first_of_several_counts() -> None:
    """Whichever uplink's alert came first after the fault; what was before it does not count."""
    seen = [
        Sighting("UplinkDead", "uplink=att", firing_s=(5.0, 6.0, 17.0)),
        Sighting("UplinkDead", "uplink=verizon", firing_s=(14.5,)),
        Sighting("ObsDown", "site=vps", firing_s=(11.0,)),
    ]

    assert first(seen, "UplinkDead", "firing", after_s=10.0) == 4.5
    assert first(seen, "UplinkDead", "pending", after_s=10.0) is None


def test_for_is_read_from_the_rules() -> None:
    """In seconds, whatever unit the rule is written in; without one it is 0."""
    found = waits()

    assert (found["UplinkDead"], found["OverrideForgotten"], found["MetricsStale"]) == (3.0, 1_800.0, 0.0)


@pytest.mark.parametrize(
    ("firing_s", "holds"), [(15.0, True), (15.1, False), (None, False)], ids=["in time", "late", "never"]
)
def test_an_alert_has_its_for_and_five_seconds(firing_s: float | None, holds: bool) -> None:  # noqa: FBT001 - a table
    """What its expression itself allows comes on top: 2 s of lateness, 8 s of `for`, 5 s."""
    row = Row("fault", "PictureLate", allowed_s=2.0, for_s=8.0, pending_s=3.0, firing_s=firing_s)

    assert row.holds is holds
    assert ("MISSED" in row.line()) is not holds


def test_an_unwanted_alert_is_told_from_readiness_on() -> None:
    """Before it is the start: a minus says so."""
    one = Sighting("PictureLate", "site=vps", pending_s=(97.0, 98.0), firing_s=(99.0,))

    assert quiet_line(one, ready_s=100.0) == "| PictureLate | site=vps | -3 | 2 | 1 |"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_names_alerts_that_there_are(fault: Any) -> None:  # noqa: ANN401 - the table's own type
    """A renamed alert would otherwise be found to be missed only on the demo."""
    assert set(fault.alerts) <= set(waits())
    assert len({one.name for one in FAULTS}) == len(FAULTS)
