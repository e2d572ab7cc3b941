"""Prometheus exporter of SRTLA bonds and SRT streams: watched on the wire, or as their programs report them."""
