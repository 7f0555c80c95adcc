"""Items (一)–(八) of an initial or progress report (Art. 7), drafted from the incident (RULES.md §2.2).

Only what is known is written; what nobody knows stays empty and reads 待补报. Reports go to authorities in Chinese,
whoever opens the draft.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import AUTHORITY
from irm.categories import category_name
from irm.db import Tx
from irm.i18n import N_, Translator, translator
from irm.incidents import facts as stated
from irm.incidents.correction_items import correction_items
from irm.incidents.lifecycle import Status
from irm.incidents.models import FilingRow, IncidentRow
from irm.incidents.picture import PartState, Picture, picture_of
from irm.ledger import Event
from irm.obligations.refilling import fill_draft, refill_drafts
from irm.playbooks.queries import tasks_of
from irm.rules.facts import NONE, Fact
from irm.rules.levels import level_word
from irm.rules.load import catalogue
from irm.systems.vocabulary import LEVEL_PHRASES
from irm.web.wording import grouped, in_full

LANGUAGE: Final = "zh-CN"
CORRECTION: Final = "correction"
DRAFTED_FORMS: Final = frozenset({"initial", "progress", "crime", "completion"})
UNITS: Final[Mapping[str, str]] = {
    "minutes": N_("%(n)s minutes"),
    "percent": N_("%(n)s percent"),
    "count": N_("%(n)s in number"),
    "yuan": N_("%(n)s yuan"),
}


async def fill_report(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`submission.drafted`: write what is known into the new draft. Nothing that a person has written is touched."""
    kind, _, rest = event.subject.partition("/")
    if kind != "incident" or event.body.get("form") not in DRAFTED_FORMS | {CORRECTION}:
        return
    incident = await tx.get(IncidentRow, UUID(rest.partition("/")[0]))
    if incident is None:
        return
    submission_id = UUID(str(event.body["submission"]))
    if event.body["form"] == CORRECTION:
        items = await correction_items(tx, incident, submission_id)
    else:
        items = await report_items(tx, incident, for_organization=UUID(str(event.body["organization"])))
    await fill_draft(tx, submission_id, items, now=event.at)


async def refill_reports(tx: Tx, incident: IncidentRow, *, now: datetime) -> None:
    """What the incident knows has changed: its drafts follow at once. Call it before duties are locked."""

    async def write(organization: UUID) -> dict[str, str]:
        return await report_items(tx, incident, for_organization=organization)

    await refill_drafts(tx, f"incident/{incident.id}", write, forms=DRAFTED_FORMS, now=now)


async def follow_task(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`task.done`: a measure was taken; the drafts say so."""
    kind, _, rest = event.subject.partition("/")
    incident = await tx.get(IncidentRow, UUID(rest.partition("/")[0])) if kind == "incident" else None
    if incident is not None:
        await refill_reports(tx, incident, now=event.at)


async def report_items(tx: Tx, incident: IncidentRow, *, for_organization: UUID) -> dict[str, str]:
    """By item key of `obligations/forms.yaml`; items that nobody can write yet are absent."""
    t = translator(LANGUAGE)
    picture = await picture_of(tx, incident, lock=False)
    part = next((one for one in picture.parts if one.row.organization_id == for_organization), None)
    filings = list(
        await tx.scalars(select(FilingRow).where(FilingRow.incident_id == incident.id).order_by(FilingRow.received_at))
    )
    # A unit's report speaks from its own words; the authority's from all.
    own = [one for one in filings if one.organization_id == for_organization]
    done = [
        t.of(task.title)
        for task in await tasks_of(tx, f"incident/{incident.id}")
        if task.status == "done" and (part is None or task.organization_id in {None, for_organization})
    ]
    found = {
        "unit": _unit(t, picture, part, for_organization),
        "course": _course(t, picture, part, own or filings, done),
        "trend": _trend(t, incident),
    }
    return {key: text for key, text in found.items() if text}


def _unit(t: Translator, picture: Picture, part: PartState | None, organization: UUID) -> str:
    known = picture.organizations.get(organization)
    lines = [t("Organization: %(name)s", name=known.name)] if known else []
    if known and known.telephone:
        lines.append(t("Telephone: %(number)s", number=known.telephone))
    systems = (part.systems if part else ()) or picture.systems
    for system in systems:
        operator = picture.organizations.get(system.operator_id)
        says = [t("System: %(name)s", name=system.name)]
        if operator and operator.id != organization:
            says.append(t("operator: %(name)s", name=operator.name))
        if system.level:
            says.append(t(LEVEL_PHRASES[system.level]))
        if system.filing_number:
            says.append(t("filing number %(number)s", number=system.filing_number))
        lines.append(t("; ").join(says))
    return "\n".join(lines)


def _course(
    t: Translator, picture: Picture, part: PartState | None, filings: Sequence[FilingRow], done: Sequence[str]
) -> str:
    incident = picture.incident
    known_at = part.row.known_at if part else incident.discovered_at
    lines = [t("Discovered or learned of: %(moment)s (Beijing time)", moment=in_full(known_at, t))]
    if incident.occurred_at:
        lines.append(t("Happened: %(moment)s (Beijing time)", moment=in_full(incident.occurred_at, t)))
    else:
        lines.append(t("Happened: not known yet"))
    places = [system.name for system in picture.systems] or [one.resource for one in filings if one.resource]
    if places:
        lines.append(t("Where: %(places)s", places=t(", ").join(places)))
    category = category_name(incident.category, incident.subcategory, LANGUAGE)
    lines.append(t("Type: %(name)s", name=category) if category else t("Type: being judged"))
    if incident.assessed:
        lines.append(t("Level: %(level)s (preliminary assessment)", level=level_word(incident.assessed)))
    else:
        lines.append(t("Level: being assessed"))
    if filings:
        lines.append(t("Course: %(text)s", text=filings[0].text.strip()))
    # A unit's report speaks for its own share; the authority's for the whole, whatever its own desk does not know.
    own = picture.common
    if part is not None and AUTHORITY not in part.row.roles:
        own = stated.of_part(picture.common, part.row.facts)
    lines += [t("Impact: %(what)s", what=line) for line in _impact(t, own)]
    if done:
        lines.append(t("Measures taken: %(what)s", what=t(", ").join(done)))
    return "\n".join(lines)


def _impact(t: Translator, known: Mapping[str, Any]) -> list[str]:
    return [
        t("%(fact)s: %(value)s", fact=fact.label[LANGUAGE], value=value_words(t, fact, known[name]))
        for name, fact in catalogue().items()
        if known.get(name) not in (None, NONE, False)
    ]


def value_words(t: Translator, fact: Fact, value: Any) -> str:
    """A fact's value as people read it."""
    if value == NONE:
        return t("none found")
    if value == stated.UNKNOWN or value is None:
        return t("unknown")
    if fact.kind == "flag":
        return t("yes") if value else t("no")
    if fact.kind == "scale":
        return next((t.of(step.label) for step in fact.scale if step.value == value), str(value))
    return t(UNITS[fact.kind], n=grouped(value))


def _trend(t: Translator, incident: IncidentRow) -> str:
    if incident.assessed or incident.possible >= incident.reached or Status(incident.status) is not Status.OPEN:
        return ""
    return t("By what is not known yet the level could reach %(level)s.", level=level_word(incident.possible))
