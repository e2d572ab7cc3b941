"""Properties are held, not timed: a loaded machine is no reason for one to fail."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
