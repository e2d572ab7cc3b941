"""Conversions between the units that devices speak and the base units that we publish.

Metrics are in bytes, seconds and ratios; people and encoders speak of bits per second; kernels of
milliseconds and microseconds. Every conversion in the product goes through this file, so that a
factor of eight or a thousand has one place to be wrong in.
"""

BITS_PER_BYTE = 8


def bits(value_bytes: float) -> float:
    """Bits (or bit/s) in `value_bytes` bytes (or bytes/s)."""
    return value_bytes * BITS_PER_BYTE


def octets(value_bits: float) -> float:
    """Bytes (or bytes/s) in `value_bits` bits (or bit/s)."""
    return value_bits / BITS_PER_BYTE


def seconds_from_ms(value_ms: float) -> float:
    """Seconds in `value_ms` milliseconds."""
    return value_ms / 1_000


def seconds_from_us(value_us: float) -> float:
    """Seconds in `value_us` microseconds."""
    return value_us / 1_000_000


def bps_from_kbps(value_kbps: float) -> float:
    """Bit/s in `value_kbps` kbit/s; 1 kbit is 1000 bit."""
    return value_kbps * 1_000


def kbps_from_bps(value_bps: float) -> float:
    """Kbit/s in `value_bps` bit/s; 1 kbit is 1000 bit."""
    return value_bps / 1_000
