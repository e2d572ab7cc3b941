"""The guard's decisions: stories first, then laws over random outages."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mptcp.guard.deciding import decide
from mptcp.guard.model import Deed, Phase, Seen, State, UplinkSeen
from tests.mptcp.guard.model_world import POLICY, World


def test_peace_is_left_alone() -> None:
    """Two whole uplinks under a stream: a minute without a deed."""
    world = World("verizon", "att")
    world.run(60)

    assert world.deeds() == []


def test_dead_uplink_is_out_within_400_ms() -> None:
    """The guard acts on the measured rule, not at the next full look."""
    world = World("verizon", "att")
    world.run(5)
    broken_s = world.now_s
    world.set("att", whole=False)
    world.run(1)

    assert [each.action.deed for each in world.done] == [Deed.SUPPRESS]
    assert world.done[0].at_s - broken_s <= 0.4
    assert "no acknowledgement for 0.3" in world.done[0].action.evidence
    assert "while verizon is alive" in world.done[0].action.evidence


def test_mended_uplink_is_back_within_two_seconds() -> None:
    """Three answers at the proving pace are proof for an uplink that died once."""
    world = World("verizon", "att")
    world.run(5)
    world.set("att", whole=False)
    world.run(8)
    mended_s = world.now_s
    world.set("att", whole=True)
    world.run(3)

    assert world.deeds() == [Deed.SUPPRESS, Deed.REVIVE]
    assert world.done[-1].at_s - mended_s <= 2
    assert world.done[-1].action.evidence == "answered steadily for 0.35 s; a train passed at 4000 kbit/s"


def test_last_live_uplink_is_never_taken_out() -> None:
    """With one suppressed, the death of the other changes nothing."""
    world = World("verizon", "att")
    world.run(5)
    world.set("att", whole=False)
    world.run(2)
    world.set("verizon", whole=False)
    world.run(20)

    assert world.deeds() == [Deed.SUPPRESS]
    assert world.paths["verizon"].endpoint


def test_both_dead_at_once_are_both_kept() -> None:
    """A tunnel takes all uplinks: nothing is alive that could take over."""
    world = World("verizon", "att")
    world.run(5)
    for name in world.paths:
        world.set(name, whole=False)
    world.run(30)

    assert world.deeds() == []


def test_light_at_the_end_of_the_tunnel_renews_at_once() -> None:
    """After a black-out an answer brings a new subflow, instead of waiting for the kernel's timer."""
    world = World("verizon", "att")
    world.timers = True
    world.run(5)
    for name in world.paths:
        world.set(name, whole=False)
    world.run(10)
    healed_s, stalled = world.now_s, {path.key for path in world.paths.values()}
    for name in world.paths:
        world.set(name, whole=True)
    world.run(1)

    assert world.deeds() == [Deed.RENEW, Deed.RENEW]
    assert world.done[0].at_s - healed_s <= 0.3
    assert stalled.isdisjoint(path.key for path in world.paths.values())


def test_suppressed_uplink_is_revived_at_its_first_answer_when_all_else_is_dead() -> None:
    """Proof takes time that nobody has when nothing carries."""
    world = World("verizon", "att")
    world.run(5)
    world.set("att", whole=False)
    world.run(2)
    world.set("verizon", whole=False)
    world.run(3)
    healed_s = world.now_s
    world.set("att", whole=True)
    world.run(1)

    assert world.deeds("att") == [Deed.SUPPRESS, Deed.REVIVE]
    revived = next(each for each in world.done if each.action.deed is Deed.REVIVE)
    assert revived.at_s - healed_s <= 0.5
    assert revived.action.evidence == "answered once, and nothing else is alive"


