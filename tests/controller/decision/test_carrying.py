"""Which transport carries: when a switch is due, and when it is not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.carrying import METRICS, Carrying, Standing, Switching, carry, other, standing
from controller.decision.model import Sample, Series, Transport
from controller.decision.policy import Ages
from exporters.catalog import BY_NAME

RULES = Switching()
WORKS, FAILS = Standing(delivers=True, alive=True), Standing(delivers=False, alive=True)
SILENT, UNKNOWN = Standing(delivers=False, alive=False), Standing()
MPTCP_WORKS, MPTCP_FAILS = Standing(delivers=True), Standing(delivers=False)
Story = Callable[[float, Transport], tuple[Standing, Standing]]


def switches(story: Story, *, seconds: int = 120, start: Transport = Transport.MPTCP) -> list[tuple[int, Transport]]:
    """When it switches, and to what, looking once a second; the story tells of carrier and standby."""
    state, found = Carrying(start), []
    for second in range(seconds):
        carrier, standby = story(second, state.carrier)
        state, why = carry(state, at_s=1_000.0 + second, carrier=carrier, standby=standby, rules=RULES)
        if why is not None:
            found.append((second, state.carrier))
    return found


def test_metrics_are_in_the_catalogue() -> None:
    """What is read here is what the exporter publishes."""
    assert set(METRICS) <= set(BY_NAME)


def test_what_works_is_kept() -> None:
    """While the carrier delivers nothing is switched, whatever the other one could do."""
    assert switches(lambda *_: (MPTCP_WORKS, WORKS)) == []


def test_a_stuck_carrier_is_left() -> None:
    """MPTCP that delivers nothing while SRTLA's uplinks answer is left after 6 s, and not returned to."""

    def story(second: float, carrier: Transport) -> tuple[Standing, Standing]:
        if carrier is Transport.SRTLA:
            return WORKS, MPTCP_FAILS
        return MPTCP_FAILS if second >= 10 else MPTCP_WORKS, Standing(alive=True)

    assert switches(story) == [(16, Transport.SRTLA)]


def test_a_black_out_is_no_reason() -> None:
    """Where no uplink answers over either transport, both are dead: it holds, also right after the return."""

    def story(second: float, carrier: Transport) -> tuple[Standing, Standing]:
        assert carrier is Transport.MPTCP
        dead = 10 <= second < 40
        # the keepalives are back at once, MPTCP's retransmissions 4 s later
        return MPTCP_FAILS if 10 <= second < 44 else MPTCP_WORKS, Standing(alive=not dead)

    assert switches(story) == []


def test_srtla_without_a_server() -> None:
    """SRTLA that delivers nothing although its uplinks answer is left for MPTCP, of which nothing is known."""

    def story(_: float, carrier: Transport) -> tuple[Standing, Standing]:
        return (FAILS, UNKNOWN) if carrier is Transport.SRTLA else (MPTCP_WORKS, FAILS)

    assert switches(story, start=Transport.SRTLA) == [(6, Transport.MPTCP)]


def test_srtla_without_a_receiver() -> None:
    """SRTLA whose uplinks are silent looks like a black-out: it is left after 20 s, longer than one usually lasts."""

    def story(_: float, carrier: Transport) -> tuple[Standing, Standing]:
        return (SILENT, UNKNOWN) if carrier is Transport.SRTLA else (MPTCP_WORKS, SILENT)

    assert switches(story, start=Transport.SRTLA) == [(20, Transport.MPTCP)]


def test_blindness_is_no_reason() -> None:
    """A carrier of which nothing is known is not left."""
    assert switches(lambda *_: (UNKNOWN, WORKS)) == []


def test_vain_switches_become_rare() -> None:
    """Where neither delivers, each switch waits twice as long as the one before, up to 8 minutes."""

    def story(_: float, carrier: Transport) -> tuple[Standing, Standing]:
        return (FAILS, UNKNOWN) if carrier is Transport.SRTLA else (MPTCP_FAILS, FAILS)

    at = [second for second, _ in switches(story, seconds=3_000)]
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert waits == [30, 60, 120, 240] + [480] * (len(waits) - 4)
    assert len(waits) > 6


def test_a_switch_that_helped_is_forgiven() -> None:
    """After a minute of delivery the next trouble is met as the first was, not after a doubled wait."""

    def story(second: float, carrier: Transport) -> tuple[Standing, Standing]:
        broken = second < 10 if carrier is Transport.MPTCP else second > 100
        return (FAILS if broken else WORKS), Standing(alive=True)

    assert switches(story, seconds=200) == [(6, Transport.SRTLA), (107, Transport.MPTCP)]


STANDINGS = st.sampled_from([WORKS, FAILS, SILENT, UNKNOWN])


# What stands for a while: of looks drawn one by one, one story in sixteen has a switch and none has two.
@given(st.lists(st.tuples(STANDINGS, STANDINGS, st.integers(1, 20)), max_size=12))
def test_laws(whiles: list[tuple[Standing, Standing, int]]) -> None:
    """Never two switches within 30 s, never away from a carrier that delivers, and each with a reason."""
    state, last = Carrying(Transport.MPTCP), -1_000.0
    looks = [(carrier, standby) for carrier, standby, looked in whiles for _ in range(looked)]
    for second, (carrier, standby) in enumerate(looks):
        now_s = float(second * 2)
        after, why = carry(state, at_s=now_s, carrier=carrier, standby=standby, rules=RULES)
        assert (after.carrier is other(state.carrier)) == (why is not None)
        if why is not None:
            assert carrier.delivers is False
            assert now_s - last >= RULES.hold_s
            last = now_s
        state = after


def _series(metric: str, *values: float, **labels: str) -> Series:
    samples = tuple(Sample(100.0 + at, value) for at, value in enumerate(values))
    return Series(metric, tuple(sorted({"site": "edge", **labels}.items())), samples)


@pytest.mark.parametrize(
    ("grown", "silent_s", "delivers", "alive"),
    [(1_000.0, 0.1, True, True), (0.0, 0.1, False, True), (0.0, 9.0, False, False)],
)
def test_standing(grown: float, silent_s: float, *, delivers: bool, alive: bool) -> None:
    """A transport delivers while its counter grows, and lives while one uplink is heard."""
    series = [
        _series("srtla_connection_acknowledged_bytes_total", *(5.0 + grown * step for step in range(6))),
        _series("srtla_uplink_last_packet_age_seconds", *[silent_s] * 6, uplink="att"),
        _series("srtla_uplink_last_packet_age_seconds", *[30.0] * 6, uplink="verizon"),
    ]

    assert standing(series, Transport.SRTLA, at_s=105.2, ages=Ages()) == Standing(delivers=delivers, alive=alive)


def test_standing_of_old_data() -> None:
    """An exporter that has fallen silent tells nothing."""
    series = [_series("srtla_uplink_last_packet_age_seconds", 0.1, uplink="att")]

    assert standing(series, Transport.SRTLA, at_s=105.0, ages=Ages()) == Standing()
    assert standing([], Transport.MPTCP, at_s=105.0, ages=Ages()) == Standing()
