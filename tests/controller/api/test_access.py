"""Who may do what: scopes, loopback, proxies, and how often."""

from __future__ import annotations

import pytest
from starlette.datastructures import Address, Headers

from controller.api.access import CHANGES, REFUSALS, Limiter, is_local
from tests.controller.faces import ALERT, CONTROL, LINK, READ, Behind, asking
from tests.fakes.clock import FakeClock

ORDER = {"reason": "tunnel", "state": "LOW"}
FAR = "192.0.2.7"


@pytest.mark.parametrize(
    ("token", "host", "reads", "changes"),
    [
        ("", "127.0.0.1", 200, 401),
        ("", FAR, 401, 401),
        ("wrong", FAR, 401, 401),
        ("wrong", "127.0.0.1", 200, 401),
        (READ, FAR, 200, 403),
        (CONTROL, FAR, 200, 200),
        (ALERT, FAR, 403, 403),
        (LINK, FAR, 403, 403),
    ],
)
async def test_a_token_permits_its_scope_and_no_other(token: str, host: str, reads: int, changes: int) -> None:
    """Nothing is changed without the control token; it reads too; the others have one use each."""
    async with asking(token=token, host=host) as client:
        assert (await client.get("/api/status")).status_code == reads
        assert (await client.post("/api/override", json=ORDER)).status_code == changes
        assert (await client.delete("/api/override")).status_code == changes


async def test_a_bare_token_is_taken_too() -> None:
    """Clients of obs-websocket-http send the token without a scheme."""
    async with asking() as client:
        answer = await client.post("/api/override", json=ORDER, headers={"Authorization": CONTROL})

    assert answer.status_code == 200


async def test_reads_may_be_closed_on_loopback_too() -> None:
    """With open_reads off a program on this machine needs the token as well."""
    async with asking(Behind(open_reads=False)) as client:
        assert (await client.get("/api/status")).status_code == 401


async def test_a_scope_without_a_token_is_nobodys() -> None:
    """Without a control token nothing can be changed, and the answer says where to configure one."""
    async with asking(Behind(tokens={}), token="anything at all") as client:
        answer = await client.post("/api/override", json=ORDER)

    assert answer.status_code == 403
    assert "api.tokens" in answer.json()["detail"]


async def test_no_answer_repeats_a_token() -> None:
    """What was presented does not come back."""
    async with asking(token="a-secret-that-is-wrong", host=FAR) as client:
        answers = [await client.get("/api/status"), await client.post("/api/override", json=ORDER)]

    assert not [one for one in answers if "a-secret-that-is-wrong" in one.text + str(one.headers)]


@pytest.mark.parametrize(
    ("host", "headers", "local"),
    [
        ("127.0.0.1", {}, True),
        ("127.9.9.9", {}, True),
        ("::1", {}, True),
        ("10.0.0.1", {}, False),
        ("unix", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, False),
        ("127.0.0.1", {"X-Real-IP": "192.0.2.1"}, False),
    ],
)
def test_a_proxy_on_this_machine_does_not_make_its_clients_local(
    host: str,
    headers: dict[str, str],
    local: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Only a request that nobody forwarded comes from this machine."""
    assert is_local(Address(host, 1), Headers(headers)) is local


async def test_who_changes_too_often_is_told_to_wait() -> None:
    """After the burst a change is refused with 429, and after a second some are admitted again."""
    behind = Behind()
    async with asking(behind, token=CONTROL, host=FAR) as client:
        codes = [(await client.delete("/api/override")).status_code for _ in range(int(CHANGES[1]) + 3)]
        behind.clock.advance(1.0)
        later = (await client.delete("/api/override")).status_code

    assert codes == [200] * int(CHANGES[1]) + [429] * 3
    assert later == 200


async def test_who_guesses_is_slowed_down() -> None:
    """Wrong tokens are refused less politely after some."""
    async with asking(token="guess", host=FAR) as client:
        codes = [(await client.get("/api/status")).status_code for _ in range(int(REFUSALS[1]) + 2)]

    assert codes == [401] * int(REFUSALS[1]) + [429] * 2


def test_a_limiter_forgets_who_asked_longest_ago() -> None:
    """Clients without number cost a bounded memory, and one client's burst is not another's."""
    limiter = Limiter(per_s=1.0, burst=1.0, clock=FakeClock())

    assert limiter.admits("a")
    assert not limiter.admits("a")
    assert all(limiter.admits(f"client {n}") for n in range(1_000))
    assert limiter.admits("a")