def test_flapping_uplink_has_to_prove_itself_longer_each_time() -> None:
    """Each death soon after a revival asks for four times as long a proof, up to half a minute."""
    world = World("verizon", "att")
    world.run(5)
    absences = []
    for _ in range(4):
        world.set("att", whole=False)
        world.run(1)
        mended_s = world.now_s
        world.set("att", whole=True)
        while not world.paths["att"].endpoint:
            world.run(0.1)
        absences.append(world.now_s - mended_s)
        world.run(5)

    assert absences[0] < 2
    assert all(later > 2 * earlier for earlier, later in pairwise(absences[1:]))
    assert 20 < absences[3] < 40


def test_a_calm_minute_forgives() -> None:
    """An uplink that lived for a minute since it flapped is quick again."""
    world = World("verizon", "att")
    world.run(5)
    for _ in range(3):
        world.set("att", whole=False)
        world.run(1)
        world.set("att", whole=True)
        world.run(20)
    world.run(70)
    world.set("att", whole=False)
    world.run(3)
    world.set("att", whole=True)
    world.run(2)

    assert world.paths["att"].endpoint
    assert world.state.uplinks["att"].flaps == 0


def test_idle_uplink_is_judged_by_its_probes() -> None:
    """Nothing is sent, so nothing is unacknowledged: three lost probes take the uplink out before video needs it."""
    world = World("verizon", "att", streaming=False)
    world.run(10)
    world.set("att", whole=False)
    world.run(6)

    assert world.deeds() == [Deed.SUPPRESS]
    assert re.match(r"idle, and [34] probes in a row unanswered", world.done[0].action.evidence)


def test_silent_responder_accuses_nobody() -> None:
    """When no uplink's probes come back it is the responder that is gone."""
    world = World("verizon", "att")
    world.run(10)
    world.answering = False
    world.run(30)

    assert world.deeds() == []


@pytest.mark.parametrize("streaming", [True, False])
def test_without_a_responder_a_dead_uplink_is_tried_again(streaming: bool) -> None:  # noqa: FBT001 - a table's column
    """Nobody can be asked, so after five seconds the endpoint is tried; an idle uplink is left alone."""
    world = World("verizon", "att", streaming=streaming, probing=False)
    world.run(5)
    world.set("att", whole=False)
    world.run(7)

    assert world.deeds("att") == ([Deed.SUPPRESS, Deed.REVIVE] if streaming else [])


def test_lost_subflow_is_replaced() -> None:
    """The kernel opens no other subflow when one ends; the guard does, after two seconds, and less and less often."""
    world = World("verizon", "att")
    world.run(5)
    world.paths["att"].joined, world.paths["att"].refused = False, True
    lost_s = world.now_s
    world.run(60)

    renewals = [each.at_s - lost_s for each in world.done]
    assert world.deeds() == [Deed.RENEW] * len(renewals)
    assert 2 <= renewals[0] <= 2.5
    gaps = [later - earlier for earlier, later in pairwise(renewals)]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 15


def test_operator_has_the_last_word() -> None:
    """An endpoint that the operator deletes is not the guard's to revive; one that he adds back is live again."""
    gone = {"att": UplinkSeen(endpoint=False), "verizon": UplinkSeen(endpoint=True)}
    back = {"att": UplinkSeen(endpoint=True), "verizon": UplinkSeen(endpoint=True)}
    state = decide(State(), Seen(0.0, back), POLICY).state
    state = decide(state, Seen(1.0, gone), POLICY).state
    assert state.uplinks["att"].phase is Phase.ABSENT

    world = World("verizon", "att")
    world.run(5)
    world.set("att", whole=False)
    world.run(1)
    assert world.deeds() == [Deed.SUPPRESS]
    world.paths["att"].endpoint = True
    world.set("att", whole=True)
    world.run(0.1)
    assert world.state.uplinks["att"].phase is Phase.LIVE
    assert world.deeds() == [Deed.SUPPRESS]


