"""The desk that attempts come to: it judges, throttles, keeps the sessions and counts. No I/O; time is an argument."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from exporters.rtmp_auth.judging import BAD, GUESSES, OK, REFUSED, Attempt, Call, Reason, Verdict, attempt_of, judge
from exporters.rtmp_auth.keys import Hash, Table
from exporters.rtmp_auth.sessions import Connection, Sessions
from exporters.rtmp_auth.throttling import Throttle


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: `steady_s` for waits and lengths, `wall_s` since the epoch for what stands in the file."""

    steady_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and whether it blocked the address just now."""

    verdict: Verdict
    blocks: bool = False


class Desk:
    """What is known and counted since the start. `table` is None until a file was read: then all are refused."""

    def __init__(self, digest: Hash, throttle: Throttle, *, silent_s: float) -> None:
        self.table: Table | None = None
        self.sessions = Sessions()
        self.requests: Counter[Call] = Counter()
        self.allowed: Counter[Call] = Counter()
        self.denied: Counter[Reason] = Counter()
        self._digest = digest
        self._throttle = throttle
        self._silent_s = silent_s

    def ask(self, form: Mapping[str, str], now: Moment) -> Answer:
        """Answer one callback."""
        attempt = attempt_of(form)
        if attempt is None:
            self.requests[Call.OTHER] += 1
            return self._counted(Call.OTHER, Verdict(BAD, Reason.MALFORMED), blocks=False)
        self.requests[attempt.call] += 1
        verdict = judge(self.table, attempt, self._digest, wall_s=now.wall_s)
        if attempt.call is Call.DONE:
            return self._done(attempt, verdict, now)
        # Who is in already has shown a key; only whoever asks to come in can be guessing.
        asks = attempt.call is not Call.UPDATE
        if asks and self._throttle.blocked(attempt.address, at_s=now.steady_s):
            return self._counted(attempt.call, Verdict(REFUSED, Reason.THROTTLED, verdict.entry), blocks=False)
        blocks = asks and verdict.reason in GUESSES and self._throttle.fail(attempt.address, at_s=now.steady_s)
        self._keep(attempt, verdict, now)
        return self._counted(attempt.call, verdict, blocks=blocks)

    def tidy(self, now: Moment) -> None:
        """End the sessions that fell silent."""
        self.sessions = self.sessions.without_silent(self._silent_s, at_s=now.steady_s)

    def throttled(self, now: Moment) -> int:
        """How many addresses are blocked."""
        return self._throttle.count(at_s=now.steady_s)

    def _done(self, attempt: Attempt, verdict: Verdict, now: Moment) -> Answer:
        """The end of a session needs no permission, and is none."""
        if not attempt.plays:
            self.sessions = self.sessions.end(self._connection(attempt), at_s=now.steady_s)
        return Answer(Verdict(OK, entry=verdict.entry))

    def _keep(self, attempt: Attempt, verdict: Verdict, now: Moment) -> None:
        if attempt.plays:
            return
        connection = self._connection(attempt)
        if verdict.reason is not None or verdict.entry is None:
            self.sessions = self.sessions.end(connection, at_s=now.steady_s)
        elif attempt.call is Call.PUBLISH:
            self.sessions = self.sessions.begin(connection, verdict.entry.alias, at_s=now.steady_s)
        elif attempt.call is Call.UPDATE:
            self.sessions = self.sessions.update(connection, verdict.entry.alias, at_s=now.steady_s)

    def _connection(self, attempt: Attempt) -> Connection:
        return self._digest(attempt.name), attempt.client[:32]

    def _counted(self, call: Call, verdict: Verdict, *, blocks: bool) -> Answer:
        if verdict.reason is None:
            self.allowed[call] += 1
        else:
            self.denied[verdict.reason] += 1
        return Answer(verdict, blocks)
