"""Playbooks that nobody would write, but somebody could: every kind of step, any order, conditions over what was decided,
answered or known, and conditions that cannot be judged."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from irm.playbooks import steps as pb

MINUTES = st.integers(1, 30).map(lambda minutes: timedelta(minutes=minutes))
TEXT = {"zh-CN": "例"}
AUTHORITY_DESK = pb.Target("on_duty", "cloud_authority")
UNITS = pb.Target("on_duty", "incident.using_units")
TARGETS = st.sampled_from(
    [
        (AUTHORITY_DESK,),
        (UNITS,),
        (pb.Target("role", "cloud_authority", "duty_leader"),),
        (pb.Target("on_duty", "incident.maintainers"), AUTHORITY_DESK),
        (pb.Target("on_duty", "incident.vendors"),),
        (pb.Target("person", "li.na"),),
    ]
)
"""The fourth asks two organizations, the fifth nobody at all."""
RULES = ("pack/one", "pack/two")
OPTIONS = {"yes": TEXT, "no": TEXT}


@st.composite
def rungs(draw: st.DrawFn) -> tuple[pb.Rung, ...]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        within = draw(MINUTES)
        every = draw(st.sampled_from([None, within / 3, within]))
        found.append(pb.Rung(draw(TARGETS), ("preferred",), within, every))
    return tuple(found)


@st.composite
def pages(draw: st.DrawFn, names: list[str], waits: list[str]) -> pb.Page:
    until = draw(st.sampled_from([*pb.Until, pb.Until.ACKNOWLEDGED, pb.Until.ACKNOWLEDGED]))
    expires = None
    if until in (pb.Until.ACKNOWLEDGED, pb.Until.ACKNOWLEDGED_BY_ALL) and draw(st.sampled_from((True, True, False))):
        expires = pb.Expiry(draw(MINUTES), draw(st.sampled_from([*names, *waits])), draw(st.integers(1, 2)))
    return pb.Page(draw(rungs()), until, expires)


def conditions(before: dict[str, pb.Action]) -> st.SearchStrategy[pb.Judge | None]:
    asked: list[pb.Judge | None] = [
        None,
        lambda facts: bool(facts["incident"]["crime_suspected"]),
        lambda facts: facts["incident"]["cii"] != "yes",
        lambda facts: not facts["incident"]["handled"],
        lambda _: False,
        lambda facts: bool(facts["nobody"]["knows"]),
    ]
    for name, action in before.items():
        room = "decided" if isinstance(action, pb.Decide) else "called" if isinstance(action, pb.Call) else None
        wanted = "yes" if room == "decided" else "answered"
        if room is not None:
            asked.append(lambda facts, room=room, name=name, wanted=wanted: facts[room][name] == wanted)  # type: ignore[misc]  # bound now
    return st.sampled_from([None, None, None, *asked])


@st.composite
def actions(draw: st.DrawFn, name: str, names: list[str], waits: list[str]) -> pb.Action:
    others = [one for one in names if one != name]
    kind = draw(
        st.sampled_from(("page", "page", "page", "notice", "report", "task", "decide", "for", "until", "call", "run"))
    )
    match kind:
        case "page":
            return draw(pages(others, waits))
        case "notice":
            return pb.Notice(draw(TARGETS), ("preferred",))
        case "report":
            by = (pb.Target("on_duty", "obligation.bearer"),)
            return pb.Report("initial", by, draw(st.sampled_from(RULES)), draw(MINUTES))
        case "task":
            return pb.Task(TEXT, draw(TARGETS), draw(MINUTES))
        case "decide":
            return pb.Decide(TEXT, draw(TARGETS), OPTIONS, draw(MINUTES), "no")
        case "for":
            return pb.WaitFor(draw(MINUTES))
        case "until":
            return pb.WaitUntil(draw(st.sampled_from(waits)))
        case "call":
            return pb.Call("soc", draw(MINUTES))
        case _:
            return pb.RunPlaybook("other")


@st.composite
def playbooks(draw: st.DrawFn) -> pb.Playbook:
    """About an incident. Names stand for what `language.read_playbook` lets through: no circles, no unknown names."""
    waits = ["incident.handled", "incident.assessed"]
    names = [f"s{number}" for number in range(draw(st.integers(1, 7)))]
    steps: list[pb.Step] = []
    done: dict[str, Any] = {}
    for number, name in enumerate(names):
        action = draw(actions(name, names, waits))
        before = names[:number]
        after = draw(st.sampled_from([(), tuple(before[-1:]), tuple(before[-2:]), tuple(before[:1])]))
        steps.append(pb.Step(name, action, after, draw(conditions(done))))
        done[name] = action
    return pb.Playbook("made-up", TEXT, pb.Start(("incident.graded",)), tuple(steps))
