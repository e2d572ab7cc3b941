"""The account of a restarting encoder's changes against standing still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.links import Links
from controller.decision.memory import Account
from controller.decision.policies import ADAPTIVE
from controller.decision.standing import Played, counted, paid, price_bits, proven, still_bps
from tests.controller.decision.examples import law

RULES = ADAPTIVE.restart
STILL = still_bps(ADAPTIVE)
DARK = -ADAPTIVE.following.freeze_bps
CALM = Links(queue_s=0.0, queued_bits=0.0, carried_bps=STILL)


def played(rate_bps: float, *, queued_bits: float = 0.0, settling: bool = False) -> Played:
    """A second at `rate_bps`."""
    return Played(1.0, rate_bps, queued_bits, 0.0, settling)


def full(carried_bps: float) -> Links:
    """Links with a queue before them."""
    return Links(queue_s=3.0, queued_bits=3.0 * carried_bps, carried_bps=carried_bps)


def won(account: Account, one: Played, links: Links = CALM, *, stands: bool = False) -> float:
    """What a second brings, with nothing faded."""
    return counted(account, one, links, ADAPTIVE, stands=stands).won_bits


def test_standing_still_wins_and_loses_nothing() -> None:
    """At the still rate, with or without a queue, both sides are the same."""
    assert won(Account(), played(STILL)) == pytest.approx(0.0)
    late = Account(still_bits=3.0 * STILL)
    assert won(late, played(STILL, queued_bits=3.0 * STILL), full(STILL), stands=True) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("one", "bits"),
    [
        (played(4.5e6), 2.0e6),
        (played(1.2e6), -1.3e6),
        (played(4.5e6, queued_bits=10e6), DARK - STILL),
        (played(4.5e6, settling=True), -STILL),
    ],
    ids=["a higher rate", "a lower rate", "a late picture", "a restart"],
)
def test_a_second_wins_what_the_viewer_sees_more_of(one: Played, bits: float) -> None:
    """The rate while the picture is in time, less what standing still would have given; a restart is paid apart."""
    assert won(Account(), one) == pytest.approx(bits)


def test_what_standing_still_would_have_suffered_is_won() -> None:
    """On links that carry 1 Mbit/s the still rate is late after some seconds, and a lower one is not."""
    account = Account()
    for _ in range(10):
        account = counted(account, played(0.9e6), full(1e6), ADAPTIVE, stands=True)

    assert account.still_bits == pytest.approx(10 * (STILL - 1e6))
    assert account.won_bits > 0


def test_a_dead_paths_pause_says_nothing_of_standing_still() -> None:
    """What is carried in disorder is not the links' rate."""
    links = Links(queue_s=1.0, queued_bits=1e6, carried_bps=0.0, disordered=True)

    assert counted(Account(), played(STILL), links, ADAPTIVE, stands=True).still_bits == 0.0


def test_without_a_queue_that_of_standing_still_drains() -> None:
    """At what good links carry over what they show; it never stands for ever."""
    account = Account(still_bits=5e6)
    after = [
        counted(account, Played(1.0, STILL, 0.0, least, settling=False), CALM, ADAPTIVE, stands=False)
        for least in (0.0, 4e6)
    ]

    assert after[0].still_bits == pytest.approx(5e6 - (RULES.spare - 1.0) * STILL)
    assert after[1].still_bits < after[0].still_bits


def test_a_change_costs_its_dark_seconds_and_its_jump() -> None:
    """Two seconds at 18 Mbit, and four of the difference."""
    price = price_bits(2.5e6, 4.5e6, ADAPTIVE, restart_s=2.0)

    assert price == pytest.approx(2.0 * 18e6 + 4.0 * 2e6)
    assert paid(Account(), price).won_bits == -price


@pytest.mark.parametrize(
    ("account", "paper_bits", "climbs"),
    [
        (Account(), RULES.proof_bits, True),
        (Account(), 0.9 * RULES.proof_bits, False),
        (Account(won_bits=-1e6), RULES.proof_bits, False),
        (Account(won_bits=RULES.proof_bits), RULES.proof_shown_bits, True),
        (Account(won_bits=1e10), 0.9 * RULES.proof_shown_bits, False),
        (Account(won_bits=RULES.kept * 1e9, best_bits=1e9), 0.9 * RULES.proof_bits, False),
    ],
    ids=["paper alone", "too little", "after a loss", "mostly won", "nothing shown now", "winnings lost again"],
)
def test_a_climb_is_paid_for_by_paper_and_winnings(account: Account, paper_bits: float, *, climbs: bool) -> None:
    """Some paper of the last minutes in any case; and of the most that was won a part is kept."""
    assert proven(account, paper_bits, ADAPTIVE) is climbs


def test_a_proof_is_worth_more_than_two_failures() -> None:
    """A climb to the top that fails at once, and is undone."""
    there_and_back = 2.0 * price_bits(STILL, 4.5e6, ADAPTIVE, restart_s=2.0)

    assert RULES.proof_bits > 2.0 * there_and_back


def test_the_best_that_was_won_is_remembered() -> None:
    """Through losses, and fading like what is won."""
    best = counted(Account(won_bits=1e8), played(STILL), CALM, ADAPTIVE, stands=False)
    after = counted(paid(best, 5e7), played(STILL), CALM, ADAPTIVE, stands=False)

    assert best.best_bits == best.won_bits
    assert after.won_bits == pytest.approx(0.5e8, rel=1e-2)
    assert after.best_bits == pytest.approx(1e8, rel=1e-2)


def test_what_was_won_fades_by_halves() -> None:
    """An hour ago counts half: a drive's first half says less and less of its second."""
    after = counted(
        Account(won_bits=1e9), Played(RULES.account_s, STILL, 0.0, 0.0, settling=False), CALM, ADAPTIVE, stands=False
    )

    assert after.won_bits == pytest.approx(0.5e9)


@law
@given(st.lists(st.floats(300_000.0, 4_500_000.0), max_size=60), st.floats(0.0, 1e8))
def test_no_debt_is_deeper_than_the_deepest(rates: list[float], queued_bits: float) -> None:
    """So that a good link is trusted again within minutes, whatever came before."""
    account = Account(won_bits=-RULES.deepest_bits)
    for rate in rates:
        account = counted(account, played(rate, queued_bits=queued_bits), CALM, ADAPTIVE, stands=False)

    assert account.won_bits >= -RULES.deepest_bits
