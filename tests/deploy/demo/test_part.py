"""The runner's values."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from deploy.demo.part import Backoff, Part, PartError


def test_delays_double_up_to_the_most() -> None:
    """Each restart waits twice as long, up to the limit, for ever."""
    assert list(islice(Backoff(0.5, 3.0).delays(), 5)) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_error_shows_name_reason_log_and_remedy() -> None:
    """Everything that a user needs is in the text, the remedy last."""
    part = Part("prometheus", ("prometheus",), remedy="free port 9090")
    error = PartError(part, "ended with code 1 before it was ready", log=Path("logs/p.log"), lines=("bind: in use",))

    assert str(error) == (
        "prometheus: ended with code 1 before it was ready; its log is logs/p.log\n  | bind: in use\nfree port 9090"
    )


def test_arguments_stay_out_of_the_error() -> None:
    """What a program was started with, a stream key perhaps, is not shown."""
    error = PartError(Part("ffmpeg", ("ffmpeg", "rtmp://host/app/s3cret")), "gone", log=Path("x"))

    assert "s3cret" not in str(error)
