"""What a clock that is ahead makes of an exporter's metrics."""

from __future__ import annotations

from tests.bench.alerts.ahead import stamped

TEXT = """\
# HELP mptcp_exporter_clock_timestamp_seconds The exporter's clock.
# TYPE mptcp_exporter_clock_timestamp_seconds gauge
mptcp_exporter_clock_timestamp_seconds 1.7e+09
mptcp_uplink_rtt_seconds{uplink="a b"} 0.25
"""


def test_each_sample_is_stamped_by_the_clock_that_is_ahead() -> None:
    """In milliseconds, behind its value; what the exporter says of its own clock is ahead as well, comments stay."""
    assert stamped(TEXT, at_s=1_700_000_000.5, by_s=2.0).splitlines()[1:] == [
        "# TYPE mptcp_exporter_clock_timestamp_seconds gauge",
        "mptcp_exporter_clock_timestamp_seconds 1700000002.0 1700000002500",
        'mptcp_uplink_rtt_seconds{uplink="a b"} 0.25 1700000002500',
    ]