def test_address_that_went_is_forgotten() -> None:
    """A suppressed uplink whose address is gone belongs to the next lease."""
    world = World("verizon", "att")
    world.run(5)
    world.set("att", whole=False)
    world.run(1)
    gone = {"verizon": UplinkSeen(endpoint=True), "att": UplinkSeen(endpoint=False, addressed=False)}

    state = decide(world.state, Seen(world.now_s, gone), POLICY).state
    assert state.uplinks["att"].phase is Phase.ABSENT


outages = st.lists(
    st.tuples(st.sampled_from(["verizon", "att", "tmobile"]), st.booleans(), st.floats(0.05, 5.0)), max_size=8
)


@settings(max_examples=15, deadline=None)
@given(events=outages, streaming=st.booleans(), probing=st.booleans())
def test_laws_hold_over_any_outages(
    events: list[tuple[str, bool, float]],
    streaming: bool,  # noqa: FBT001 - hypothesis passes by name
    probing: bool,  # noqa: FBT001 - as above
) -> None:
    """An endpoint always stays; all come back for good once all paths are whole; the same story again ends alike."""
    first = _told(events, streaming=streaming, probing=probing)
    assert all(each.endpoints_left >= 1 for each in first.done)

    for name in first.paths:
        first.set(name, whole=True)
    first.run(90)
    assert all(path.endpoint and path.joined and not path.backup for path in first.paths.values())
    before = len(first.done)
    first.run(20)
    assert len(first.done) == before

    second = _told(events, streaming=streaming, probing=probing)
    assert [each.action for each in second.done] == [each.action for each in first.done[: len(second.done)]]


def _told(events: list[tuple[str, bool, float]], *, streaming: bool, probing: bool) -> World:
    world = World("verizon", "att", "tmobile", streaming=streaming, probing=probing)
    world.run(3)
    for name, whole, length_s in events:
        world.set(name, whole=whole)
        world.run(length_s)
    return world


crawls = st.lists(
    st.tuples(
        st.sampled_from(["verizon", "att", "tmobile"]),
        st.sampled_from([None, 4_000.0, 12_500.0, 40_000.0, 200_000.0]),
        st.floats(0.1, 8.0),
    ),
    max_size=8,
)


@settings(max_examples=4, deadline=None)
@given(events=crawls)
def test_slow_uplinks_never_leave_the_stream_without_a_full_one(
    events: list[tuple[str, float | None, float]],
) -> None:
    """At least one takes part that is no backup, nothing is taken out, and all come back for good when all are fast."""
    world = World("verizon", "att", "tmobile")
    world.run(3)
    for name, rate, length_s in events:
        world.paths[name].slow, world.paths[name].bound = rate, 64_000 if rate else 0
        known = len(world.done)
        world.run(length_s)
        for each in world.done[known:]:
            assert each.action.deed in {Deed.DETOUR, Deed.PROMOTE}
        assert not all(path.backup for path in world.paths.values())

    for path in world.paths.values():
        path.slow, path.bound = None, 0
    world.run(130)
    assert not any(path.backup for path in world.paths.values())
    before = len(world.done)
    world.run(10)
    assert len(world.done) == before


@settings(max_examples=15, deadline=None)
@given(events=outages)
def test_nothing_is_taken_out_unless_another_path_is_whole(events: list[tuple[str, bool, float]]) -> None:
    """At most an answer's life earlier, that is: what was whole a quarter of a second ago may just have broken."""
    world = World("verizon", "att", "tmobile")
    world.run(3)
    broke_s = dict.fromkeys(world.paths, -1.0)
    for name, whole, length_s in events:
        if world.paths[name].whole and not whole:
            broke_s[name] = world.now_s
        world.set(name, whole=whole)
        known = len(world.done)
        world.run(length_s)
        for each in world.done[known:]:
            others = [other for other in world.paths if other != each.action.uplink]
            lately = any(each.at_s - broke_s[other] <= POLICY.alive_s + 0.1 for other in others)
            assert each.action.deed is not Deed.SUPPRESS or each.other_whole or lately
