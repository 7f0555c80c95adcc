"""Rules that can never act, and what no rule reads: found in the text, whatever the city has. Pure.

Not found: two rules of which one always covers the other by conditions that are written otherwise, and what lies beyond
`Tries`. Whatever is not decided counts as able to act, so that nobody is told of a fault that is none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, combinations
from typing import Final, get_args

from irm.categories import categories
from irm.condition_search import OTHER, Domain, Tries, Values, Wanted, can_be, literals_in, projected
from irm.conditions import Choice, FactType, level_words
from irm.errors import said
from irm.positions import Document, Fault
from irm.rules.declared import vocabulary
from irm.rules.facts import LARGEST
from irm.rules.language import OrganizationKind, ShareRole
from irm.rules.load import builtin_packs, catalogue, catalogue_file, duty_types, grading_types
from irm.rules.pack import MAY_GRADE, DutyRule, GradingRule, Pack, Rule

LEVEL_NAMES: Final = {
    "may_be": "may_be",
    "incident.may_be": "may_be",
    "at_least": "at_least",
    "incident.at_least": "at_least",
}
"""Name in a condition → which of the two questions it is."""
PROTECTION_LEVELS: Final = ("system.level", "organization.highest_level")
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "organization.kind": get_args(OrganizationKind),
    "bearer.roles": get_args(ShareRole),
}
"""Text that is one of so many words."""
MOST_TRIES: Final = 400
"""Of one pack. The packs of irm need at most 182; the slowest condition that there may be takes a millisecond."""
MOST_SUBSETS: Final = 4
"""Words of a list that are tried in every combination; more, and the condition counts as able to hold."""
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?![\w.])")


def errors(document: Document, pack: Pack) -> Iterator[Fault]:
    """Rules that never act, at the line that keeps them from it."""
    tries = Tries(MOST_TRIES)
    for index, rule in _placed(document, pack):
        if _is_never_in_force(pack, rule):
            message = said("This rule never acts: its dates lie outside those of the pack.")
            yield document.fault(("rules", index, "effective"), message)
        elif not _can_hold(rule, tries):
            yield document.fault(("rules", index, "when"), said("This rule never acts: its condition can never hold."))


def warnings(document: Document, pack: Pack) -> Iterator[Fault]:
    """What changes nothing: a level that a graver rule always covers, a switch that no rule asks."""
    for index, rule in _placed(document, pack):
        covering = next(
            (one for one in pack.grading if isinstance(rule, GradingRule) and _covers(pack, one, rule)), None
        )
        if covering is not None:
            message = said(
                "This rule never decides the level: “%(rule)s” is graver and holds whenever it does.",
                rule=covering.name,
            )
            yield document.fault(("rules", index, "grade"), message)
    asked = {switch for rule in pack.duties for switch in rule.readings} | set(vocabulary()["switches_of_irm"])
    for index, switch in enumerate(pack.switches):
        if switch.id not in asked:
            message = said("No rule asks for a reading of “%(name)s”: to choose one changes nothing.", name=switch.name)
            yield document.fault(("switches", index), message)


def unread_facts(packs: Iterable[Pack] | None = None) -> Iterator[Fault]:
    """What people are asked and no rule of these packs reads, at its line of the catalogue. None: the packs of irm."""
    packs = builtin_packs() if packs is None else packs
    rules = [rule for pack in packs for rule in pack.rules]
    read = {one.fact.name for rule in rules if isinstance(rule, GradingRule) for one in rule.criteria}
    # `incident.crime_suspected` is the fact of that name, taken over all parts.
    read |= {name.partition(".")[2] for rule in rules if rule.when for name in rule.when.names}
    document = catalogue_file()
    for index, name in enumerate(catalogue()):
        if name not in read:
            yield document.fault(("facts", index), said("No rule of any pack reads the fact “%(name)s”.", name=name))


def _placed(document: Document, pack: Pack) -> Iterator[tuple[int, Rule]]:
    """In the order of the file."""
    by_name = {rule.name: rule for rule in pack.rules}
    for index, given in enumerate(document.data["rules"]):
        yield index, by_name[given["id"]]


def _is_never_in_force(pack: Pack, rule: Rule) -> bool:
    since, until = _days(pack, rule)
    return until < since


def _days(pack: Pack, rule: Rule) -> tuple[date, date]:
    both = (pack.effective, rule.effective)
    since = max((one.since for one in both if one.since), default=date.min)
    return since, min((one.until for one in both if one.until), default=date.max)


def _covers(pack: Pack, graver: GradingRule, milder: GradingRule) -> bool:
    """Whether `graver` grades wherever `milder` does: on the same condition or none, and figures that are reached with it."""
    if graver.scheme != milder.scheme or graver.level >= milder.level:
        return False
    if graver.status not in MAY_GRADE or (graver.when and graver.when != milder.when):
        return False
    (since, until), (first, last) = _days(pack, graver), _days(pack, milder)
    return (
        since <= first
        and last <= until
        and all(
            wanted.at_least is not None
            and any(
                one.fact == wanted.fact and one.at_least is not None and one.at_least >= wanted.at_least
                for one in milder.criteria
            )
            for wanted in graver.criteria
        )
    )


def _can_hold(rule: Rule, tries: Tries) -> bool:
    if rule.when is None:
        return True
    about = rule.subject if isinstance(rule, DutyRule) else "incident"
    declared = grading_types() if isinstance(rule, GradingRule) else duty_types(about)
    literals = literals_in([rule.when])
    numbers = {int(one) for one in _NUMBER.findall(rule.when.source)}
    least = (
        {f"facts.{one.fact.name}": one.at_least or 0 for one in rule.criteria} if isinstance(rule, GradingRule) else {}
    )
    over: list[Domain] = []
    names = set(rule.when.names)
    if asked := names & set(LEVEL_NAMES):
        over.append(projected(_levels(), asked))
    for name in sorted(names - asked):
        values = _values(name, declared[name], literals, numbers, least.get(name, 0))
        if values is None:
            return True
        over.append(tuple({name: value} for value in values))
    return can_be([Wanted(rule.when)], sorted(over, key=len), tries)


def _levels() -> Iterator[Values]:
    """What may be is never milder than what is."""
    for may_be in level_words().values():
        for at_least in level_words().values():
            if may_be <= at_least:
                answers = {"may_be": may_be, "at_least": at_least}
                yield {name: answers[which] for name, which in LEVEL_NAMES.items()}


def _values(
    name: str, declared: FactType | Choice, literals: Sequence[str], numbers: set[int], least: int
) -> Sequence[object] | None:
    """What it may be, as far as this condition can tell one from another; None: too many. `least`: by the rule's own
    figure, so many at least."""
    fact = catalogue().get(name.removeprefix("facts.")) if name.startswith("facts.") else None
    if isinstance(declared, Choice):
        # Of a scale the words come mildest first, after `none`.
        return declared.values[least:] if fact is not None else declared.values
    match declared:
        case FactType.BOOL:
            return (True,) if least else (False, True)
        case FactType.INT:
            most = 5 if name in PROTECTION_LEVELS else fact.most if fact else LARGEST
            lowest = 1 if name in PROTECTION_LEVELS else least
            near = {one + step for one in numbers for step in (-1, 0, 1)}
            return sorted(one for one in near | {lowest, most} if lowest <= one <= most)
        case FactType.STRINGS:
            words = [one for one in literals if one in WORDS.get(name, (one,))]
            if len(words) > MOST_SUBSETS:
                return None
            return [list(one) for one in chain.from_iterable(combinations(words, n) for n in range(len(words) + 1))]
        case FactType.STRING:
            known = tuple(categories()) if name == "incident.category" else WORDS.get(name, (*literals, OTHER))
            return ("", *known)
        case _:
            return None
