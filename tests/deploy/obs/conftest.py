"""The real nginx of the demo's tests, as the platform that OBS streams to."""

from tests.deploy.demo.conftest import ingest

__all__ = ["ingest"]
