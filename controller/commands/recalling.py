"""`vvlive why --at 14:32`: what the timeline has kept of a moment, in words."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from controller.commands.asking import BAD_INPUT, fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from controller.commands.asking import Asker

# What leads to a change is seen in the half minute before it; what came of it, in the minute after.
BEFORE_S, AFTER_S = 30.0, 60.0
_PAGE, _FOR_EVER_S = 1000, 1e12
# A stream of a day at one decision a second.
_MOST_EVENTS = 100_000
Happened = dict[str, Any]


def moment_of(text: str, *, now: datetime) -> datetime:
    """The moment that `text` names: 14:32, 14:32:05, or a date with it, on this machine's clock.

    A time of day is the last one that has passed at `now`. Ends the program where it is no moment.
    """
    try:
        at = time.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            fail(f"{text} is no moment; write one like 14:32, 14:32:05 or 2026-11-23T14:32", BAD_INPUT)
        return found.astimezone()
    today = datetime.combine(now.date(), at, tzinfo=at.tzinfo or now.tzinfo)
    return today if today <= now else today - timedelta(days=1)


def events_between(
    asker: Asker, *, since_s: float, until_s: float = _FOR_EVER_S, kinds: Sequence[str] = ()
) -> Iterator[Happened]:
    """Every event of that time that the controller's timeline has kept, in the order in which it was told of them.

    `kinds` leaves others out.
    """
    after = 0
    for _ in range(_MOST_EVENTS // _PAGE):
        page = asker.get("/api/events", after=after, since_s=since_s, until_s=until_s, kind=kinds, limit=_PAGE)
        yield from page["events"]
        if len(page["events"]) < _PAGE:
            return
        after = page["next"]


def last_decisions(asker: Asker, number: int) -> list[Happened]:
    """The last decisions of both controllers as `recalled` gives them, newest first."""
    # Numbers are given in the order of telling: after a black-out the rig tells late, and of many decisions at once.
    told_last = asker.get("/api/events", kind=["transition", "decision"], limit=min(4 * number + 50, _PAGE))["events"]
    decisions = sorted(told_last, key=lambda one: one["at_s"])[-number:]
    since_s = min((one["at_s"] for one in decisions), default=_FOR_EVER_S)
    orders = events_between(asker, since_s=since_s, kinds=["order"]) if decisions else ()
    return recalled([*decisions, *orders])[::-1]


def recalled(events: Iterable[Happened]) -> list[Happened]:
    """Events in the order of their time, each decision with what became of its orders under `orders`."""
    events = sorted(events, key=lambda one: one["at_s"])
    orders: dict[tuple[str, int], list[Happened]] = {}
    for one in events:
        if one["kind"] == "order":
            orders.setdefault((one["origin"], one["data"]["decision"]), []).append(one)
    return [
        {**one, "orders": orders.get((one["origin"], one["data"].get("decision", 0)), [])}
        for one in events
        if one["kind"] != "order"
    ]


def told(one: Happened) -> Iterator[str]:
    """An event of `recalled` in lines: what, why, from which readings, and what became of it."""
    data: Mapping[str, Any] = one["data"]
    if one["kind"] not in {"transition", "decision"}:
        yield f"{one['subject']}: {one['text']}"
        return
    yield f"{one['subject']}: {_wanted(one)}"
    yield f"  {one['text']} ({data['rule']})"
    readings = {**data["values"], **data["evidence"]}
    known = [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in readings.items()]
    yield from _wrapped([text for text, value in zip(known, readings.values(), strict=True) if value is not None])
    age = "unknown" if data["age_s"] is None else f"{data['age_s']:.1f} s"
    yield f"  data {data['freshness']}, age {age}"
    yield from (f"  {line}" for line in _outcomes(one["orders"]))


def _wanted(one: Happened) -> str:
    """What a decision asks for."""
    data, target = one["data"], one["data"]["target"]
    if target is None:
        return f"scene {data['scene']}"
    moved = f"{data['from']} to {data['state']}" if one["kind"] == "transition" else data["state"]
    rate = (
        "sound only" if target["audio_only"] else f"{target['height_px']}p at {target['bitrate_bps'] / 1000:.0f} kbit/s"
    )
    return f"{moved}, {rate}"


def _wrapped(words: Sequence[str], *, width: int = 70) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + len(word) > width:
            yield f"  {line},"
            line = ""
        line = f"{line}, {word}" if line else word
    if line:
        yield f"  {line}"


def _outcomes(orders: Iterable[Happened]) -> Iterator[str]:
    """The last word on each device, with the seconds from the decision to it."""
    last = {one["subject"]: one for one in orders}
    for device, one in last.items():
        data = one["data"]
        times = [
            f"{word} after {data[name] - data['decided_s']:.2f} s"
            for word, name in (("applied", "applied_s"), ("seen", "shown_s"))
            if data[name] is not None
        ]
        yield f"{device}: {', '.join(times) or one['text']}"
