"""Exporter of the RTMP ingest: bytes received, the media clock, and how late the picture is."""
