"""The guard at work: looks, decides, acts, and keeps what must be put back. The shell around `mptcp.guard.deciding`."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from exporters.mptcp import reading
from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED
from exporters.mptcp.uplinks import Resolved, Surroundings, Uplink, resolve
from mptcp.guard import keeping, killing, observing
from mptcp.guard.deciding import decide
from mptcp.guard.endpoints import BACKUP, Endpoint, Endpoints
from mptcp.guard.model import Action, Deed, Policy, Seen, State
from mptcp.guard.prober import Prober
from mptcp.guard.restore import restore

_log = logging.getLogger(__name__)

_SURVEY_S = 1.0  # how often addresses and endpoints are read anew: leases and operators are slower


@dataclass(frozen=True, slots=True)
class Report:
    """The guard after a look, for its metrics; the mappings are copies."""

    state: State
    actions: Mapping[tuple[Deed, str], int]
    failures: Mapping[Deed, int]
    probes_sent: Mapping[str, int]
    probes_answered: Mapping[str, int]


@dataclass(slots=True)
class _Tally:
    actions: Counter[tuple[Deed, str]] = field(default_factory=Counter)
    failures: Counter[Deed] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the operator decides: the uplinks, the stream's ports, where to keep what must be put back."""

    uplinks: tuple[Uplink, ...]
    ports: tuple[int, ...]
    state_file: Path
    policy: Policy = field(default_factory=Policy)


