"""The Prometheus with a made-up history, for the dashboards' queries."""

from tests.prometheus.conftest import server

__all__ = ["server"]
