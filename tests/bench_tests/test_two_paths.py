"""MPTCP over two modems, against what can be computed by hand and what the rig showed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.bench.history import LOST, History, Setting
from tests.bench.link import Transport, link
from tests.bench.simulation import ChangeCost, simulate
from tests.bench.traces import Pair, Rates
from tests.bench.two_paths import SOCKET_KBIT
from tests.bench_tests.roads import Script, blacked_out, flat

HIGH = Setting(4_500.0, 720)
_RATES = arrays(np.float64, 300, elements=st.floats(0, 8_000))


def _run(first: Rates, second: Rates, start: Setting = HIGH, *, transport: Transport = Transport.MPTCP) -> History:
    road = link(Pair("pair", first, second), transport)
    return simulate(road, Script(start=start), transport, ChangeCost.SEAMLESS)


def _latest_s(history: History, from_s: float, to_s: float) -> float:
    """The largest lateness of what was taken in that time, s."""
    return max(history.latency[round(from_s * 10) : round(to_s * 10)]) / 10


@settings(max_examples=30, deadline=None)
@given(first=_RATES, second=_RATES)
def test_amounts_are_conserved(first: Rates, second: Rates) -> None:
    """What was taken in has been delivered in order or waits; both uplinks together bring at least that."""
    history = _run(first, second)
    for step in (50, 150, 299):
        assert history.accepted[step] == pytest.approx(history.delivered[step] + history.backlog[step])
        assert sum(path.delivered[step] for path in history.paths) >= history.delivered[step] - 1e-6
    assert all(later >= earlier for earlier, later in zip(history.delivered, history.delivered[1:], strict=False))


@settings(max_examples=30, deadline=None)
@given(first=_RATES, second=_RATES)
def test_no_more_is_delivered_than_the_uplinks_carry(first: Rates, second: Rates) -> None:
    """Never more than one pipe with the capacity of both could have brought by then."""
    history = _run(first, second)
    carried = np.cumsum(history.capacity_kbps) / 10
    assert (np.array(history.delivered) <= carried + 1e-6).all()


def test_on_good_uplinks_everything_comes_at_once() -> None:
    """4.5 Mbit/s on 8 + 8: a keyframe is there within 0.2 s, and nothing is sent twice."""
    history = _run(flat(8_000.0, 60), flat(8_000.0, 60))
    assert _latest_s(history, 5, 59) <= 0.2
    assert sum(path.resent[-1] for path in history.paths) == 0.0


def test_a_slow_uplink_with_a_full_modem_holds_everything_up() -> None:
    """A second of too little fills both modems; then one uplink carries all that is asked, and the other 100 kbit/s.

    One pipe with the capacity of both is on time again at once; two queues wait for the slow one's.
    """
    first, second = flat(6_000.0, 60), flat(3_000.0, 60)
    first[290:300], second[290:300] = 1_500.0, 1_500.0
    second[300:400] = 100.0
    assert _latest_s(_run(first, second, transport=Transport.TCP), 28, 45) < 1.5
    assert _latest_s(_run(first, second), 28, 45) > 4.0


def test_a_dead_uplink_costs_a_timeout_and_not_more() -> None:
    """One of two uplinks stops under 2.5 Mbit/s: the picture is 0.4 to 1 s late once, then on time on the other."""
    history = _run(flat(5_000.0, 60), blacked_out(5_000.0, 60, at_s=20, for_s=30), Setting(2_500.0, 720))
    assert 0.4 <= _latest_s(history, 19.5, 21) <= 1.0
    assert _latest_s(history, 22, 50) <= 0.4


def test_a_sender_without_room_leaves_pictures_out() -> None:
    """4.5 on 1 Mbit/s: the backlog ends where sockets and encoder are full, and pictures are lost from then on."""
    history = _run(flat(500.0, 60), flat(500.0, 60))
    assert max(history.backlog) < SOCKET_KBIT + 2 * HIGH.rate_kbps
    assert history.latency[300:].count(LOST) > 150
    assert history.latency[:30].count(LOST) == 0


def test_overload_is_seen_as_loss() -> None:
    """When the modems overflow some percent are sent again: what a policy that judges loss has to go by."""
    first, second = flat(4_000.0, 60), flat(3_000.0, 60)
    first[200:], second[200:] = 1_500.0, 1_000.0
    paths = _run(first, second).paths
    again = sum(path.resent[299] - path.resent[199] for path in paths)
    sent = sum(path.sent[299] - path.sent[199] for path in paths)
    assert 0.01 < again / sent < 0.10
