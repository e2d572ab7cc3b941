"""Reads a scenario's conditions, plays them on the small rig, and tells the decisions that followed.

A file has three parts between lines of dashes: what it pins, in words; the conditions, a line each; the
decisions. A condition is `AT s: NAME VALUE [UNIT]`, in force from then on; `for` ends the story.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from controller.decision.machine import Decision, State, decide
from controller.decision.model import EncoderTraits, Override, Quality, Transport
from controller.decision.policies import by_name
from tests.controller.decision.world import Conditions, World

RULE = "-" * 8
SETTLED_S = 20
_ENCODERS = {
    "live": EncoderTraits(bitrate_cost_s=0.0, geometry_cost_s=0.0),
    "geometry restarts": EncoderTraits(bitrate_cost_s=0.0, geometry_cost_s=2.0),
    "restarts": EncoderTraits(bitrate_cost_s=2.0, geometry_cost_s=2.0),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One condition: from when, which, and its value as written."""

    at_s: int
    name: str
    value: str


def read(text: str) -> tuple[str, list[Line], str]:
    """The words, the conditions and the decisions told so far; ValueError names a bad line."""
    words, conditions, told = (part.strip("\n") for part in text.split(f"{RULE}\n"))
    return words, [_line(row) for row in conditions.splitlines() if row.strip()], told


def _line(row: str) -> Line:
    at, colon, rest = row.partition(" s: ")
    if not colon or not at.strip().isdigit():
        raise ValueError(f"{row!r} is not `AT s: NAME VALUE`")
    name, _, value = rest.partition(" ")
    return Line(int(at), name, value.strip())


def play(lines: list[Line]) -> str:
    """What the controller decided, one line for each change of state, size, scene or rule."""
    setup = {line.name: line.value for line in lines if line.at_s == 0}
    policy = by_name(setup["policy"])
    traits = _ENCODERS[setup.get("encoder", "live")]
    carrier = Transport(setup.get("carrier", "mptcp"))
    world = World(carrier=carrier, shows_keyframes=setup.get("keyframes") == "seen")
    state = State.initial(replace(policy, start=Quality(setup.get("start", policy.start))))
    world.obey(state.target)
    override: Override | None = None
    told, said = [], ("", "")
    for second in range(-SETTLED_S, int(setup["for"].split()[0])):
        for line in (line for line in lines if line.at_s == max(second, 0) and second in {line.at_s, -SETTLED_S}):
            world.conditions = _applied(world.conditions, line)
            override = _ordered(line, world.now) or override
        world.advance()
        if second < 0:
            continue
        decision = decide(state, world.observe(policy, traits=traits, override=override, scene=state.scene), policy)
        state = decision.state
        world.obey(decision.target)
        row = _told(decision)
        if row != said:
            told.append(f"{second:4d} s  {row[0]}  {decision.reason.text}\n        {row[1]}".rstrip())
            said = row
    return "\n".join(told)


def _applied(now: Conditions, line: Line) -> Conditions:
    """The conditions after a line; lines that are no condition of the road change nothing."""
    number = line.value.split(" ", maxsplit=1)[0]
    match line.name:
        case "capacity":
            now = replace(now, capacity_bps=float(number) * 1e6)
        case "loss":
            now = replace(now, loss_ratio=float(number) / 100)
        case "shown":
            now = replace(now, shown_ratio=float(number) / 100)
        case "rtt":
            now = replace(now, rtt_s=float(number) / 1000)
        case "dead":
            now = replace(now, dead=frozenset(line.value.split()) - {"none"})
        case "scraped":
            now = replace(now, scraped=number == "yes")
        case "publishing":
            now = replace(now, publishing=number == "yes")
        case "obeys":
            now = replace(now, obeys=number == "yes")
    return now


def _ordered(line: Line, now_s: float) -> Override | None:
    """An order by hand: a state, `hold`, `emergency`, `audio only` or `at most N Mbit/s`, for so many seconds."""
    if line.name != "order":
        return None
    order, _, rest = line.value.partition(" for ")
    plain = Override(now_s + float(rest.split(" ", maxsplit=1)[0]), "by the scenario")
    match order.split():
        case ["hold"]:
            return replace(plain, hold=True)
        case ["emergency"]:
            return replace(plain, emergency=True)
        case ["audio", "only"]:
            return replace(plain, audio_only=True)
        case ["at", "most", number, "Mbit/s"]:
            return replace(plain, bitrate_cap_bps=round(float(number) * 1e6))
        case _:
            return replace(plain, state=Quality(order))


def _told(decision: Decision) -> tuple[str, str]:
    target = decision.target
    rate = f"{target.bitrate_bps / 1e6:.1f}" if decision.reason.rule.startswith(("hold", "recovery", "stable")) else ""
    head = f"{decision.quality:9s} {target.width_px}x{target.height_px} {rate:>3s} [{decision.reason.rule}]"
    scene = f"{decision.scene or 'no scene'} [{decision.scene_reason.rule}]"
    return head, scene
