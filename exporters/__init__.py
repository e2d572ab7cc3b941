"""Exporters: read a source, parse it, describe it as Prometheus metrics."""
