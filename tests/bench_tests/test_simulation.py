"""The fluid model against what can be computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.bench.history import LOST, NOT_PRODUCED, Setting
from tests.bench.link import Transport
from tests.bench.score import frozen_steps, measure
from tests.bench.simulation import SEND_BUFFER_KBIT, START, ChangeCost, simulate
from tests.bench_tests.roads import Script, blacked_out, flat, road

HIGH = Setting(4_500.0, 1080)
PIPES = (Transport.TCP, Transport.TCP_HOL, Transport.SRT)  # two paths have tests of their own
LIVE, RESTART, SEAMLESS = ChangeCost.LIVE, ChangeCost.RESTART, ChangeCost.SEAMLESS


@pytest.mark.parametrize("transport", PIPES)
def test_below_capacity_nothing_freezes(transport: Transport) -> None:
    """2.5 Mbit/s on a flat 3.0: all of it arrives, on time, within 0.2 s."""
    found = measure(simulate(road(flat(3_000.0, 300)), Script(), transport, LIVE))
    assert found.frozen_s_per_h == 0.0
    assert found.delivered_mbps == pytest.approx(2.5)
    assert found.p99_s is not None
    assert found.p99_s < 0.2


@pytest.mark.parametrize("transport", list(Transport))
def test_above_capacity_most_is_frozen(transport: Transport) -> None:
    """4.5 Mbit/s on a flat 3.0 freezes more than 1000 s/h and never delivers more than the link carries."""
    found = measure(simulate(road(flat(3_000.0, 300)), Script(start=HIGH), transport, LIVE))
    assert found.frozen_s_per_h > 1_000.0
    assert found.delivered_mbps <= 3.0


def test_a_black_out_under_tcp_costs_its_drain_too() -> None:
    """10 s without a link, 2.5 on 3.0: 10 s of outage and 38 s of drain above the limit, to half a second."""
    run = simulate(road(blacked_out(3_000.0, 300, at_s=100, for_s=10)), Script(), Transport.TCP, LIVE)
    assert frozen_steps(run).sum() / 10 == pytest.approx(48.25, abs=0.3)


def test_a_black_out_under_srt_costs_itself() -> None:
    """The same black-out under SRT: what is late is dropped, so 10 s, to the end of the picture group."""
    run = simulate(road(blacked_out(3_000.0, 300, at_s=100, for_s=10)), Script(), Transport.SRT, LIVE)
    assert frozen_steps(run).sum() / 10 == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("cost", "wish", "silent_s"),
    [
        (LIVE, Setting(1_200.0, 480), 2.0),
        (LIVE, Setting(1_200.0, 720), 0.0),
        (LIVE, Setting(2_500.0, 0), 2.0),
        (RESTART, Setting(1_200.0, 720), 2.0),
        (RESTART, Setting(1_200.0, 480), 2.0),
        (SEAMLESS, Setting(1_200.0, 480), 0.0),
    ],
)
def test_what_a_change_costs(cost: ChangeCost, wish: Setting, silent_s: float) -> None:
    """Two seconds without output per change of height, per any change with restarts, nothing when seamless."""
    run = simulate(road(flat(9_000.0, 200)), Script((1_000, wish)), Transport.TCP, cost)
    assert run.latency.count(NOT_PRODUCED) / 10 == pytest.approx(silent_s)
    assert frozen_steps(run).sum() / 10 == pytest.approx(silent_s)


def test_a_command_takes_effect_although_newer_ones_follow() -> None:
    """Two commands 0.2 s apart, each in flight for 0.5 s, both take effect, in order."""
    script = Script((100, Setting(1_000.0, 720)), (102, Setting(2_000.0, 720)))
    run = simulate(road(flat(9_000.0, 30)), script, Transport.TCP, LIVE)
    assert [(at, new.rate_kbps) for at, new in run.settings] == [(0, 2_500.0), (105, 1_000.0), (107, 2_000.0)]


def test_during_a_restart_only_the_newest_command_waits() -> None:
    """Of two commands that fall into a restart, the second is taken when it ends, and restarts again if it must."""
    script = Script((100, Setting(1_200.0, 480)), (105, Setting(600.0, 360)), (110, HIGH))
    run = simulate(road(flat(9_000.0, 30)), script, Transport.TCP, LIVE)
    assert [(at, new.height_px) for at, new in run.settings] == [(0, 720), (105, 480), (125, 1080)]
    assert run.latency.count(NOT_PRODUCED) == 40


def test_the_send_buffer_discards_what_does_not_fit() -> None:
    """Without any link the queue stops at 4 MiB and the rest is lost."""
    run = simulate(road(flat(0.0, 60)), Script(), Transport.TCP, LIVE)
    assert max(run.backlog) <= SEND_BUFFER_KBIT
    assert run.dropped[-1] == pytest.approx(60 * 2_500.0 - run.backlog[-1])


@given(
    capacity=arrays(np.float64, st.integers(50, 400), elements=st.floats(0, 12_000)),
    transport=st.sampled_from([Transport.TCP, Transport.SRT]),
    cost=st.sampled_from(list(ChangeCost)),
    commands=st.lists(
        st.tuples(st.integers(0, 399), st.sampled_from([START, HIGH, Setting(300.0, 0), Setting(900.0, 480)])),
        max_size=8,
    ),
)
@settings(deadline=None)
def test_what_went_in_is_delivered_dropped_or_waiting(
    capacity: np.ndarray[tuple[int], np.dtype[np.float64]],
    transport: Transport,
    cost: ChangeCost,
    commands: list[tuple[int, Setting]],
) -> None:
    """Nothing is made or lost: at every step produced = delivered + dropped + waiting, and no step serves too much."""
    run = simulate(road(capacity), Script(*commands), transport, cost)
    made = np.array(
        [0.0 if late == NOT_PRODUCED else rate / 10 for rate, late in zip(run.rate, run.latency, strict=True)]
    )
    assert np.allclose(np.cumsum(made), np.add(np.add(run.delivered, run.dropped), run.backlog), atol=1e-3)
    served = np.diff([0.0, *run.delivered])
    assert (served <= capacity / 10 + 1e-6).all()
    assert (served >= 0).all()


@given(capacity=arrays(np.float64, st.integers(50, 300), elements=st.floats(0, 6_000)))
@settings(deadline=None)
def test_media_arrives_in_order(capacity: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Under TCP no slice arrives before an earlier one."""
    run = simulate(road(capacity), Script(), Transport.TCP, LIVE)
    arrived = [at + late for at, late in enumerate(run.latency) if late > 0]
    assert arrived == sorted(arrived)


@given(capacity=arrays(np.float64, st.integers(50, 300), elements=st.floats(0, 6_000)))
@settings(deadline=None)
def test_srt_never_delivers_late(capacity: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Under SRT every slice arrives within the budget or not at all."""
    run = simulate(road(capacity), Script(), Transport.SRT, LIVE)
    assert all(late == LOST or 0 < late <= 20 for late in run.latency)
