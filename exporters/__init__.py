"""Exporters: read a source, parse it, describe it as Prometheus metrics."""

__version__ = "0.1.0"  # the project's; asking the installed metadata for it would cost 3 MB in every exporter