class Guard:
    """Watches the uplinks: call `look` again and again, `close` at the end.

    The first look puts back what an earlier guard left. An action that the kernel refuses is logged
    and counted; the next look finds the endpoint as it was, and decides anew.
    """

    def __init__(self, setting: Setting, diag: reading.Diag, prober: Prober | None) -> None:
        self._setting = setting
        self._policy = setting.policy
        self._prober = prober
        self._diag = diag
        self._state = State()
        self._kept = keeping.Kept(os.getpid())
        self._kernel: Endpoints | None = None
        self._endpoints: tuple[Endpoint, ...] = ()
        self._around = Surroundings()
        self._surveyed_s: float | None = None
        self._dump = Dump(0.0, (), ())
        self._tally = _Tally()

    async def _opened(self) -> Endpoints:
        if self._kernel is None:
            for sentence in await restore(self._setting.state_file):
                _log.warning("left by an earlier guard, restored: %s", sentence)
            keeping.write(self._setting.state_file, self._kept)
            self._kernel = await Endpoints().__aenter__()
        return self._kernel

    async def close(self) -> None:
        """Put everything back. Raises OSError when the kernel refuses."""
        for sentence in await restore(self._setting.state_file, self._kept.pid):
            _log.info("restored: %s", sentence)
        self._setting.state_file.unlink(missing_ok=True)
        if self._kernel is not None:
            await self._kernel.__aexit__(None, None, None)
        if self._prober is not None:
            self._prober.close()

    async def look(self) -> Report:
        """Look until the ordinary pace suffices again; most of the time that is once."""
        while True:
            again_s = await self._look_once()
            if again_s >= self._policy.look_s:
                return self._report()
            await asyncio.sleep(again_s)

    async def _look_once(self) -> float:
        now_s = asyncio.get_running_loop().time()
        kernel = await self._opened()
        if self._surveyed_s is None or now_s - self._surveyed_s >= _SURVEY_S:
            await self._survey(kernel, now_s)
        self._dump = await self._diag.dump(self._setting.ports)
        decision = decide(self._state, self._seen(self._dump), self._policy)
        self._state = decision.state
        for action in decision.actions:
            await self._act(kernel, action)
        if self._prober is not None:
            for uplink in decision.probes:
                self._prober.send(uplink, self._dump.at_s)
            for uplink in decision.trains:
                self._prober.send_train(uplink, self._dump.at_s)
        return decision.again_s

    def _seen(self, dump: Dump) -> Seen:
        resolved = self._resolved()
        return Seen(
            now_s=dump.at_s,
            uplinks=observing.uplinks(resolved, self._endpoints),
            subflows=observing.subflows(dump, resolved),
            connections=observing.connections(dump),
            answers=self._prober.answers() if self._prober else (),
            weighed=self._prober.weighed(dump.at_s) if self._prober else (),
            probing=self._prober is not None,
        )

    def _resolved(self) -> tuple[Resolved, ...]:
        """The uplinks with those of their addresses that may carry the stream: of the family that reaches the VPS."""
        found = resolve(self._setting.uplinks, self._around)
        return found if self._prober is None else observing.of_family(found, self._prober.family)

    async def _survey(self, kernel: Endpoints, now_s: float) -> None:
        """Read addresses and endpoints; forget what was kept of an address that has gone or came back by itself."""
        self._endpoints = await kernel.show()
        self._around = Surroundings(await reading.interface_addresses())
        self._surveyed_s = now_s
        here = {address for each in self._resolved() for address in each.addresses}
        present = {endpoint.address: endpoint for endpoint in self._endpoints}
        stale = {
            address
            for address, kept in self._kept.endpoints.items()
            if address not in here or (address in present and present[address].backup == kept.backup)
        }
        if stale:
            self._keep({address: kept for address, kept in self._kept.endpoints.items() if address not in stale})
        if self._prober is not None:
            await self._prober.use(observing.ways(self._resolved(), self._endpoints, self._kept.endpoints))

    def _keep(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._kept = replace(self._kept, endpoints=endpoints)
        keeping.write(self._setting.state_file, self._kept)

    async def _act(self, kernel: Endpoints, action: Action) -> None:
        subject = action.uplink or "connection"
        try:
            await self._do(kernel, action)
        except OSError as error:
            self._tally.failures[action.deed] += 1
            _log.error("%s %s failed: %s (%s)", action.deed, subject, error.strerror, action.evidence)
        else:
            self._tally.actions[action.deed, action.uplink] += 1
            _log.warning("%s %s: %s", action.deed, subject, action.evidence)
        self._surveyed_s = None  # the next look must see what has changed

    async def _do(self, kernel: Endpoints, action: Action) -> None:
        if action.deed is Deed.RESET:
            self._reset(action.connection)
            return
        resolved = next(each for each in self._resolved() if each.uplink.name == action.uplink)
        now = observing.endpoint_of(resolved, self._endpoints)
        configured = observing.endpoint_of(resolved, self._kept.endpoints.values()) or now
        if configured is None:
            return  # the operator was faster
        if action.deed in {Deed.SUPPRESS, Deed.DEMOTE, Deed.DETOUR, Deed.RENEW}:
            self._keep({**self._kept.endpoints, configured.address: configured})
        if now is not None and action.deed in {Deed.SUPPRESS, Deed.DETOUR, Deed.RENEW}:
            await kernel.delete(now)
        if action.deed is Deed.REVIVE:
            slow = self._state.uplinks[action.uplink].demoted
            await kernel.add(replace(configured, flags=configured.flags | BACKUP) if slow else configured)
        if action.deed is Deed.RENEW and now is not None:
            # By another number: the peer is told to drop the old one over another uplink, and that may come late.
            await kernel.add(replace(now, number=0))
        if action.deed is Deed.DETOUR and now is not None:
            self._cut(resolved)
            await kernel.add(replace(now, number=0, flags=now.flags | BACKUP))
        if now is not None and action.deed in {Deed.DEMOTE, Deed.PROMOTE}:
            await kernel.set_backup(now, on=action.deed is Deed.DEMOTE)

    def _cut(self, resolved: Resolved) -> None:
        """End the sockets of closed subflows, or they would send what is left in them, and keep the uplink busy."""
        for row in self._dump.tcp:
            if row.ulp is not None and row.ends.local in resolved.addresses:
                killing.destroy(row, socket.if_nametoindex(resolved.interface) if resolved.interface else 0)

    def _reset(self, connection: int | None) -> None:
        """End all subflows; the established ones last, for the kernel counts down only when one of them ends last."""
        interfaces = {address: each.interface for each in self._resolved() for address in each.addresses}
        rows = [row for row in self._dump.tcp if row.ulp is not None and row.ulp.local_token == connection]
        for row in sorted(rows, key=lambda row: row.state == ESTABLISHED):
            name = interfaces.get(row.ends.local)
            killing.destroy(row, socket.if_nametoindex(name) if name else 0)

    def _report(self) -> Report:
        probes = self._prober
        return Report(
            state=self._state,
            actions=dict(self._tally.actions),
            failures=dict(self._tally.failures),
            probes_sent=dict(probes.sent) if probes else {},
            probes_answered=dict(probes.answered) if probes else {},
        )
