"""Evidence packs that reach through many rooms: a system with its life, a year of an organization or of the city."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Reach, may, reach
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.drills.queries import counted_in
from irm.errors import Forbidden, Invalid, NotFound
from irm.evidence.collecting import Entry, Gathered, Line, Place, Shown, Stretch
from irm.evidence.owned import OwnedEvidence, names_one_of, plain_lines
from irm.evidence.service import Attachment
from irm.findings.queries import findings_of_systems
from irm.i18n import N_, Translator
from irm.incidents import queries as incidents
from irm.incidents.evidence_pack import gathered as of_incident
from irm.incidents.filters import Filters
from irm.incidents.queries import Incident, Sight
from irm.oversight.queries import changes_of_system
from irm.reports.queries import subjects_of_year
from irm.reports.service import ENTRY_WORDS
from irm.systems import queries as register
from irm.systems.queries import System
from irm.systems.vocabulary import LEVEL_NAMES, NO_LEVEL_NAME

PAGE: Final = 200
MOST_SYSTEMS: Final = 500
MOST_CHANGES: Final = 1000
NOT_THE_YEAR: Final = N_("Your roles are limited to certain systems: ask for the evidence of one of these.")
WORDS: Final[Mapping[str, str]] = {
    "system.registered": N_("System registered"),
    "system.changed": N_("Register changed"),
}


@dataclass(frozen=True)
class Parts:
    """Several gathered things as one: each entry and file is judged by the part whose subject it lies under."""

    own: Callable[[Entry], Shown | None]
    by_subject: Mapping[str, Gathered]
    """First two words of the subject → its part."""

    def shows(self, entry: Entry) -> Shown | None:
        part = self.by_subject.get(_head(entry.subject))
        return part.shows(entry) if part else self.own(entry)

    async def describe(self, tx: Tx, entries: Sequence[Entry], t: Translator, now: datetime) -> list[Line]:
        """Each part in its own words, in the order of the entries."""
        groups: dict[str, list[Entry]] = {}
        for one in entries:
            head = _head(one.subject)
            groups.setdefault(head if head in self.by_subject else "", []).append(one)
        told: dict[UUID, Line] = {}
        for head, some in groups.items():
            how = self.by_subject[head].describe if head else plain_lines
            told |= dict(zip((one.id for one in some), await how(tx, some, t, now), strict=True))
        return [told[one.id] for one in entries]


def _head(subject: str) -> str:
    return "/".join(subject.split("/")[:2])


def _share(far: Reach, organizations: Collection[UUID] | None) -> Callable[[Entry], Shown | None]:
    """What is said of others is not in the pack; `organizations`: only theirs, also where the reader sees everything."""

    def shows(entry: Entry) -> Shown | None:
        if far.everything and organizations is None:
            return Shown(private=None)
        wanted = far.organizations if organizations is None else organizations
        if entry.action.startswith("system.") or names_one_of(entry.body, wanted):
            return Shown(private=None)
        return None

    return shows


def _sees(far: Reach, organizations: Collection[UUID] | None) -> Callable[[Attachment], bool]:
    def sees(one: Attachment) -> bool:
        if organizations is not None:
            return one.organization_id in organizations
        return far.everything or one.organization_id in far.organizations

    return sees


async def _life_of(tx: Tx, system: System) -> list[str]:
    """Where the ledger speaks of a system, besides its incidents."""
    changes = await changes_of_system(tx, system.id, limit=MOST_CHANGES)
    findings = await findings_of_systems(tx, [system.id])
    return [f"system/{system.id}", *(one.path for one in findings), *(one.path for one in changes)]


class SystemEvidence(OwnedEvidence):
    """`irm evidence export --system CODE`: register, assessments, findings, changes, duties, and its incidents."""

    async def gather(
        self,
        tx: Tx,
        name: str,
        by: Principal,
        *,
        organization: UUID | None,  # noqa: ARG002 - whoever has a part in the system
        now: datetime,  # noqa: ARG002 - what there is, is packed
    ) -> Gathered:
        far = reach(by, Permission.EXPORT_EVIDENCE)
        found = await register.system_by_code(tx, name.strip())
        if not may(by, Permission.EXPORT_EVIDENCE, found.resource):
            raise NotFound(register.NO_SYSTEM)
        about = await _incidents(tx, by, Filters(system=found.id), lambda _: True)
        parts = {one.subject: of_incident(Sight(one, far.everything, far.organizations)) for one in about}
        several = Parts(_share(far, None), parts)
        owner = (await access.organization(tx, found.owner_id)).name
        return Gathered(
            subject=f"system/{found.id}",
            name=found.code,
            stretches=tuple(Stretch(one) for one in [*await _life_of(tx, found), *parts]),
            title=lambda t: t("Evidence of system %(name)s", name=found.name),
            facts=lambda t: [
                (t("System"), found.name),
                (t("Code"), found.code),
                (t("Owner"), owner),
                (t("Protection level"), t(LEVEL_NAMES[found.level] if found.level else NO_LEVEL_NAME)),
                (t("Filing number"), found.filing_number or "–"),
                (t("Incidents"), str(len(parts))),
            ],
            shows=several.shows,
            sees=_sees(far, None),
            describe=several.describe,
        )

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        ids = {one: UUID(one.split("/")[1]) for one in subjects}
        found = await register.systems(tx, ids.values())
        return {
            subject: Place(found[one].name, f"/systems/{found[one].code}")
            for subject, one in ids.items()
            if one in found
        }

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS


class YearEvidence(OwnedEvidence):
    """`irm evidence export --year 2026 [--organization CODE]`: incidents by the moment of knowledge, Shanghai; all else by
    the moment it was recorded."""

    async def gather(self, tx: Tx, name: str, by: Principal, *, organization: UUID | None, now: datetime) -> Gathered:
        since, until = _bounds(name, now)
        far = reach(by, Permission.EXPORT_EVIDENCE)
        whose = await self._whose(far, organization)
        about = await _incidents(
            tx,
            by,
            Filters(organization=whose[0] if len(whose) == 1 else None),
            lambda one: since <= one.discovered_at < until,
        )
        narrow = whose or None
        parts = {
            one.subject: of_incident(
                Sight(one, far.everything and narrow is None, frozenset(narrow or far.organizations))
            )
            for one in about
        }
        systems = await register.systems_of(tx, whose) if whose else await register.register(tx)
        stretches = [Stretch(subject) for subject in parts]
        for system in systems[:MOST_SYSTEMS]:
            stretches += [Stretch(one, since, until) for one in await _life_of(tx, system)]
        organizations = [await access.organization(tx, one) for one in whose] or await access.organizations(tx)
        stretches += [Stretch(f"organization/{one.id}", since, until) for one in organizations]
        stretches += [
            Stretch(f"drill/{one.id}")
            for one in await counted_in(tx, since.astimezone(SHANGHAI).year)
            if not whose or not one.organizations.isdisjoint({*whose})
        ]
        stretches += [Stretch(one) for one in await subjects_of_year(tx, since.astimezone(SHANGHAI).year, narrow)]
        several = Parts(_share(far, narrow), parts)
        names = [one.name for one in organizations] if whose else []
        return Gathered(
            subject=f"organization/{whose[0]}" if whose else "ledger",
            name=str(since.astimezone(SHANGHAI).year),
            stretches=tuple(stretches),
            title=lambda t: _title(t, since, names),
            facts=lambda t: [
                (t("Year"), str(since.astimezone(SHANGHAI).year)),
                (t("Organization"), t("; ").join(names) if names else t("the whole city")),
                (t("Systems"), str(len(systems))),
                (t("Incidents"), str(len(parts))),
            ],
            shows=several.shows,
            sees=_sees(far, narrow),
            describe=several.describe,
            organization_id=whose[0] if whose else None,
        )

    @property
    def words(self) -> Mapping[str, str]:
        return ENTRY_WORDS

    async def _whose(self, far: Reach, organization: UUID | None) -> list[UUID]:
        """Empty: the whole city. Raises NotFound for an organization out of reach, Forbidden for whoever reaches none."""
        if far.everything:
            return [organization] if organization else []
        if not far.organizations:
            raise Forbidden(NOT_THE_YEAR)
        if organization is not None and organization not in far.organizations:
            raise NotFound(access.NO_ORGANIZATION)
        return [organization] if organization else sorted(far.organizations)


def _title(t: Translator, since: datetime, names: Sequence[str]) -> str:
    year = since.astimezone(SHANGHAI).year
    if not names:
        return t("Evidence of the year %(year)s", year=year)
    return t("Evidence of the year %(year)s: %(who)s", year=year, who=t("; ").join(names))


def _bounds(name: str, now: datetime) -> tuple[datetime, datetime]:
    text = name.strip()
    this = now.astimezone(SHANGHAI).year
    if not text.isascii() or not text.isdigit() or not this - 50 <= int(text) <= this:
        raise Invalid(N_("Write the year with four digits; it must have begun."), field="name")
    first, following = date(int(text), 1, 1), date(int(text) + 1, 1, 1)
    begun, ended = (datetime.combine(day, time(), SHANGHAI).astimezone(UTC) for day in (first, following))
    return begun, ended


async def _incidents(tx: Tx, by: Principal, filters: Filters, wanted: Callable[[Incident], bool]) -> list[Incident]:
    found: list[Incident] = []
    before: str | None = None
    while True:
        some, before = await incidents.incidents(tx, by, filters, before=before, limit=PAGE)
        found += [one for one in some if wanted(one)]
        if before is None:
            return found


SYSTEM: Final = SystemEvidence()
YEAR: Final = YearEvidence()
