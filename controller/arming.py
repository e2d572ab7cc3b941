"""The start-up self-test: automation is armed once the source has shown data young enough to control with.

Pure. Some Prometheus-compatible stores hide their newest 30 s; a controller that trusted them would drive
by a picture of the past. Once armed it stays armed: from then on each decision judges its data's age.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# One answer may be lucky; three in a row, a period apart, are a source that works.
ANSWERS_NEEDED = 3
# Clocks of one box agree better than half a second.
MOST_LEAD_S = 0.5


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The ages of the newest samples in the last answers, seconds; `armed` once they were all young enough."""

    max_age_s: float
    ages_s: tuple[float, ...] = ()
    armed: bool = False

    @property
    def verdict(self) -> str:
        """One line for the operator."""
        if self.armed:
            return f"armed: data was at most {max(self.ages_s):.1f} s old"
        if not self.ages_s:
            return "not armed: no data yet; are the exporters scraped, and do the labels match?"
        if min(self.ages_s) < -MOST_LEAD_S:
            return f"not armed: data is from {-min(self.ages_s):.1f} s in the future; set the clocks by NTP"
        if max(self.ages_s) > self.max_age_s:
            return f"not armed: data was up to {max(self.ages_s):.1f} s old, at most {self.max_age_s:g} s are usable"
        return f"not armed: {len(self.ages_s)} of {ANSWERS_NEEDED} answers were young enough"


def answered(test: SelfTest, age_s: float | None) -> SelfTest:
    """The test after one more answer whose newest sample was `age_s` old; None for an answer without samples."""
    if test.armed:
        return test
    if age_s is None:
        return replace(test, ages_s=())
    ages_s = (*test.ages_s, age_s)[-ANSWERS_NEEDED:]
    usable = all(-MOST_LEAD_S <= age_s <= test.max_age_s for age_s in ages_s)
    return replace(test, ages_s=ages_s, armed=usable and len(ages_s) == ANSWERS_NEEDED)
