"""What the changes of a restarting encoder have brought, against never having changed.

Each change is a wager: a restart now, for a better rate or a younger queue later. The account holds what the wagers
of the last hour have won and lost against the rate that the policy starts with, in bits: a second without picture
counts as in the ladder's rules, a change of the rate as four seconds of it. Nobody lends: a first climb that fails
has lost more than all its drive may lose. So before it is made, it is made on paper: seconds in which the links show
that they would carry the higher rate book what it would have won, a queue strikes all of that out, and only when paper
and account together would pay for two failures the climb is made. Of what was won a part is kept. So on links where
standing still is best the law stands still.

What the still rate suffers is counted while a queue shows what the links carry. Without one its own queue is
taken to drain at a good rate: so the account errs towards standing still.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.decision.memory import Account

if TYPE_CHECKING:
    from controller.decision.links import Links
    from controller.decision.policy import Policy

_CHANGE_S = 4.0
"""So long a rate is watched at the least, and so long the jump to it is felt; the score's chunks are as long."""


@dataclass(frozen=True, slots=True)
class Played:
    """How the stream did since the last look: for how long, at what rate, behind what queue.

    `settling` says that the encoder was restarting: that was paid for when it was ordered. `least_bps` is what the
    links are known to carry at least.
    """

    passed_s: float
    rate_bps: float
    queued_bits: float
    least_bps: float
    settling: bool


def still_bps(policy: Policy) -> float:
    """The rate against which is counted: that of the policy's start rung."""
    return float(policy.rung(policy.start).preset.bitrate_bps)


def counted(account: Account, played: Played, links: Links, policy: Policy, *, stands: bool) -> Account:
    """The account with the time since the last look in it; `stands` says whether a queue to speak of does."""
    rules, still, passed_s = policy.restart, still_bps(policy), played.passed_s
    if stands:
        carried = still if links.disordered else links.carried_bps
    else:
        carried = rules.spare * max(still, played.rate_bps, played.least_bps)
    still_bits = max(0.0, account.still_bits + (still - carried) * passed_s)
    gained = -_worth_bps(still, still_bits, policy)
    if not played.settling:
        gained += _worth_bps(played.rate_bps, played.queued_bits, policy)
    kept = 0.5 ** (passed_s / rules.account_s)
    won_bits = max(account.won_bits * kept + gained * passed_s, -rules.deepest_bits)
    return Account(won_bits=won_bits, best_bits=max(account.best_bits * kept, won_bits), still_bits=still_bits)


def _worth_bps(rate_bps: float, queued_bits: float, policy: Policy) -> float:
    late = queued_bits > policy.scenes.late_s * rate_bps
    return -policy.following.freeze_bps if late else rate_bps


def price_bits(old_bps: float, new_bps: float, policy: Policy, *, restart_s: float) -> float:
    """What one change costs: the picture that is not there for so long, and the jump."""
    return policy.following.freeze_bps * restart_s + _CHANGE_S * abs(new_bps - old_bps)


def paid(account: Account, bits: float) -> Account:
    """The account after a change that costs so much."""
    return replace(account, won_bits=account.won_bits - bits)


def proven(account: Account, paper_bits: float, policy: Policy) -> bool:
    """Whether a climb above the still rate may be made that would have won so much since the last queue."""
    rules = policy.restart
    free_bits = account.won_bits - rules.kept * account.best_bits
    return paper_bits >= rules.proof_shown_bits and paper_bits + free_bits >= rules.proof_bits
