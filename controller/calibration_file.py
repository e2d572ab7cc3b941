"""What `vvlive doctor encoder` measured of one unit: its own file, so that none of the operator's is rewritten."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from controller.config_encoder import CostsSection, ImpactsSection
from controller.config_parts import Section

_HEAD = """\
# What changes cost on this very unit, measured by `vvlive doctor encoder --calibrate`. Measure again after
# its firmware changed; delete this file to have it count as not calibrated. Keys of the same name under
# `encoder` in the controller's configuration go before these.
"""


class Measured(Section):
    """One unit's calibration. `unit` is what the driver read of it; another unit's says nothing of this one."""

    version: Literal[1] = Field(default=1, description="1")
    driver: str = Field(description="the driver that was used")
    unit: str = Field(description="the unit as its driver names it")
    measured_at: str = Field(description="when, like 2026-01-31T12:00:00+00:00")
    impacts: ImpactsSection = Field(default=ImpactsSection(), description="a section of impacts")
    costs_s: CostsSection = Field(default=CostsSection(), description="a section of seconds")


class CalibrationError(Exception):
    """The file cannot be used; the message names it and the remedy."""


def read(path: Path) -> Measured | None:
    """The calibration at `path`; None where there is no such file yet.

    Raises:
        CalibrationError: it cannot be read, or is no calibration.
    """
    remedy = "calibrate again, or delete it"
    try:
        return Measured.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CalibrationError(f"{path} cannot be read ({error.strerror}); give this user the right to") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CalibrationError(f"{path} is no calibration ({key} cannot be used); {remedy}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise CalibrationError(f"{path} is no calibration (not YAML); {remedy}") from None


def write(path: Path, measured: Measured) -> None:
    """Put `measured` at `path`, whole or not at all. Raises OSError."""
    text = _HEAD + yaml.safe_dump(measured.model_dump(exclude_none=True), sort_keys=False)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)  # it holds no secret, and the controller may be another user
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
