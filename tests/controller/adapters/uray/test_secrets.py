"""The stream key and the password stay where they belong."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from controller.adapters.uray.parsing import BadReplyError, parse_output
from controller.adapters.uray.transport import checked_base
from controller.ports import Impact
from tests.controller.adapters.uray.rig import LOWER, driver
from tests.fakes.new_orange import KEY, PASSWORD, FakeUnit

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What our side logs with every logger at its loudest."""
    with caplog.at_level(logging.DEBUG):
        for name in ("httpx", "httpcore", "asyncio"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        yield caplog
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize("trouble", ["none", "other words", "http 500", "closes", "hangs"])
async def test_nothing_tells_the_key(everything_logged: pytest.LogCaptureFixture, trouble: str) -> None:
    """Logs at their loudest, results and reprs hold neither stream key nor password, whatever goes wrong."""
    async with FakeUnit(applies="elsewhere", trouble={"/set_output": [trouble]}) as unit:
        encoder = driver(unit)
        said = [repr(await encoder.read()), repr(await encoder.apply(LOWER, Impact.GLITCH)), repr(vars(encoder))]
        assert len(unit.writes()) == 1
    ours = [record for record in everything_logged.records if not record.name.startswith("aiohttp")]  # the fake's own
    assert ours
    said += [record.getMessage() + repr(record.args) for record in ours]

    assert [text for text in said if KEY in text or PASSWORD in text] == []


def test_settings_show_names_only() -> None:
    """The repr of settings lists names without values."""
    body = f"<output><input>0</input><output>0</output><rtmp_publish_uri>{KEY}</rtmp_publish_uri></output>".encode()

    assert repr(parse_output(body, input_index=0, output=0)) == "OutputSettings(input, output, rtmp_publish_uri)"


def test_a_bad_reply_is_not_quoted() -> None:
    """The error for a reply that is no XML does not carry the reply, nor a cause that does."""
    with pytest.raises(BadReplyError) as caught:
        parse_output(f"<output>{KEY}<".encode(), input_index=0, output=0)

    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("192.168.1.168", "write it as"),
        ("ftp://192.168.1.168", "write it as"),
        ("http://", "write it as"),
        ("http://encoder:port", "write it as"),
        ("http://admin:secret@192.168.1.168", "holds credentials"),
        ("http://192.168.1.168/get_sys", "more than the host"),
        ("http://192.168.1.168/?a=1", "more than the host"),
    ],
)
def test_addresses_that_are_refused(address: str, says: str) -> None:
    """Only a host's address is taken: no path, no query, no credentials, and the error does not repeat those."""
    with pytest.raises(ValueError, match=says) as caught:
        checked_base(address)

    assert "secret" not in str(caught.value)


def test_a_trailing_slash_is_fine() -> None:
    """An address as browsers show it is taken."""
    assert checked_base("http://192.168.1.168:8086/").port == 8086
