"""A machine to set up, thrown away after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import Namespace
from tests.mptcp.bond import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Two interfaces in a namespace of its own."""
    with Namespace.create("machine") as namespace:
        yield Machine(namespace, tmp_path)
