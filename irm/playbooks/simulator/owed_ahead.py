"""What a made-up incident owes under the rule packs, from when on, until when. Pure: `rules.duties.due` on made-up parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from irm.playbooks.simulator.situation import Situation
from irm.rules.duties import IncidentSubject, Levels, Party, Share, due
from irm.rules.owed import Owed
from irm.rules.pack import Pack

ROLES: Final[Mapping[str, str]] = {
    "cloud_authority": "cloud_authority",
    "using_units": "using_unit",
    "operators": "operator",
    "maintainers": "maintainer",
    "vendors": "vendor",
}
"""Part, as playbooks name it → the role that rules ask for."""
BORNE_BY: Final = ("cloud_authority", "operators", "using_units", "maintainers", "vendors")
DESKS: Final = (
    ("cyberspace_office", "city"),
    ("cyberspace_office", "province"),
    ("cyberspace_office", "national"),
    ("public_security", "city"),
    ("public_security", "province"),
    ("protection_department", "province"),
    ("sector_regulator", "province"),
)
"""Authorities of the made-up city: listed, not joined."""


@dataclass(frozen=True)
class OwedAhead:
    """One duty towards one recipient, known to irm `from_` a moment on (its clock may have started earlier)."""

    id: str
    owed: Owed
    bearer: str
    from_: datetime

    @property
    def limit_at(self) -> datetime | None:
        """The article's, else the city's own."""
        return self.owed.due_at or self.owed.internal_due_at


@dataclass(frozen=True)
class Stage:
    """The facts from a moment on."""

    from_: datetime
    facts: Mapping[str, Any]
    handled_at: datetime | None = None


def owed_ahead(
    packs: Sequence[Pack], situation: Situation, stages: Sequence[Stage], *, discovered: datetime, until: datetime
) -> tuple[OwedAhead, ...]:
    """In the order in which they open. What later facts no longer ask for stays owed: taking a duty back is a person's act."""
    names = _named(situation)
    found: dict[str, OwedAhead] = {}
    for stage in stages:
        for one in due(packs, _subject(stage, situation, names, discovered), now=until):
            if one.information_only or one.key in found:
                continue
            bearer = names.get(one.bearer) if one.bearer is not None else None
            if bearer is None:
                continue
            opened = max(stage.from_, one.started_at) if one.started_at else stage.from_
            found[one.key] = OwedAhead(_readable(one, bearer, found), one, bearer, opened)
    return tuple(sorted(found.values(), key=lambda one: one.from_))


def _readable(one: Owed, bearer: str, found: Mapping[str, OwedAhead]) -> str:
    name = f"{one.rule_id}/{bearer}/{one.recipient_kind}"
    taken = {each.id for each in found.values()}
    return name if name not in taken else f"{name}/{len(found)}"


def _named(situation: Situation) -> Mapping[UUID, str]:
    every = dict.fromkeys(name for part in BORNE_BY for name in situation.organizations.get(part, (part,)))
    return {_id(name): name for name in every}


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_OID, f"irm:{name}")


def _subject(stage: Stage, situation: Situation, names: Mapping[UUID, str], discovered: datetime) -> IncidentSubject:
    facts = stage.facts
    desks = {(kind, tier): Party(_id(f"{kind}/{tier}"), kind, tier, joined=False) for kind, tier in DESKS}
    shares, parties = [], list(desks.values())
    for organization, name in names.items():
        roles = frozenset(role for part, role in ROLES.items() if name in situation.organizations.get(part, (part,)))
        kind = "cloud_authority" if "cloud_authority" in roles else "vendor" if roles == {"vendor"} else "using_unit"
        parties.append(Party(organization, kind, "city", joined=True))
        shares.append(
            Share(
                organization,
                roles,
                discovered,
                handled_at=stage.handled_at,
                cii=facts["cii"],
                protection_department=None if facts["cii"] == "no" else desks["protection_department", "province"].id,
            )
        )
    events = {"crime_suspected_at": stage.from_} if facts.get("crime_suspected") else {}
    return IncidentSubject(
        id=_id("incident"),
        levels=Levels(facts["reached"], facts["possible"], facts["assessed"]),
        discovered_at=discovered,
        shares=tuple(shares),
        directory=tuple(parties),
        facts={},
        cii=facts["cii"],
        category=facts.get("category") or None,
        events=events,
    )


def far_enough(start: datetime, passed: Sequence[timedelta]) -> datetime:
    """After everything that is supposed to happen."""
    return start + max(passed, default=timedelta()) + timedelta(seconds=1)
