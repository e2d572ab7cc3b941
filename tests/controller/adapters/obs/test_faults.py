"""Close codes and waiting times."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.obs.faults import Retry, delays, fault_of_close


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        (4002, Retry.NEVER),
        (4003, Retry.NEVER),
        (4005, Retry.NEVER),
        (4006, Retry.NEVER),
        (4007, Retry.NEVER),
        (4008, Retry.NEVER),
        (4009, Retry.SLOWLY),
        (4010, Retry.NEVER),
        (4011, Retry.NEVER),
        (1001, Retry.BACK_OFF),
        (1006, Retry.BACK_OFF),
        (4012, Retry.BACK_OFF),
        (None, Retry.BACK_OFF),
    ],
)
def test_when_to_come_back(code: int | None, retry: Retry) -> None:
    """Our own errors and the operator's kick keep us away, a wrong password slows us down, the rest backs off."""
    assert fault_of_close(code).retry is retry


def test_delays_double_to_ten_seconds() -> None:
    """Without jitter the waiting times double from half a second and stay at ten."""
    assert list(islice(delays(lambda: 0.0), 7)) == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@given(st.floats(0, 1))
def test_jitter_shortens_by_a_fifth_at_most(jitter: float) -> None:
    """Jitter never lengthens a waiting time, and shortens it by a fifth at most."""
    for with_jitter, without in zip(islice(delays(lambda: jitter), 10), delays(lambda: 0.0), strict=False):
        assert 0.8 * without <= with_jitter + 1e-9
        assert with_jitter <= without
