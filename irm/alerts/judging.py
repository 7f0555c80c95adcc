"""A person on duty says what alerts are: an incident, part of one, a false alarm; or answers for a secrecy mark."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update

from irm.access.policy import Permission, Principal, reach
from irm.alerts.filing import content_of, filing_of, judge
from irm.alerts.grouping import forget_waiting
from irm.alerts.models import AlertRow, AlertSourceRow
from irm.alerts.policy import alert_policy
from irm.db import Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_, Translator
from irm.incidents import intake
from irm.incidents.handling import change_status
from irm.incidents.policy import intake_policy
from irm.incidents.queries import incident_of
from irm.incidents.secrecy import record_refusal
from irm.incidents.service import file_incident
from irm.ledger import Event, record

NO_ALERT: Final = N_("There is no such alert, or it is not yours to see.")
JUDGED: Final = N_("Somebody has judged these alerts meanwhile; nothing of them waits any more.")
HELD_BACK: Final = N_(
    "The alert carries a secrecy mark (%(marker)s). Answer first whether it concerns state secrets; "
    "nothing else is done with it before."
)
NOT_HELD: Final = N_("Nothing is held back here.")
NO_REASON: Final = N_("Give the reason; it stays in the record.")
NO_MUTE: Final = N_("Between 0 and %(most)s hours.")
NOT_WHOLE: Final = N_("Only the cloud authority confirms for the whole incident; it is filed as to be verified.")


@dataclass(frozen=True)
class Chosen:
    """Alerts of one source: one of them, or all of a grouping."""

    source: AlertSourceRow
    condition: ColumnElement[bool]


async def one_alert(
    tx: Tx, alert_id: UUID, by: Principal, permission: Permission = Permission.JUDGE_ALERTS
) -> tuple[AlertRow, Chosen]:
    """Raises NotFound, for what the reader may not touch too."""
    row = await tx.get(AlertRow, alert_id, with_for_update={"key_share": True})
    source = await tx.get_one(AlertSourceRow, row.source_id) if row is not None else None
    if row is None or source is None or not _reaches(by, permission, source):
        raise NotFound(NO_ALERT)
    return row, Chosen(source, AlertRow.id == row.id)


async def whole_group(tx: Tx, source: str, grouping: str, by: Principal) -> Chosen:
    """All alerts of the grouping. Raises NotFound."""
    found = None
    if "\0" not in source + grouping:
        found = await tx.scalar(select(AlertSourceRow).where(AlertSourceRow.code == source))
    if found is None or not _reaches(by, Permission.JUDGE_ALERTS, found):
        raise NotFound(NO_ALERT)
    return Chosen(found, and_(AlertRow.source_id == found.id, AlertRow.grouping == grouping))


def _reaches(by: Principal, permission: Permission, source: AlertSourceRow) -> bool:
    far = reach(by, permission)
    return far.everything or source.organization_id in far.organizations


async def file_alerts(
    tx: Tx,
    chosen: Chosen,
    *,
    title: str | None,
    text: str | None,
    contact: str,
    verified: bool,
    joins: str | None,
    markers_confirmed: bool,
    t: Translator,
    by: Principal,
    now: datetime,
) -> str:
    """One incident of all that waits, or one more filing of `joins`; its number. It waits as 待核实 unless the person has
    verified it, which only those may say who speak for whole incidents. The secrecy question is asked before this.

    Raises Conflict where nothing waits any more, Invalid with all faults of the filing.
    """
    await _refuse_held(tx, chosen)
    content = await content_of(tx, chosen.source, chosen.condition, t)
    if content is None:
        raise Conflict(JUDGED)
    if verified and not reach(by, Permission.CHANGE_STATUS).everything:
        raise Forbidden(NOT_WHOLE)
    own = chosen.source.organization_id if chosen.source.organization_id in by.organizations else by.home
    given = await filing_of(
        tx,
        content,
        by,
        contact=contact,
        title=title,
        text=text,
        organization=own,
        markers_confirmed=markers_confirmed,
        joins=joins,
    )
    filed = await file_incident(tx, given, by=by, now=now, means="machine")
    await judge(
        tx,
        chosen.source,
        chosen.condition,
        verdict="joined" if filed.joined else "filed",
        incident_id=filed.incident_id,
        person_id=by.person_id,
        actor=by.actor,
        now=now,
    )
    if verified and (await incident_of(tx, filed.incident_id)).status == "reported":
        await change_status(tx, filed.incident_id, status="open", reason="", organization=None, by=by, now=now)
    return filed.number


async def dismiss_alerts(tx: Tx, chosen: Chosen, *, reason: str, mute_hours: int, by: Principal, now: datetime) -> int:
    """误报, with its reason; how many. `mute_hours` 0: the next firing waits again. Raises Invalid, Conflict."""
    policy = alert_policy()
    if faults := intake.text_faults("reason", reason, intake_policy().longest_reason, required=True):
        raise Invalid.of(faults)
    if not 0 <= mute_hours <= policy.longest_mute_hours:
        raise Invalid(NO_MUTE, field="mute_hours", most=policy.longest_mute_hours)
    await _refuse_held(tx, chosen)
    done = await judge(
        tx,
        chosen.source,
        chosen.condition,
        verdict="dismissed",
        incident_id=None,
        reason=reason.strip(),
        muted_until=now + timedelta(hours=mute_hours) if mute_hours else None,
        person_id=by.person_id,
        actor=by.actor,
        now=now,
    )
    if not done:
        raise Conflict(JUDGED)
    return done


async def unmute(tx: Tx, chosen: Chosen, *, by: Principal, now: datetime) -> int:
    """What is muted waits again from its next firing on; how many."""
    done = await tx.execute(
        update(AlertRow)
        .where(chosen.condition, AlertRow.muted_until > now)
        .values(muted_until=None)
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    n = len(done.scalars().all())
    if n:
        body = {"source": chosen.source.code, "alerts": n}
        await record(tx, Event("alert.unmuted", f"alert_source/{chosen.source.id}", now, by.actor, body))
    return n


async def answer_for_mark(
    tx: Tx, row: AlertRow, source: AlertSourceRow, *, classified: str, by: Principal, now: datetime
) -> bool:
    """Whether it is released. "no": its content is read and judged as any other's. Anything else: the content goes at
    once, with what the source sent and nobody sorted yet, and the source is switched off. Raises Conflict."""
    if row.marker is None:
        raise Conflict(NOT_HELD)
    marker, path = row.marker, f"alert_source/{source.id}"
    row.marker = None
    if classified == "no":
        row.released_at, row.grouping = now, row.title
        await tx.flush()
        body = {"alert": str(row.id), "source": source.code, "marker": marker}
        await record(tx, Event("alert.released", path, now, by.actor, body))
        return True
    row.title = row.grouping = str(row.id)
    row.text = row.resource = ""
    row.payload = row.category = row.subcategory = None
    row.facts = {}
    row.verdict, row.verdict_at, row.verdict_by = "dismissed", now, by.person_id
    source.is_enabled = False
    await forget_waiting(tx, source.id, now=now)
    await tx.flush()
    await record_refusal(tx, classified, actor=by.actor, now=now)
    body = {"alert": str(row.id), "source": source.code, "answer": classified}
    await record(tx, Event("alert.erased", path, now, by.actor, body))
    await record(tx, Event("alert_source.disabled", path, now, by.actor, {"code": source.code}))
    return False


async def _refuse_held(tx: Tx, chosen: Chosen) -> None:
    marker = await tx.scalar(
        select(AlertRow.marker)
        .where(chosen.condition, AlertRow.verdict == "open", AlertRow.marker.is_not(None))
        .limit(1)
    )
    if marker is not None:
        raise Conflict(HELD_BACK, code="held_back", marker=marker)
