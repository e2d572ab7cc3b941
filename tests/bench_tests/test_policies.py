"""The policies to compare with do what they are described to do."""

from __future__ import annotations

from itertools import pairwise

import pytest

from controller.decision.policies import ADAPTIVE, LOCKED
from tests.bench.history import Setting
from tests.bench.link import Transport
from tests.bench.policies.in_encoder import ObsLike
from tests.bench.policies.ladder import RefLadder, UsersTable
from tests.bench.policies.product import Product, Windows, setting, state_at, traits
from tests.bench.policies.smooth import Aimd, RefRobust, RefSmooth
from tests.bench.policies.windows import Static, Window, Windowed, WindowPolicy
from tests.bench.score import measure
from tests.bench.simulation import ChangeCost, Timing, simulate
from tests.bench_tests.roads import blacked_out, flat, road

LIVE = ChangeCost.LIVE


def window(now_s: float, *, age_s: float = 0.0, delivered: float = 2_500.0, capacity: float = 9_000.0) -> Window:
    """One window of metrics."""
    return Window(now_s, delivered, 2_500.0, age_s, 0.0, 0.0, capacity)


def rates(policy: WindowPolicy, windows: list[Window]) -> list[float | None]:
    """What the policy wants after each window."""
    wishes = [policy.decide(one) for one in windows]
    return [None if wish is None else wish.rate_kbps for wish in wishes]


def test_a_window_shows_the_past_second_after_the_lag() -> None:
    """At 5.3 s the policy sees the window that closed at 5.0 s, and commands take effect half a second later."""
    seen: list[Window] = []

    class Watching(Static):
        def decide(self, window: Window) -> Setting | None:
            seen.append(window)
            return Setting(1_000.0, 720) if len(seen) == 5 else None

    run = simulate(
        road(blacked_out(9_000.0, 10, at_s=4.5, for_s=1)), Windowed(Watching(2_500.0), Timing()), Transport.TCP, LIVE
    )
    at_five = seen[4]
    assert at_five.now_s == pytest.approx(5.3)
    assert at_five.delivered_kbps == pytest.approx(1_250.0)
    assert at_five.age_s == pytest.approx(0.4)
    assert at_five.capacity_kbps == pytest.approx(4_500.0)
    assert [at for at, _ in run.settings] == [0, 57]


def test_aimd_cuts_by_three_tenths_every_two_seconds() -> None:
    """While the queue is old the rate falls to 0.7 at most every 2 s; without it climbs 150 kbit/s per second."""
    ages = [0.0, 0.6, 0.6, 0.6, 0.0]
    found = rates(Aimd(), [window(10.3 + at, age_s=age) for at, age in enumerate(ages)])
    assert found[1:] == pytest.approx([4_000.0 * 0.7, 2_800.0, 2_800.0 * 0.7, 1_960.0 + 150.0])


def test_ref_smooth_goes_below_what_was_delivered() -> None:
    """An old queue cuts to 0.85 of the delivered rate; two young windows later it climbs, slowly near the ceiling."""
    windows = [window(1.3, age_s=0.3, delivered=2_000.0), *(window(2.3 + at) for at in range(3))]
    assert rates(RefSmooth(), windows) == pytest.approx([1_700.0, 1_700.0, 2_000.0, 2_080.0])


def test_ref_robust_restores_what_a_short_spike_took() -> None:
    """One cut is never deeper than 0.35, and a queue gone within 5 s brings 0.9 of the old rate back."""
    windows = [window(1.3, age_s=0.5, delivered=0.0), window(2.3)]
    assert rates(RefRobust(), windows) == pytest.approx([0.35 * 2_500.0, 0.9 * 2_500.0])


def test_ref_ladder_falls_to_what_was_delivered() -> None:
    """A queue that ages fast sends it to the highest rung that was delivered."""
    windows = [window(10.3), window(11.3, age_s=1.0, delivered=800.0), window(12.3, age_s=0.0)]
    assert rates(RefLadder(), windows) == [2_500.0, 1_200.0, 1_200.0]


def test_the_users_table_needs_ten_seconds_down_and_two_minutes_up() -> None:
    """Capacity 2 Mbit/s takes MEDIUM to LOW after 10 s; 9 Mbit/s gives HIGH after 60 s stable and 60 s of RECOVERY."""
    down = rates(UsersTable(), [window(at + 0.3, capacity=2_000.0) for at in range(1, 20)])
    assert down.index(1_200.0) in {9, 10}
    up = rates(UsersTable(), [window(at + 0.3) for at in range(1, 140)])
    assert up.index(4_500.0) in range(119, 123)


