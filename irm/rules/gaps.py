"""What nobody here has read: figures that are null and whatever is marked unverified, and what of it could decide here. Pure.

A gap is idle in a city when nothing of its register could ever meet the rule's condition, when the register bounds the fact
below the figure, or when the city reads the text otherwise. What is unknown is never taken for idle.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal

from irm.rules.facts import Fact, Register
from irm.rules.pack import Citation, DutyRule, GradingRule, Pack, Rule, Status, Switch, Texts
from irm.rules.subjects import RELATIONS

Part = Literal["rule", "item", "figure", "reading"]
Idle = Literal["not_in_force", "standing", "other_reading", "nothing_in_register", "below_figure", "not_managed"]

UNVERIFIED: Final = "unverified"


@dataclass(frozen=True)
class Gap:
    """`unread`: facts whose figure the law has and nobody here has read. `seen`: figures from elsewhere, never used."""

    pack: Pack
    part: Part
    id: str
    """Qualified: `mlps/test-level-2`; of a reading `mlps/level-4-cadence/yearly`."""
    title: Texts
    citation: Citation
    status: Status
    unread: tuple[Fact, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    rule: Rule | None = None
    idle: Idle | None = None
    """Why it cannot decide in this city; None: it could."""

    @property
    def level(self) -> int | None:
        """The level that it would grade."""
        return self.rule.level if isinstance(self.rule, GradingRule) else None


@dataclass(frozen=True)
class Holdings:
    """What the city's register has to be judged by. `facts`: by kind of subject, what conditions read of each (like ones
    once). Without any system nothing is known of the register, and nothing is taken for idle by it."""

    registers: Sequence[Register] = ()
    facts: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @cached_property
    def alike(self) -> tuple[tuple[Mapping[str, str | None], tuple[Register, ...]], ...]:
        """What conditions read of registers, each with all that read so: ten thousand systems read in some dozen ways."""
        found: dict[tuple[str | None, ...], tuple[Mapping[str, str | None], list[Register]]] = {}
        for one in self.registers:
            given = one.in_condition()
            found.setdefault(tuple(given.values()), (given, []))[1].append(one)
        return tuple((given, tuple(registers)) for given, registers in found.values())

    def without_cii(self) -> "Holdings":
        """For readers who may not know which systems are critical infrastructure, nor whether there are any."""
        return Holdings(
            tuple(replace(one, cii="unknown") for one in self.registers),
            {
                kind: tuple({**one, "system.cii": None} if "system.cii" in one else one for one in each)
                for kind, each in self.facts.items()
            },
        )


def gaps(packs: Iterable[Pack]) -> tuple[Gap, ...]:
    """Everything in these packs that is null or unverified, in the order of the packs and their rules."""
    return tuple(one for pack in packs for one in _gaps_of(pack))


def gaps_here(
    packs: Iterable[Pack], holdings: Holdings, *, now: datetime, readings: Mapping[str, str]
) -> tuple[Gap, ...]:
    """The same with `idle`, for packs that the city goes by. `readings`: the city's choices by qualified switch."""
    return tuple(replace(one, idle=_idle(one, holdings, now, readings)) for one in gaps(packs))


def _gaps_of(pack: Pack) -> list[Gap]:
    found = [
        Gap(pack, "rule", rule.id, rule.title, rule.citation, rule.status, _unread(rule), _seen(rule), rule)
        for rule in pack.rules
        if rule.status == UNVERIFIED or _unread(rule)
    ]
    found += [
        Gap(pack, "item", f"{pack.id}/{item.id}", item.title, item.citation, item.status)
        for item in pack.items
        if item.status == UNVERIFIED
    ]
    found += [
        Gap(pack, "figure", one.id, one.title, one.citation, one.status)
        for one in pack.figures
        if one.status == UNVERIFIED
    ]
    found += [
        Gap(pack, "reading", f"{switch.id}/{one.id}", one.title, one.citation, one.status)
        for switch in pack.switches
        for one in switch.readings
        if one.status == UNVERIFIED
    ]
    return found


def _unread(rule: Rule) -> tuple[Fact, ...]:
    if not isinstance(rule, GradingRule):
        return ()
    return tuple(one.fact for one in rule.criteria if one.at_least is None)


def _seen(rule: Rule) -> Mapping[str, str]:
    return rule.notes if isinstance(rule, GradingRule) else {}


def _idle(gap: Gap, holdings: Holdings, now: datetime, readings: Mapping[str, str]) -> Idle | None:
    switches = {switch.id: switch for switch in gap.pack.switches}
    if gap.part == "reading":
        switch, _, reading = gap.id.rpartition("/")
        return None if _holds(switches[switch], readings) == reading else "other_reading"
    rule = gap.rule
    if rule is None:
        return None
    if not rule.effective.covers(now):
        return "not_in_force"
    if isinstance(rule, GradingRule):
        return _idle_grading(rule, holdings)
    if isinstance(rule, DutyRule):
        return _idle_duty(rule, holdings, switches, readings)
    return None


def _holds(switch: Switch, readings: Mapping[str, str]) -> str:
    return readings.get(switch.id, switch.default)


def _idle_grading(rule: GradingRule, holdings: Holdings) -> Idle | None:
    if not holdings.registers:
        return None
    when = rule.when
    fitting = [
        one
        for given, registers in holdings.alike
        if when is None or when.decide(given) is not False
        for one in registers
    ]
    if not fitting:
        return "nothing_in_register"
    for criterion in rule.criteria:
        most = criterion.fact.highest(fitting)
        if most is not None and most < (1 if criterion.at_least is None else criterion.at_least):
            return "below_figure"
    return None


def _idle_duty(
    rule: DutyRule, holdings: Holdings, switches: Mapping[str, Switch], readings: Mapping[str, str]
) -> Idle | None:
    if rule.kind == "standing":
        return "standing"
    if any(name in switches and _holds(switches[name], readings) != wanted for name, wanted in rule.readings.items()):
        return "other_reading"
    if rule.subject == "incident":
        return None
    if rule.subject not in RELATIONS:
        return "not_managed"
    # A change is of one of the systems, and may be planned any day: what it is itself is not known yet.
    known = holdings.facts.get("system" if rule.subject == "change" else rule.subject, ())
    if rule.when is None or not known:
        return None
    return None if any(rule.when.decide(one) is not False for one in known) else "nothing_in_register"
