"""Answers the ingest's question who may publish, and exporter of how it was answered."""
