"""Tests of a pack about incidents: who owes what to whom by when, among a model city's organizations. `pack_tests.py` runs them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from irm.conditions import level_words
from irm.errors import Said, said
from irm.positions import Loc
from irm.rules.duties import Cii, IncidentSubject, Levels, Owed, Party, Share, due
from irm.rules.facts import NONE, FactValue
from irm.rules.language import LevelWord
from irm.rules.load import catalogue, check_facts
from irm.rules.moments import SHANGHAI, within
from irm.rules.pack import Pack


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Share(_Shape):
    roles: list[str]
    known_at: AwareDatetime
    cii: Cii = "unknown"
    handled_at: AwareDatetime | None = None
    reported: list[str] = []
    events: dict[str, AwareDatetime] = {}
    sector_regulator: bool = False


class _Due(_Shape):
    reached: LevelWord
    possible: LevelWord
    assessed: LevelWord | None = None
    category: str | None = None
    shares: list[_Share]
    facts: dict[str, Any] = {}
    events: dict[str, AwareDatetime] = {}
    now: AwareDatetime = datetime.fromisoformat("2026-11-21T12:00:00+08:00")


class _Owes(_Shape):
    rule: str
    to: str
    tier: str | None = None
    due_at: AwareDatetime | None = None
    information_only: bool = False


class _DueExpect(_Shape):
    owed: list[_Owes] = []
    not_owed: list[str] = []


class DueTest(_Shape):
    name: str
    due: _Due
    expect: _DueExpect


def facts_of(given: Mapping[str, Any]) -> dict[str, FactValue]:
    """`others: none` fills in every fact not given; durations may be written PT2H."""
    facts = {key: value for key, value in given.items() if key != "others"}
    for name, value in facts.items():
        fact = catalogue().get(name)
        if fact is not None and fact.kind == "minutes" and isinstance(value, str) and value.startswith("P"):
            facts[name] = within(value).minutes
    if given.get("others") == NONE:
        facts = dict.fromkeys(catalogue(), NONE) | facts
    return check_facts(facts)


_KINDS: Final = (
    ("cloud_authority", "city", True),
    ("cyberspace_office", "city", False),
    ("cyberspace_office", "province", False),
    ("cyberspace_office", "national", False),
    ("public_security", "city", False),
    ("public_security", "province", False),
    ("public_security", "national", False),
    ("protection_department", "province", False),
    ("sector_regulator", "province", False),
    ("superior", "national", False),
)
_ROLE_KINDS: Final = {"cloud_authority": "cloud_authority", "vendor": "vendor"}


def owed_among(test: DueTest, pack: Pack) -> tuple[Owed, ...]:
    """Raises Wrong and Invalid for a fact that there is not, or that is none of its values."""
    given = test.due
    directory = [Party(UUID(int=at), kind, tier, joined) for at, (kind, tier, joined) in enumerate(_KINDS, 1)]
    by_kind = {party.kind: party.id for party in reversed(directory)}
    shares = []
    for at, one in enumerate(given.shares, 100):
        kind = next((_ROLE_KINDS[role] for role in one.roles if role in _ROLE_KINDS), "using_unit")
        organization = by_kind["cloud_authority"] if kind == "cloud_authority" else UUID(int=at)
        if kind != "cloud_authority":
            directory.append(Party(organization, kind, "city", joined=True))
        shares.append(
            Share(
                organization=organization,
                roles=frozenset(one.roles),
                known_at=one.known_at,
                handled_at=one.handled_at,
                cii=one.cii,
                protection_department=by_kind["protection_department"] if one.cii != "no" else None,
                sector_regulator=by_kind["sector_regulator"] if one.sector_regulator else None,
                reported=frozenset(name if "/" in name else f"{pack.id}/{name}" for name in one.reported),
                events=one.events,
            )
        )
    words = level_words()
    subject = IncidentSubject(
        id=UUID(int=1),
        levels=Levels(words[given.reached], words[given.possible], words[given.assessed] if given.assessed else None),
        discovered_at=min(one.known_at for one in given.shares),
        shares=tuple(shares),
        directory=tuple(directory),
        facts=facts_of(given.facts),
        category=given.category,
        events=given.events,
    )
    return due([pack], subject, now=given.now)


def check_due(test: DueTest, owed: Sequence[Owed]) -> Iterator[tuple[Loc, Said]]:
    """Where the test says something else: the place in it, and what is there now."""
    names = sorted({one.rule_id.partition("/")[2] for one in owed})
    for index, wanted in enumerate(test.expect.owed):
        matching = [
            one
            for one in owed
            if one.rule_id.partition("/")[2] == wanted.rule
            and one.recipient_kind == wanted.to
            and wanted.tier in {None, one.recipient_tier}
            and one.information_only == wanted.information_only
        ]
        if not matching:
            yield (
                ("expect", "owed", index),
                said(
                    "%(rule)s to %(to)s is not owed; owed are: %(owed)s.",
                    rule=wanted.rule,
                    to=wanted.to,
                    owed=", ".join(names) or "–",
                ),
            )
        elif wanted.due_at is not None and wanted.due_at not in {one.due_at for one in matching}:
            moments = ", ".join(_shown(one.due_at) for one in matching)
            yield (
                ("expect", "owed", index),
                said(
                    "%(rule)s is due at %(found)s, the test says %(wanted)s.",
                    rule=wanted.rule,
                    found=moments,
                    wanted=_shown(wanted.due_at),
                ),
            )
    for index, name in enumerate(test.expect.not_owed):
        if name in names:
            yield ("expect", "not_owed", index), said("%(rule)s is owed.", rule=name)


def _shown(moment: datetime | None) -> str:
    """As packs write moments: at the clock of Shanghai."""
    return moment.astimezone(SHANGHAI).isoformat() if moment else "–"
