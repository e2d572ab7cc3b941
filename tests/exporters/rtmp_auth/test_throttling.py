"""Addresses that guess."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.rtmp_auth.throttling import Limits, Throttle

HERE, THERE = ip_address("192.0.2.1"), ip_address("192.0.2.2")


def failed(throttle: Throttle, times: int, *, at_s: float = 0.0) -> list[bool]:
    """So many failures from here at once."""
    return [throttle.fail(HERE, at_s=at_s) for _ in range(times)]


def test_the_fifth_failure_in_a_minute_blocks_for_a_minute() -> None:
    """Four do not, and a neighbour is not touched."""
    throttle = Throttle(Limits())

    assert failed(throttle, 5) == [False, False, False, False, True]
    assert throttle.blocked(HERE, at_s=59.9)
    assert not throttle.blocked(HERE, at_s=60.0)
    assert not throttle.blocked(THERE, at_s=0.0)


def test_failures_of_long_ago_are_forgotten() -> None:
    """Four, and the fifth a minute after the first."""
    throttle = Throttle(Limits())
    failed(throttle, 4)

    assert not throttle.fail(HERE, at_s=60.1)


@pytest.mark.parametrize(("other", "same"), [("2001:db8::2", True), ("2001:db8:0:1::2", False)])
def test_ipv6_counts_by_its_network(other: str, *, same: bool) -> None:
    """One customer has a /64 and all of its addresses."""
    throttle = Throttle(Limits(failures=1))
    throttle.fail(ip_address("2001:db8::1"), at_s=0.0)

    assert throttle.blocked(ip_address(other), at_s=1.0) is same


def test_an_attempt_without_an_address_is_not_free() -> None:
    """All of them together are one place."""
    throttle = Throttle(Limits(failures=1))
    throttle.fail(None, at_s=0.0)

    assert throttle.blocked(None, at_s=1.0)


def test_the_blocked_are_counted_while_they_wait() -> None:
    """For the metric."""
    throttle = Throttle(Limits(failures=1))
    throttle.fail(HERE, at_s=0.0)
    throttle.fail(THERE, at_s=30.0)

    assert [throttle.count(at_s=at_s) for at_s in (31.0, 61.0, 91.0)] == [2, 1, 0]


@given(st.lists(st.integers(0, 2**32 - 1), max_size=300))
def test_an_attack_from_everywhere_does_not_grow_the_memory(addresses: list[int]) -> None:
    """No more places are kept than the limit says."""
    throttle = Throttle(Limits(failures=2, places=10))
    for second, number in enumerate(addresses):
        throttle.fail(ip_address(number), at_s=float(second % 7))

    assert len(throttle._failed) <= 10  # noqa: SLF001 - the bound is the promise, and nothing else shows it
    assert throttle.count(at_s=0.0) <= 10
