"""The real nginx of the demo's tests, for the encoder as well."""

from tests.deploy.demo.conftest import ingest

__all__ = ["ingest"]
