"""What an evidence pack of an incident holds: its entries and files, as far as the asker sees the incident."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Permission, Principal
from irm.db import Tx
from irm.errors import NotFound
from irm.evidence.collecting import Entry, Gathered, Line, Place, Shown, Stretch
from irm.evidence.service import Attachment
from irm.i18n import Translator
from irm.incidents import queries, timeline
from irm.incidents.directory import account_of_draft
from irm.incidents.lifecycle import STATUS_NAMES, Status
from irm.incidents.queries import Sight
from irm.playbooks.titles import titles_of
from irm.web.wording import exact

REASON = frozenset({"reason"})


class IncidentEvidence:
    """`irm evidence export --incident NUMBER`; files at an incident, and in the filing form of an account."""

    async def gather(
        self,
        tx: Tx,
        name: str,
        by: Principal,
        *,
        organization: UUID | None,  # noqa: ARG002 - an incident is of all who have a part in it
        now: datetime,  # noqa: ARG002 - what there is, is packed
    ) -> Gathered:
        return gathered(await queries.sight_of(tx, name, by, Permission.EXPORT_EVIDENCE))

    async def may_read(self, tx: Tx, found: Attachment, by: Principal) -> bool:
        if account_of_draft(found.subject) == by.account_id:
            return True
        try:
            incident = await queries.incident_of(tx, UUID(found.subject.split("/")[1]))
            seen = await queries.sight_of(tx, incident.number, by, Permission.READ_EVIDENCE)
        except (NotFound, ValueError, IndexError):
            return False
        return seen.sees(found.organization_id)

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        found = {}
        for subject in subjects:
            incident = await queries.incident_of(tx, UUID(subject.split("/")[1]))
            found[subject] = Place(incident.number, incident.page)
        return found

    @property
    def words(self) -> Mapping[str, str]:
        return timeline.WORDS


def gathered(sight: Sight) -> Gathered:
    incident = sight.incident

    def shows(entry: Entry) -> Shown | None:
        if not sight.knows(entry.subject, entry.at):
            return None
        if sight.everything:
            return Shown(private=None)
        if not timeline.concerns(entry, sight.organizations):
            return None
        body = json.loads(entry.body)
        shown = timeline.shown_body(entry, sight)
        if shown != body:
            return Shown(extract={key: value for key, value in shown.items() if key != "private"})
        own = {str(one) for one in sight.organizations}
        return Shown(private=None if body.get("organization") in own else REASON)

    async def describe(tx: Tx, entries: Sequence[Entry], t: Translator, now: datetime) -> list[Line]:
        return await lines_of(tx, sight, entries, t, now)

    def facts(t: Translator) -> list[tuple[str, str]]:
        level = timeline.level_words(t, incident.clock_level)
        return [
            (t("Incident"), incident.number),
            (t("What happened"), incident.title),
            (t("State"), t(STATUS_NAMES[Status(incident.status)])),
            (t("Level that clocks run by"), level),
            (t("Discovered or learned of"), exact(incident.discovered_at, t)),
            *([(t("Drill"), t("This was a drill."))] if incident.exercise else []),
        ]

    return Gathered(
        subject=incident.subject,
        name=incident.number,
        stretches=tuple(Stretch(one) for one in sight.subjects),
        title=lambda t: t("Evidence of incident %(number)s", number=incident.number),
        facts=facts,
        shows=shows,
        sees=lambda one: sight.sees(one.organization_id),
        describe=describe,
    )


async def lines_of(tx: Tx, sight: Sight, entries: Sequence[Entry], t: Translator, now: datetime) -> list[Line]:
    """In the timeline's words."""
    told = [
        timeline.Entry(
            one.id, one.at, one.action, one.subject, one.actor, timeline.shown_body(one, sight), one.leaf_hash.hex(), ""
        )
        for one in entries
    ]
    names = await timeline.actor_names(tx, sight, told, t, now=now)
    organizations = await access.organization_names(tx, timeline.organizations_in(told))
    runs = await titles_of(tx, (one.body for one in told))
    return [
        Line(*timeline.words(t, one, organizations, runs), who=timeline.who(names, one.actor, one.body)) for one in told
    ]


PROVIDER = IncidentEvidence()
