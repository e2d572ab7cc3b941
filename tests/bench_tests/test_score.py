"""QoE, its columns and reaction times on runs small enough to judge by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.history import LOST, NOT_PRODUCED, History, Order, Setting
from tests.bench.link import Transport
from tests.bench.score import Scored, frozen_steps, measure, qoe, reaction, runs, switches
from tests.bench.simulation import START
from tests.bench_tests.roads import road

WARM_UP = 600  # steps


def history(
    rates: list[float],
    *,
    latencies: list[int] | None = None,
    capacity: list[float] | None = None,
    orders: list[tuple[int, float]] | None = None,
    transport: Transport = Transport.TCP,
) -> History:
    """A record whose scored part is given, after a minute at the first rate, on time."""
    rates = [rates[0]] * WARM_UP + rates
    capacity = [9_000.0] * (len(rates) - len(capacity or ())) + (capacity or [])
    found = History(road(np.array(capacity)), transport, 10, capacity)
    found.rate = rates
    found.latency = [1] * (len(rates) - len(latencies or ())) + (latencies or [])
    found.newest = list(range(len(rates)))
    found.orders = [Order(WARM_UP + at, Setting(rate, 720)) for at, rate in orders or ()]
    return found


def test_a_steady_picture_scores_its_bitrate() -> None:
    """Without freeze or change QoE is the rate in Mbit/s."""
    assert qoe(Scored(history([2_500.0] * 80))) == pytest.approx(2.5)


def test_a_frozen_second_costs_four_seconds_of_top_quality() -> None:
    """1 s of 8 s frozen: its media is worth nothing, and 18 times the frozen share is taken off."""
    late = [1] * 40 + [LOST] * 10 + [1] * 30
    assert qoe(Scored(history([4_000.0] * 80, latencies=late))) == pytest.approx(4.0 * 7 / 8 - 18 / 8)


def test_a_step_costs_its_height_once() -> None:
    """2.5 to 4.5 Mbit/s half-way through 8 s: mean 3.5, less the step over two chunks."""
    assert qoe(Scored(history([2_500.0] * 40 + [4_500.0] * 40))) == pytest.approx(3.5 - 2.0 / 2)


def test_the_warm_up_is_not_scored() -> None:
    """A minute of frozen pictures before the scored part changes nothing."""
    run = history([2_500.0] * 80)
    run.latency[:WARM_UP] = [LOST] * WARM_UP
    assert measure(run).frozen_s_per_h == 0.0


@pytest.mark.parametrize(("steps", "frozen"), [(1, False), (20, False), (21, True), (LOST, True), (NOT_PRODUCED, True)])
def test_a_picture_is_on_time_within_two_seconds(steps: int, *, frozen: bool) -> None:
    """2.0 s of latency is on time; longer, lost and never produced are frozen."""
    run = history([2_500.0] * 40, latencies=[1] * 10 + [steps] + [1] * 29)
    assert frozen_steps(run)[WARM_UP + 10] == frozen


def test_a_loss_under_srt_spoils_the_rest_of_its_picture_group() -> None:
    """A slice lost at 0.5 s of a 2 s group freezes the 1.5 s that are left of it."""
    run = history([2_500.0] * 60, latencies=[1] * 5 + [LOST] + [1] * 54, transport=Transport.SRT)
    assert np.flatnonzero(frozen_steps(run)).tolist() == list(range(WARM_UP + 5, WARM_UP + 20))


@pytest.mark.parametrize(("transport", "frozen"), [(Transport.TCP, 20), (Transport.SRT, 35)])
def test_a_restart_under_srt_spoils_the_group_it_returns_into(transport: Transport, frozen: int) -> None:
    """Two seconds without output freeze two seconds under TCP, and to the end of the group under SRT."""
    run = history([2_500.0] * 60, latencies=[1] * 5 + [NOT_PRODUCED] * 20 + [1] * 35, transport=transport)
    assert frozen_steps(run).sum() == frozen


def test_what_still_waits_at_the_end_is_judged_only_when_late() -> None:
    """Of 3 s that wait when the trace ends, the second that is already late counts as frozen."""
    run = history([2_500.0] * 80, latencies=[1] * 50 + [LOST] * 30)
    run.newest[-1] = WARM_UP + 49
    assert frozen_steps(run).sum() == 10


def test_switches_are_changes_of_a_fifth() -> None:
    """Of three chunks at 1000, 1190 and 1440 kbit/s only the second change counts."""
    assert switches(Scored(history([1_000.0] * 40 + [1_190.0] * 40 + [1_440.0] * 40))) == 1


@pytest.mark.parametrize(
    ("orders", "took_s", "never"),
    [([(37, 1_000.0)], 2.0, 0), ([(30, 4_500.0), (47, 2_000.0)], 3.0, 0), ([], 5.5, 1), ([(200, 1_000.0)], 5.5, 1)],
)
def test_reaction_is_the_time_to_the_first_lower_command(
    orders: list[tuple[int, float]], took_s: float, never: int
) -> None:
    """From where the coming second is short to the first lower command; none before the end is "never"."""
    # Eight of ten bins at 0.5 make a second short of 2.5: the deficit lasts from bin 18 to bin 73.
    capacity = [9_000.0] * 20 + [500.0] * 60 + [9_000.0] * 220
    found = reaction(history([2_500.0] * 300, capacity=capacity, orders=orders))
    assert list(found.times_s) == pytest.approx([took_s])
    assert found.never == never


def test_a_short_dip_is_no_deficit() -> None:
    """Two seconds without capacity are over before anything could be done."""
    capacity = [9_000.0] * 100 + [0.0] * 20 + [9_000.0] * 180
    assert reaction(history([2_500.0] * 300, capacity=capacity)).times_s == ()


def test_runs_are_found_at_both_ends() -> None:
    """Stretches at the very start and end have their start and length."""
    starts, lengths = runs(np.array([True, False, True, True, False, True]))
    assert (starts.tolist(), lengths.tolist()) == ([0, 2, 5], [1, 2, 1])


def test_columns_of_a_quiet_run() -> None:
    """A steady run has its rate delivered, a first-step latency and nothing else."""
    found = measure(history([START.rate_kbps] * 100))
    assert found.delivered_mbps == pytest.approx(2.5)
    assert found.usable_mbps == pytest.approx(4.5)
    assert found.p99_s == pytest.approx(0.13)
    assert (found.switches_per_h, found.restarts_per_h, found.freezes_per_h) == (0.0, 0.0, 0.0)
