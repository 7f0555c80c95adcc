"""Playbooks that nobody would write, but somebody could: every kind of step, any order, conditions over what was decided,
answered or known, and conditions that cannot be judged. By a seed: what fails can be had again."""

from datetime import timedelta
from random import Random
from typing import Final

from irm.playbooks import steps as pb

TEXT: Final = {"zh-CN": "例"}
AUTHORITY_DESK: Final = pb.Target("on_duty", "cloud_authority")
UNITS: Final = pb.Target("on_duty", "incident.using_units")
TARGETS: Final = (
    (AUTHORITY_DESK,),
    (UNITS,),
    (UNITS,),
    (pb.Target("role", "cloud_authority", "duty_leader"),),
    (pb.Target("on_duty", "incident.maintainers"), AUTHORITY_DESK),
    (pb.Target("on_duty", "incident.vendors"),),
    (pb.Target("person", "li.na"),),
)
"""Some ask two organizations, one nobody at all."""
RULES: Final = ("pack/one", "pack/two")
OPTIONS: Final = {"yes": TEXT, "no": TEXT}
WAITS: Final = ("incident.handled", "incident.assessed")
KINDS: Final = ("page",) * 5 + ("report",) * 3 + ("notice", "task", "task", "decide", "for", "until", "call", "run")


def playbook(chance: Random) -> pb.Playbook:
    """About an incident. It is what `language.read_playbook` lets through: no circles, no unknown names."""
    names = [f"s{number}" for number in range(chance.randint(1, 7))]
    steps: list[pb.Step] = []
    for number, name in enumerate(names):
        before = tuple(names[:number])
        after = chance.choice(((), before[-1:], before[-2:], before[-2:], before[:1]))
        steps.append(pb.Step(name, _action(chance, [one for one in names if one != name]), after, _when(chance, steps)))
    return pb.Playbook("made-up", TEXT, pb.Start(("incident.graded",)), tuple(steps))


def _action(chance: Random, others: list[str]) -> pb.Action:
    to, within = chance.choice(TARGETS), _minutes(chance)
    match chance.choice(KINDS):
        case "page":
            return _page(chance, others)
        case "notice":
            return pb.Notice(to, ("preferred",))
        case "report":
            by = (pb.Target("on_duty", "obligation.bearer"),)
            return pb.Report("initial", by, chance.choice(RULES), within)
        case "task":
            return pb.Task(TEXT, to, within)
        case "decide":
            return pb.Decide(TEXT, to, OPTIONS, within, "no")
        case "for":
            return pb.WaitFor(within)
        case "until":
            return pb.WaitUntil(chance.choice(WAITS))
        case "call":
            return pb.Call("soc", within)
        case _:
            return pb.RunPlaybook("other")


def _page(chance: Random, others: list[str]) -> pb.Page:
    rungs = []
    for _ in range(chance.randint(1, 3)):
        within = _minutes(chance)
        rungs.append(pb.Rung(chance.choice(TARGETS), ("preferred",), within, chance.choice((None, within / 3, within))))
    until = chance.choice((*pb.Until, pb.Until.ACKNOWLEDGED, pb.Until.ACKNOWLEDGED_BY_ALL))
    expires = None
    if until in (pb.Until.ACKNOWLEDGED, pb.Until.ACKNOWLEDGED_BY_ALL) and chance.random() < 0.9:
        expires = pb.Expiry(
            timedelta(minutes=chance.randint(1, 8)), chance.choice((*others, *WAITS, *WAITS)), chance.randint(1, 2)
        )
    return pb.Page(tuple(rungs), until, expires)


def _minutes(chance: Random) -> timedelta:
    return timedelta(minutes=chance.randint(1, 30))


def _when(chance: Random, before: list[pb.Step]) -> pb.Judge | None:
    asked: list[pb.Judge] = [
        lambda facts: bool(facts["incident"]["crime_suspected"]),
        lambda facts: facts["incident"]["cii"] != "yes",
        lambda facts: not facts["incident"]["handled"],
        lambda _: False,
        lambda facts: bool(facts["nobody"]["knows"]),
    ]
    for step in before:
        if isinstance(step.action, pb.Decide):
            asked.append(_brought("decided", step.id, "yes"))
        elif isinstance(step.action, pb.Call):
            asked.append(_brought("called", step.id, "answered"))
    return chance.choice(asked) if chance.random() < 0.35 else None


def _brought(room: str, name: str, value: str) -> pb.Judge:
    return lambda facts: bool(facts[room][name] == value)
