"""How far an uplink is trusted after an hour of watching."""

from __future__ import annotations

from controller.decision.model import UplinkReading
from controller.decision.trust import Record, trust, watch


def watched(*, deaths_every_s: int | None = None, seconds: int = 600) -> Record:
    """An uplink watched for a while, dead for 5 s every so often."""
    records: tuple[Record, ...] = ()
    for second in range(seconds):
        dead = deaths_every_s is not None and second % deaths_every_s < 5
        reading = UplinkReading("att", rtt_s=0.05, dead=dead, loss_ratio=0.0)
        records = watch(records, [reading], at_s=float(second))
    return records[0]


def test_nobody_is_trusted_or_distrusted_before_a_minute() -> None:
    """Too little was seen to tell."""
    assert trust(watched(seconds=30)).score is None


def test_a_steady_uplink_is_trusted_fully() -> None:
    """Always there, no loss, one RTT."""
    score = trust(watched()).score

    assert score is not None
    assert score > 0.99


def test_each_death_costs_trust() -> None:
    """An uplink that dies each minute is trusted less than one that dies every five."""
    often, seldom = trust(watched(deaths_every_s=60)).score, trust(watched(deaths_every_s=300)).score

    assert often is not None
    assert seldom is not None
    assert often < seldom < 0.8