def test_obs_lowers_by_the_age_of_its_queue_and_raises_every_four_seconds() -> None:
    """Up to the top within 16 s on a good link, and below capacity soon after it fell."""
    capacity = flat(9_000.0, 60)
    capacity[300:] = 2_000.0
    run = simulate(road(capacity), ObsLike(), Transport.TCP, LIVE)
    assert max(run.rate[:1_000]) == 4_500.0
    assert min(run.rate[1_500:2_000]) <= 2_000.0


@pytest.mark.parametrize("policy", [ADAPTIVE, LOCKED])
def test_the_product_drives_the_encoder_and_the_scene(policy: object) -> None:
    """Through the real observe and decide: a fade of 40 s lowers the encoder, and the late picture gets a scene."""
    assert policy in {ADAPTIVE, LOCKED}
    capacity = flat(9_000.0, 180)
    capacity[600:1_000] = 400.0
    product = Product(ADAPTIVE if policy is ADAPTIVE else LOCKED, Timing(), LIVE)
    run = simulate(road(capacity), product, Transport.TCP, LIVE)
    assert min(run.rate[600:1_000]) < min(run.rate[300:600])
    assert [scene for _, scene in run.scenes][:2] == ["main", "simple"]
    assert run.states[0] == (0, "MEDIUM")
    assert {state for _, state in run.states} > {"MEDIUM"}


def test_the_server_hears_of_a_state_when_it_is_shipped() -> None:
    """At a step it knows the state of that step, not of a later one; before the first there is the first."""
    run = simulate(road(flat(9_000.0, 10)), Windowed(Static(2_500.0), Timing()), Transport.TCP, LIVE)
    run.states[:] = [(0, "MEDIUM"), (50, "LOW")]
    assert [state_at(run, step) for step in (-11, 49, 50, 90)] == ["MEDIUM", "MEDIUM", "LOW", "LOW"]


def test_the_product_sends_one_order_at_a_time() -> None:
    """With orders of 2 s in flight, no two are sent within 2 s: the newest wish waits."""
    capacity = flat(9_000.0, 120)
    capacity[300:600] = 800.0
    run = simulate(road(capacity), Product(ADAPTIVE, Timing(latency_s=2.0), LIVE), Transport.TCP, LIVE)
    sent = [order.at for order in run.orders]
    assert len(sent) > 3
    assert all(later - earlier >= 20 for earlier, later in pairwise(sent))


def test_windows_reach_back_as_far_as_the_core_asks() -> None:
    """Samples older than the window are gone, and a series that stopped is left out."""
    windows = Windows(1.0)
    for second in range(30):
        windows.scrape(float(second), "edge", "mptcp", iter([("mptcp_connections", (), 1.0)] if second < 5 else []))
    found = {one.metric: one.samples for one in windows.series(29.3)}
    assert "mptcp_connections" not in found
    assert [sample.t_s for sample in found["mptcp_exporter_clock_timestamp_seconds"]] == [18.0 + n for n in range(12)]


def test_the_encoder_is_calibrated_as_the_model_behaves() -> None:
    """The traits given to the core are the model's costs."""
    assert traits(ChangeCost.LIVE, latency_s=0.5).bitrate_cost_s == 0.0
    assert traits(ChangeCost.LIVE, latency_s=0.5).geometry_cost_s == 2.0
    assert traits(ChangeCost.RESTART, latency_s=0.5).bitrate_cost_s == 2.0
    assert traits(ChangeCost.SEAMLESS, latency_s=0.5).geometry_cost_s == 0.0


def test_the_product_starts_where_its_policy_starts() -> None:
    """The first setting is the start rung's preset, as for every other policy."""
    product = Product(LOCKED, Timing(), LIVE)
    assert product.start == setting(product._edge.target) == Setting(2_500.0, 720)  # noqa: SLF001 - what it will send


def test_the_fixed_rates_are_fixed() -> None:
    """A static policy gives no command at all."""
    run = simulate(road(flat(100.0, 60)), Windowed(Static(2_500.0), Timing()), Transport.TCP, LIVE)
    assert run.orders == []
    assert (
        measure(simulate(road(flat(9_000.0, 90)), Windowed(Static(4_500.0), Timing()), Transport.TCP, LIVE)).qoe == 4.5
    )


def test_a_period_between_steps_is_kept_on_average() -> None:
    """Four looks a second, on steps of 100 ms: two and three steps apart in turn, 40 in ten seconds."""
    controller = Product(ADAPTIVE, Timing(period_s=0.25, lag_s=0.2), ChangeCost.LIVE)
    looks = [controller.next_look(-1)]
    while looks[-1] < 100:
        looks.append(controller.next_look(looks[-1]))
    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert set(gaps) == {2, 3}
    assert sum(look < 100 for look in looks) == 39
