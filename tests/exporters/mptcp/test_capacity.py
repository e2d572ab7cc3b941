"""One uplink's estimates, on links whose truth is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.mptcp.capacity import Recent, Uplink, UplinkEstimate, UplinkSample

STEP_S = 0.1
SLICE_S = 0.002
RTT_S = 0.05


@dataclass
class FluidLink:
    """A link without packets: what is offered waits in a queue, leaves at `rate`, is acknowledged an RTT later."""

    rate: float
    rtt_s: float = RTT_S
    now_s: float = 0.0
    sent: float = 0.0
    acked: float = 0.0
    last_ack_s: float = 0.0
    history: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])

    def step(self, offered_bytes: float) -> UplinkSample:
        """Offer bytes, let one sampling step pass in slices of 2 ms, and take the sample."""
        self.sent += offered_bytes
        for _ in range(round(STEP_S / SLICE_S)):
            self.now_s += SLICE_S
            left = self.history[-1][1]
            self.history.append((self.now_s, min(left + self.rate * SLICE_S, self.sent)))
            arrived = next((left for at_s, left in reversed(self.history) if at_s <= self.now_s - self.rtt_s), 0.0)
            if arrived > self.acked:
                self.acked, self.last_ack_s = arrived, self.now_s
        return UplinkSample(
            "a",
            delivered_bytes=self.acked,
            outstanding_bytes=self.sent - self.acked,
            delivery_rate=None,
            rtt_s=self.rtt_s,
            min_rtt_s=self.rtt_s,
            last_ack_age_s=self.now_s - self.last_ack_s,
            timeout_s=0.25,
            backoff=0,
        )


def run(link: FluidLink, uplink: Uplink, offered: float, steps: int) -> list[UplinkEstimate]:
    """Offer the same bytes per step, for some steps."""
    return [uplink.feed(link.now_s, link.step(offered)) for _ in range(steps)]


def last(link: FluidLink, uplink: Uplink, offered: float, steps: int) -> UplinkEstimate:
    """The estimate after these steps."""
    return run(link, uplink, offered, steps)[-1]


@given(
    rate=st.floats(20_000, 2_000_000),
    overload=st.floats(1.5, 4),
    rtt_s=st.floats(0.01, 0.15),
)
@settings(max_examples=40)
def test_overloaded_link_shows_its_rate(rate: float, overload: float, rtt_s: float) -> None:
    """A link offered more than it carries shows its rate as both bounds and as its pace, within 2 %."""
    link = FluidLink(rate, rtt_s)

    estimate = last(link, Uplink(), rate * overload * STEP_S, 15)

    assert estimate.capacity_upper == pytest.approx(rate, rel=0.02)
    assert estimate.capacity_lower == pytest.approx(rate, rel=0.02)
    assert estimate.pace == pytest.approx(rate, rel=0.02)


@settings(max_examples=40)
@given(rate=st.floats(20_000, 2_000_000), load=st.floats(0.05, 0.8), rtt_s=st.floats(0.01, 0.15))
def test_link_with_room_shows_no_upper_bound(rate: float, load: float, rtt_s: float) -> None:
    """A link offered less than it carries never shows an upper bound: it was not busy."""
    link = FluidLink(rate, rtt_s)

    estimates = run(link, Uplink(), rate * load * STEP_S, 30)

    assert [estimate.capacity_upper for estimate in estimates] == [None] * 30


def test_loss_of_capacity_shows_within_a_second() -> None:
    """When the rate falls to a quarter, the upper bound is within 10 % of the new rate a second later."""
    link, uplink = FluidLink(500_000), Uplink()
    run(link, uplink, 30_000, 20)

    link.rate = 125_000
    estimates = run(link, uplink, 30_000, 10)

    assert estimates[-1].capacity_upper == pytest.approx(125_000, rel=0.1)
    assert estimates[2].pace == pytest.approx(125_000, rel=0.35)


def test_short_burst_gives_a_pace_but_no_upper_bound() -> None:
    """300 ms of queue after a keyframe tell the pace; an upper bound takes 500 ms."""
    link, uplink = FluidLink(250_000), Uplink()
    run(link, uplink, 5_000, 20)

    uplink.feed(link.now_s, link.step(80_000))
    estimates = run(link, uplink, 5_000, 2)

    assert estimates[-1].capacity_upper is None
    assert estimates[-1].pace == pytest.approx(250_000, rel=0.05)


@pytest.mark.parametrize("every", [1, 2, 3, 4, 7])
def test_late_samples_are_samples_too(every: int) -> None:
    """A loaded machine samples late: the estimates need time to pass, not a number of samples."""
    link, uplink = FluidLink(250_000), Uplink()
    for step in range(40):
        sample = link.step(50_000)
        if step % every == 0:
            estimate = uplink.feed(link.now_s, sample)

    assert estimate.capacity_upper == pytest.approx(250_000, rel=0.02)
    assert estimate.pace == pytest.approx(250_000, rel=0.02)


def windowed(*, outstanding: float, unsent: float, steps: int = 10) -> UplinkEstimate:
    """A link of 1 MB/s and 50 ms that holds 50 kB without a queue, under a fixed window."""
    uplink = Uplink()
    for step in range(steps):
        sample = UplinkSample("a", 100_000.0 * step, outstanding, None, 0.08, RTT_S, 0.0, unsent_bytes=unsent)
        estimate = uplink.feed(step * STEP_S, sample)
    return estimate


def test_shallow_queue_kept_filled_shows_the_rate() -> None:
    """A short queue counts when data waits to be sent and more is in flight than the path holds."""
    assert windowed(outstanding=90_000, unsent=5_000).capacity_upper == pytest.approx(1e6)


@pytest.mark.parametrize(("outstanding", "unsent"), [(90_000, 0), (55_000, 5_000)])
def test_window_that_may_run_empty_shows_nothing(outstanding: float, unsent: float) -> None:
    """With nothing waiting, or no more in flight than the path holds, the queue may have run empty."""
    assert windowed(outstanding=outstanding, unsent=unsent).capacity_upper is None


def test_silence_of_loss_is_no_queue() -> None:
    """Nothing heard for longer than a round trip is loss or a dead radio: what little got through is no capacity."""
    uplink = Uplink()
    delivered = [0, 10, 20, 20, 20, 30, 40, 50]
    for step, value in enumerate(delivered):
        heard = step - delivered.index(value)
        sample = UplinkSample("a", value * 1000.0, 60_000, None, 0.06, RTT_S, heard * STEP_S)
        estimate = uplink.feed(step * STEP_S, sample)

        assert estimate.capacity_upper is None


def rates(uplink: Uplink, values: list[float | None], *, start: int = 0) -> UplinkEstimate:
    """Feed kernel delivery rates of an idle-ish uplink, one each step, each with a byte delivered."""
    estimate = UplinkEstimate("a")
    for index, value in enumerate(values, start=start):
        sample = UplinkSample("a", float(index), 0.0, value, RTT_S, RTT_S, 0.01)
        estimate = uplink.feed(index * STEP_S, sample)
    return estimate


def test_lower_bound_is_the_best_of_three_seconds() -> None:
    """The lower bound is the largest delivery rate of the last 3 s, and then forgets it."""
    uplink = Uplink()

    assert rates(uplink, [0, 100.0, 900.0, *[100.0] * 29]).capacity_lower == 900
    assert rates(uplink, [100.0], start=33).capacity_lower == 100


def test_old_rate_sample_is_not_taken_again() -> None:
    """The kernel repeats its last sample while nothing is delivered: no evidence of the present."""
    uplink = Uplink()
    rates(uplink, [0, 900.0])

    for step in range(2, 60):
        estimate = uplink.feed(step * STEP_S, UplinkSample("a", 1.0, 0.0, 900.0, RTT_S, RTT_S, step * STEP_S))

    assert estimate.capacity_lower is None
    assert estimate.delivery_rate_max is None


def test_upper_bound_ends_older_evidence() -> None:
    """What was seen before a loss of capacity does not come back as lower bound once the queue is gone."""
    link, uplink = FluidLink(1_000_000), Uplink()
    for _ in range(10):
        uplink.feed(link.now_s, replace(link.step(50_000), delivery_rate=1_000_000.0))
    link.rate = 100_000
    run(link, uplink, 40_000, 8)
    estimates = run(link, uplink, 0, 60)

    drained = next(estimate for estimate in estimates if estimate.capacity_upper is None)

    assert drained.capacity_lower == pytest.approx(100_000, rel=0.05)


def idle(uplink: Uplink, at_s: float) -> float | None:
    """The lower bound of an idle uplink."""
    return uplink.feed(at_s, UplinkSample("a", 0.0, 0.0, None, RTT_S, RTT_S, at_s)).capacity_lower


def test_probes_raise_the_lower_bound_to_what_they_agree_on() -> None:
    """The worst of three probes counts, when all three are recent; fewer say nothing yet."""
    uplink = Uplink()
    for at_s, rate in ((0.0, 900.0), (10.0, 700.0)):
        uplink.probed(at_s, rate)
    assert idle(uplink, 10.0) is None

    uplink.probed(20.0, 800.0)
    assert idle(uplink, 20.0) == 700
    assert idle(uplink, 30.0) == 700
    assert idle(uplink, 31.0) is None

    uplink.probed(31.0, 750.0)
    uplink.probed(32.0, 760.0)
    assert idle(uplink, 32.0) == 750


def test_padding_raises_the_lower_bound_by_itself() -> None:
    """A second of it needs no others to agree; it is kept for half a minute, as probes are."""
    uplink = Uplink()
    uplink.padded(0.0, 500.0)

    assert idle(uplink, 0.1) == 500
    assert idle(uplink, 30.0) == 500
    assert idle(uplink, 30.1) is None


def test_better_evidence_than_the_probes_counts() -> None:
    """What the stream itself showed in the last 3 s stands beside the probes."""
    uplink = Uplink()
    for _ in range(3):
        uplink.probed(0.0, 500.0)

    assert rates(uplink, [0, 900.0]).capacity_lower == 900


def test_upper_bound_ends_the_probes_too() -> None:
    """A probe from before a loss of capacity does not come back once the queue is gone."""
    link, uplink = FluidLink(100_000), Uplink()
    for _ in range(3):
        uplink.probed(0.0, 1e6)
    uplink.padded(0.0, 1e6)
    run(link, uplink, 40_000, 10)
    drained = run(link, uplink, 0, 60)[-1]

    assert drained.capacity_upper is None
    assert drained.capacity_lower is None or drained.capacity_lower < 110_000


def silent(
    steps: int, *, rtt_s: float = 0.06, outstanding: float = 5000.0, timeout_s: float = 1.0, backoff: int = 0
) -> list[bool | None]:
    """Verdicts on an uplink that acknowledged until 0 s and then says nothing more: before, and at each step."""
    uplink = Uplink()
    sample = UplinkSample("a", 1000.0, 5000.0, 1e5, rtt_s, RTT_S, 0.01, timeout_s, backoff)
    verdicts = [uplink.feed(-1.0, sample).dead]
    for step in range(steps):
        age_s = 0.01 + (step + 1) * STEP_S
        now = replace(sample, last_ack_age_s=age_s, outstanding_bytes=outstanding)
        verdicts.append(uplink.feed(step * STEP_S, now).dead)
    return verdicts


def test_silence_with_data_in_flight_is_death() -> None:
    """After 300 ms of silence with data in flight the uplink is dead, and not before."""
    assert silent(5) == [False, False, False, True, True, True]


def test_slow_round_trips_delay_the_verdict() -> None:
    """On a path of 200 ms four round trips are waited for."""
    assert silent(10, rtt_s=0.2).index(True) == 8


def test_kernel_timeout_hastens_the_verdict() -> None:
    """When the kernel has timed out and backed off, its own timeout is enough."""
    assert silent(10, rtt_s=0.2, backoff=1, timeout_s=0.25).index(True) == 3


def test_idle_uplink_has_no_verdict() -> None:
    """With nothing in flight, silence says nothing."""
    assert set(silent(10, outstanding=0.0)[1:]) == {None}


def test_awakened_uplink_is_not_dead() -> None:
    """Data in flight after an idle minute: the old last acknowledgement is no silence."""
    uplink = Uplink()
    idle = UplinkSample("a", 1000.0, 0.0, 1e5, 0.06, RTT_S, 60.0, 0.25, 0)
    uplink.feed(0, idle)

    assert uplink.feed(0.1, replace(idle, outstanding_bytes=5000.0, last_ack_age_s=60.1)).dead is False


def test_dead_uplink_carries_nothing() -> None:
    """A dead uplink's bounds and pace are 0, whatever it carried before."""
    link, uplink = FluidLink(500_000), Uplink()
    run(link, uplink, 60_000, 10)

    link.rate = 0
    estimate = last(link, uplink, 0, 8)

    assert (estimate.dead, estimate.capacity_lower, estimate.capacity_upper, estimate.pace) == (True, 0, 0, 0)


