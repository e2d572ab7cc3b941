"""Numbers as an operator reads them."""

from __future__ import annotations


def mbit(bps: float | None) -> str:
    """A rate in Mbit/s with enough digits to tell two rungs apart."""
    if bps is None:
        return "an unknown rate"
    return f"{bps / 1e6:.1f} Mbit/s" if bps >= 1e6 else f"{bps / 1e3:.0f} kbit/s"


def seconds(value_s: float | None) -> str:
    """A time in seconds."""
    return "an unknown time" if value_s is None else f"{value_s:.1f} s"


def percent(ratio: float | None) -> str:
    """A share in percent."""
    return "an unknown share" if ratio is None else f"{ratio * 100:.1f} %"
