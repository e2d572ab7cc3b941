"""How many examples the laws are tried with: few by default, 10,000 with HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

law = settings(max_examples=10_000 if THOROUGH else 25, deadline=None, suppress_health_check=_SLOW)
"""For laws that look at a short log."""

long_law = settings(law, max_examples=10_000 if THOROUGH else 5, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""For laws that play minutes of a stream; shrinking one would take as many minutes."""