def test_pace_stands_while_nothing_moves() -> None:
    """Until the verdict the pace stays at what was last seen: no jump in what is divided by it."""
    link, uplink = FluidLink(500_000), Uplink()
    run(link, uplink, 60_000, 10)

    link.rate = 0
    estimates = run(link, uplink, 0, 3)

    assert [estimate.moved for estimate in estimates[1:]] == [False, False]
    assert estimates[1].pace == estimates[2].pace == pytest.approx(500_000, rel=0.05)


def test_sum_that_steps_back_is_no_progress() -> None:
    """Segments counted out of order may be revised downwards; delivered bytes never fall."""
    uplink = Uplink()
    sample = UplinkSample("a", 1000.0, 5000.0, 1e5, 0.06, RTT_S, 0.01)
    uplink.feed(0, sample)

    assert uplink.feed(0.1, replace(sample, delivered_bytes=900.0)).moved is False
    assert uplink.feed(0.2, replace(sample, delivered_bytes=990.0)).moved is False
    assert uplink.feed(0.3, replace(sample, delivered_bytes=1001.0)).moved is True


@given(
    st.lists(
        st.tuples(st.floats(0, 1e7), st.floats(0, 1e6), st.floats(0, 1e7), st.floats(0, 100)), min_size=1, max_size=40
    )
)
def test_estimates_are_never_negative_nor_infinite(samples: list[tuple[float, float, float, float]]) -> None:
    """Whatever the kernel says, estimates are finite, at least 0, and the lower never exceeds the upper bound."""
    uplink = Uplink()
    for step, (delivered, outstanding, rate, age_s) in enumerate(samples):
        sample = UplinkSample("a", delivered, outstanding, rate, 0.05, 0.05, age_s, 0.25, 0)
        estimate = uplink.feed(step * STEP_S, sample)

        for value in (estimate.capacity_lower, estimate.capacity_upper, estimate.pace):
            assert value is None or 0 <= value < math.inf
        assert estimate.capacity_upper is None or estimate.capacity_lower == estimate.capacity_upper


def test_recent_forgets() -> None:
    """A window keeps what is at most as old as its length."""
    recent = Recent(3.0)
    recent.add(0, 5)
    recent.add(1, 2)

    assert recent.max() == 5
    recent.add(3, None)
    assert recent.max() == 5
    recent.add(3.1, None)
    assert recent.max() == 2
    recent.clear()
    assert recent.max() is None
