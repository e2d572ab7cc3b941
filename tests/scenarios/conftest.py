"""The flag that writes the stories anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-scenarios`; given on the command line it needs this directory named there, too."""
    parser.addoption("--update-scenarios", action="store_true", help="write the scenarios' decisions anew")
