"""Tests of a pack about systems, organizations and changes, and about how long to keep what. `pack_tests.py` runs them.

`year` gives a model subject among a model city's organizations and asks what it owes; `keep` asks for how long.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from irm.conditions import Choice, one_of
from irm.errors import Said, Wrong, said
from irm.positions import Loc
from irm.rules.declared import DeclaredRelation, dates_of, declared, relations_of, subjects, types_of
from irm.rules.duties import due
from irm.rules.duties_of_the_year import YearRules
from irm.rules.keeping import keep_at_least
from irm.rules.moments import SHANGHAI
from irm.rules.owed import Owed
from irm.rules.pack import Pack
from irm.rules.periods import span, written
from irm.rules.subjects import (
    ChangeSubject,
    DeclaredSubject,
    Directory,
    OrganizationSubject,
    Party,
    SystemSubject,
    YearSubject,
)
from irm.rules.workdays import WorkCalendar

STANDARD_MOMENT: Final = "2026-11-21T12:00:00+08:00"
ITSELF, OWNER, OPERATOR, USER, MAINTAINER, TESTER = (UUID(int=number) for number in range(201, 207))
SUBJECTS: Final[Mapping[str, type[SystemSubject | OrganizationSubject | ChangeSubject]]] = {
    "system": SystemSubject,
    "organization": OrganizationSubject,
    "change": ChangeSubject,
}


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Year(_Shape):
    """Facts without the first part of their names; of a change also those of its system under `system`.

    A subject that is only declared stands under its own name, as the others do (`contract: {…}`).
    """

    system: dict[str, Any] | None = None
    organization: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    declared: tuple[str, dict[str, Any]] | None = Field(None, exclude=True)
    dates: dict[str, date] = {}
    in_use_from: date = date(2026, 1, 1)
    now: AwareDatetime = datetime.fromisoformat(STANDARD_MOMENT)
    until: AwareDatetime | None = None
    readings: dict[str, str] = {}
    joined: bool = True
    holidays: list[date] = []
    working_weekends: list[date] = []
    years_known: list[int] = []

    @model_validator(mode="before")
    @classmethod
    def _declared(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        named = [name for name in given if name in declared() and isinstance(given[name], dict)]
        if not named:
            return given
        rest = {name: value for name, value in given.items() if name != named[0]}
        return {**rest, "declared": (named[0], given[named[0]])}

    @model_validator(mode="after")
    def _one_subject(self) -> "_Year":
        own = [one for one in (self.system, self.organization, self.declared) if one is not None]
        if (len(own) != 1 and self.change is None) or (self.change is not None and self.declared is not None):
            raise Wrong(said("Say what the test is about."), one_of(name for name in subjects() if name != "incident"))
        return self

    @property
    def kind(self) -> str:
        if self.declared is not None:
            return self.declared[0]
        return "change" if self.change is not None else "system" if self.system is not None else "organization"


class _Owes(_Shape):
    rule: str
    to: str
    tier: str | None = None
    starts: date | None = None
    due_at: AwareDatetime | None = None
    period: str | None = None
    times: int | None = None
    """How many of this rule are owed, in the period if one is named."""
    provisional: bool | None = None
    information_only: bool = False


class _YearExpect(_Shape):
    """`standing`: what always holds for such a subject, without a day."""

    owed: list[_Owes] = []
    not_owed: list[str] = []
    standing: list[str] = []
    not_standing: list[str] = []


class YearTest(_Shape):
    name: str
    year: _Year
    expect: _YearExpect


class _KeepExpect(_Shape):
    at_least: str | None


class KeepTest(_Shape):
    name: str
    keep: str = Field(min_length=1)
    expect: _KeepExpect


def run_keep(test: KeepTest, pack: Pack) -> Iterator[tuple[Loc, Said]]:
    found = keep_at_least([pack], test.keep)
    wanted = span(test.expect.at_least) if test.expect.at_least else None
    if found != wanted:
        yield (
            ("expect",),
            said(
                "%(what)s is %(found)s, the test says %(wanted)s.",
                what=test.keep,
                found=written(found) if found else "–",
                wanted=test.expect.at_least or "–",
            ),
        )


def owed_in(test: YearTest, pack: Pack) -> tuple[Owed, ...]:
    """Raises Wrong for a fact or date that there is not."""
    given = test.year
    readings = _readings(given, pack)
    exceptions = dict.fromkeys(given.holidays, False) | dict.fromkeys(given.working_weekends, True)
    calendar = WorkCalendar(frozenset(given.years_known), exceptions)
    return due([pack], _subject(given), now=given.now, until=given.until, readings=readings, calendar=calendar)


def standing_in(test: YearTest, pack: Pack) -> tuple[str, ...]:
    """Names of the standing duties of such a subject."""
    rules = YearRules([pack], _readings(test.year, pack), WorkCalendar())
    return tuple(rule.name for rule in rules.standing(_subject(test.year)))


def check_standing(test: YearTest, found: tuple[str, ...]) -> Iterator[tuple[Loc, Said]]:
    for index, name in enumerate(test.expect.standing):
        if name not in found:
            told = ", ".join(found) or "–"
            yield (
                ("expect", "standing", index),
                said("%(rule)s does not stand; standing are: %(found)s.", rule=name, found=told),
            )
    for index, name in enumerate(test.expect.not_standing):
        if name in found:
            yield ("expect", "not_standing", index), said("%(rule)s stands.", rule=name)


def check_year(test: YearTest, owed: tuple[Owed, ...]) -> Iterator[tuple[Loc, Said]]:
    names = sorted({one.rule_id.partition("/")[2] for one in owed})
    for index, wanted in enumerate(test.expect.owed):
        loc: Loc = ("expect", "owed", index)
        matching = [one for one in owed if _is_meant(wanted, one)]
        if not matching:
            yield (
                loc,
                said(
                    "%(rule)s to %(to)s is not owed; owed are: %(owed)s.",
                    rule=wanted.rule,
                    to=wanted.to,
                    owed=", ".join(names) or "–",
                ),
            )
            continue
        for what, found, expected in (
            ("due_at", {one.due_at for one in matching}, wanted.due_at),
            (
                "starts",
                {one.started_at.astimezone(SHANGHAI).date() for one in matching if one.started_at},
                wanted.starts,
            ),
            ("times", {len(matching)}, wanted.times),
            ("provisional", {one.provisional for one in matching}, wanted.provisional),
        ):
            if expected is not None and expected not in found:
                told = ", ".join(sorted(_shown(each) for each in found))
                yield (
                    loc,
                    said(
                        "%(rule)s: %(what)s is %(found)s, the test says %(wanted)s.",
                        rule=wanted.rule,
                        what=what,
                        found=told,
                        wanted=_shown(expected),
                    ),
                )
    for index, name in enumerate(test.expect.not_owed):
        if name in names:
            yield ("expect", "not_owed", index), said("%(rule)s is owed.", rule=name)


def _readings(given: _Year, pack: Pack) -> dict[str, str]:
    return {name if "/" in name else f"{pack.id}/{name}": reading for name, reading in given.readings.items()}


def _is_meant(wanted: _Owes, one: Owed) -> bool:
    return (
        one.rule_id.partition("/")[2] == wanted.rule
        and one.recipient_kind == wanted.to
        and wanted.tier in {None, one.recipient_tier}
        and wanted.period in {None, one.period}
        and one.information_only == wanted.information_only
    )


def _shown(value: object) -> str:
    return value.astimezone(SHANGHAI).isoformat() if isinstance(value, datetime) else str(value)


def _subject(given: _Year) -> YearSubject:
    kind = given.kind
    facts = _facts(given)
    for name in given.dates:
        if name not in dates_of(kind):
            raise Wrong(said("“%(name)s” is no date of this subject.", name=name), one_of(dates_of(kind)))
    itself_kind = str(facts.get("organization.kind", "vendor"))
    joined = given.joined
    parties = [
        Party(UUID(int=1), "cloud_authority", "city", joined=True),
        Party(UUID(int=2), "cyberspace_office", "city", joined=False),
        Party(UUID(int=3), "cyberspace_office", "province", joined=False),
        Party(UUID(int=4), "public_security", "city", joined=False),
        Party(UUID(int=5), "public_security", "province", joined=False),
        Party(UUID(int=6), "protection_department", "province", joined=False),
        Party(OWNER, "using_unit", "city", joined=joined),
        Party(OPERATOR, "using_unit", "city", joined=joined),
        Party(USER, "using_unit", "city", joined=joined),
        Party(MAINTAINER, "vendor", "city", joined=joined),
        Party(TESTER, "assessor", "city", joined=False),
    ]
    itself = UUID(int=1)
    if itself_kind != "cloud_authority":
        itself = ITSELF
        parties.append(Party(ITSELF, itself_kind, str(facts.get("organization.tier", "city")), joined=joined))
    if kind in declared():
        return _declared_subject(given, facts, parties)
    relations = {
        "owner": (OWNER,),
        "operator": (OPERATOR,),
        "users": (USER,),
        "maintainers": (MAINTAINER,),
        "protection_department": (UUID(int=6),),
        "tester": (TESTER,),
        "by": (MAINTAINER,),
        "itself": (itself,),
    }
    return SUBJECTS[kind](
        id=UUID(int=1),
        in_use_from=given.in_use_from,
        directory=Directory(tuple(parties)),
        organizations={name: relations[name] for name in relations_of(kind)},
        dates=given.dates,
        facts=facts,
    )


def _facts(given: _Year) -> dict[str, Any]:
    """By full name. Raises Wrong for a name or a word that there is not."""
    known = types_of(given.kind)
    families = [(name, getattr(given, name) or {}) for name in ("system", "organization", "change")]
    found: dict[str, Any] = {}
    for family, values in [*families, *([given.declared] if given.declared else [])]:
        for name, value in values.items():
            full = f"{family}.{name}"
            if full not in known:
                raise Wrong(said("There is nothing named “%(name)s” here.", name=full), one_of(known))
            kind = known[full]
            if isinstance(kind, Choice) and value not in kind.values:
                raise Wrong(said("“%(value)s” is not possible here.", value=value), one_of(kind.values))
            found[full] = value
    return found


def _declared_subject(given: _Year, facts: Mapping[str, Any], city: list[Party]) -> DeclaredSubject:
    """Each of its relations is an organization of its own, of the kind that it is as a rule."""
    own = declared()[given.kind]
    parties = {name: _party(at, one, joined=given.joined) for at, (name, one) in enumerate(own.relations.items(), 301)}
    return DeclaredSubject(
        id=UUID(int=1),
        kind=given.kind,
        in_use_from=given.in_use_from,
        directory=Directory((*city, *(one for one in parties.values() if one not in city))),
        organizations={name: (party.id,) for name, party in parties.items()},
        dates=given.dates,
        facts=facts,
    )


def _party(number: int, one: DeclaredRelation, *, joined: bool) -> Party:
    """The city has one cloud authority."""
    if one.kind == "cloud_authority":
        return Party(UUID(int=1), one.kind, "city", joined=True)
    return Party(UUID(int=number), one.kind, "city", joined=joined)
