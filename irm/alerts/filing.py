"""Alerts become an incident: what is filed of them, in whose name, and job `alerts.file` of the city's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select, update

from irm.access import queries as access
from irm.access.policy import Principal, Role
from irm.actor import Actor
from irm.alerts.city_rules import CityRule
from irm.alerts.models import AlertFilingRow, AlertRow, AlertSourceRow
from irm.alerts.rule_versions import RulesVersion, rules_in_force
from irm.alerts.vocabulary import SEVERITIES
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import N_, Translator, translator
from irm.incidents.directory import nameable_system
from irm.incidents.queries import live_among
from irm.incidents.schemas import FileIncident, Target
from irm.incidents.service import file_incident
from irm.ledger import Event, record
from irm.one_at_a_time import be_alone
from irm.systems import queries as register

HOUR: Final = timedelta(hours=1)
MOST_GROUPINGS: Final = 100
"""Looked at in one run of a rule; a rule files a handful an hour."""
GRAVITY: Final = case({name: rank for rank, name in enumerate(SEVERITIES)}, value=AlertRow.severity)
ALERT_OF: Final = N_("Alert of %(source)s: %(title)s")
FIRED: Final = N_("First fired %(since)s, last %(last)s; %(alerts)s alerts, fired %(times)s times in all.")
WHERE: Final = N_("Where: %(resource)s")


@dataclass(frozen=True)
class Content:
    """What a filing says of some alerts that wait. `known_at`: when irm first heard of them."""

    title: str
    text: str
    known_at: datetime
    occurred_at: datetime | None
    system: str
    """Code; empty where they are of several, or of none."""
    resource: str
    category: str | None
    subcategory: str | None
    facts: Mapping[str, Any]
    alerts: int


async def content_of(tx: Tx, source: AlertSourceRow, chosen: ColumnElement[bool], t: Translator) -> Content | None:
    """Of all the alerts that `chosen` names and that wait; None where none waits. The gravest and newest gives the words."""
    waits = and_(chosen, AlertRow.verdict == "open")
    n, times, since, last, begun, systems = (
        await tx.execute(
            select(
                func.count(),
                func.sum(AlertRow.count),
                func.min(AlertRow.since),
                func.max(AlertRow.last_seen_at),
                func.min(AlertRow.occurred_at),
                func.array_agg(AlertRow.system_id.distinct()),
            ).where(waits)
        )
    ).one()
    if not n:
        return None
    lead = (
        await tx.scalars(
            select(AlertRow).where(waits).order_by(GRAVITY, AlertRow.last_seen_at.desc(), AlertRow.id).limit(1)
        )
    ).one()
    system = ""
    if len(systems) == 1 and systems[0] is not None:
        system = (await register.system(tx, systems[0])).code
    lines = [
        t(ALERT_OF, source=source.name, title=lead.title),
        lead.text,
        t(WHERE, resource=lead.resource) if lead.resource else "",
        t(FIRED, since=_local(since), last=_local(last), alerts=n, times=times),
    ]
    return Content(
        title=lead.title,
        text="\n".join(one for one in lines if one.strip()),
        known_at=since,
        occurred_at=min(begun, since) if begun is not None else None,
        system=system,
        resource=lead.resource,
        category=lead.category,
        subcategory=lead.subcategory,
        facts=lead.facts,
        alerts=n,
    )


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


async def target_of(tx: Tx, content: Content, by: Principal) -> Target:
    """The system where whoever files may name it, else the resource, else unknown."""
    if content.system and await nameable_system(tx, content.system, by) is not None:
        return Target("system", system=content.system)
    return Target("resource", resource=content.resource) if content.resource else Target("unknown")


async def judge(
    tx: Tx,
    source: AlertSourceRow,
    chosen: ColumnElement[bool],
    *,
    verdict: str,
    incident_id: UUID | None,
    reason: str = "",
    muted_until: datetime | None = None,
    person_id: UUID | None,
    actor: Actor,
    now: datetime,
    rule: str | None = None,
    version: int | None = None,
) -> int:
    """Gives the verdict to all that `chosen` names and that wait, and keeps it. How many there were."""
    done = await tx.execute(
        update(AlertRow)
        .where(chosen, AlertRow.source_id == source.id, AlertRow.verdict == "open")
        .values(
            verdict=verdict,
            verdict_at=now,
            verdict_by=person_id,
            reason=reason or None,
            muted_until=muted_until,
            incident_id=incident_id,
        )
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    ids: Sequence[UUID] = done.scalars().all()
    body = {
        "source": source.code,
        "verdict": verdict,
        "alerts": len(ids),
        "first": str(min(ids, default="")),
        "incident": str(incident_id) if incident_id else None,
        "muted_until": muted_until.isoformat() if muted_until else None,
        "rule": rule,
        "rules_version": version,
    }
    private = {"reason": reason} if reason else {}
    await record(tx, Event("alert.judged", f"alert_source/{source.id}", now, actor, body, private))
    return len(ids)


# -- by a city rule


async def machine(tx: Tx, source: AlertSourceRow) -> Principal:
    """The source as one that files for its organization: it has no account, and may do nothing else."""
    owner = await access.organization(tx, source.organization_id)
    return Principal(
        account_id=source.id,
        person_id=source.id,
        actor=Actor("machine", source.id, owner.id, label=source.code),
        memberships={owner.id: frozenset({Role.REPORTER})},
        kinds={owner.id: owner.kind},
    )


async def file_by_rule(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """What waits of one source and is the rule's: one incident to be verified for each grouping, or joined to the one that
    the rule filed lately. Beyond the rule's number an hour the rest waits on the board. Again, it finds nothing to do."""
    version = await rules_in_force(tx)
    rule = next((one for one in version.rules if one.id == args["rule"]), None)
    source = await tx.get(AlertSourceRow, UUID(args["source"]))
    if rule is None or source is None or not source.is_enabled:
        return
    await be_alone(tx, f"alerts.file/{rule.id}")
    for grouping in await _groupings(tx, source, rule):
        await _file(tx, source, version, rule, grouping, now=now)


async def _groupings(tx: Tx, source: AlertSourceRow, rule: CityRule) -> list[str]:
    """Those in which something waits that is this rule's, the longest waiting first."""
    found = await tx.scalars(
        select(AlertRow.grouping)
        .where(_waiting(source, rule))
        .group_by(AlertRow.grouping)
        .order_by(func.min(AlertRow.since), AlertRow.grouping)
        .limit(MOST_GROUPINGS)
    )
    return list(found)


def _waiting(source: AlertSourceRow, rule: CityRule) -> ColumnElement[bool]:
    return and_(
        AlertRow.source_id == source.id,
        AlertRow.rule_id == rule.id,
        AlertRow.verdict == "open",
        AlertRow.state == "firing",
        AlertRow.marker.is_(None),
    )


async def _file(
    tx: Tx, source: AlertSourceRow, version: RulesVersion, rule: CityRule, grouping: str, *, now: datetime
) -> None:
    chosen = and_(_waiting(source, rule), AlertRow.grouping == grouping)
    incident_id = await _lately_filed(tx, source, rule, grouping, now=now)
    verdict = "joined"
    by = await machine(tx, source)
    if incident_id is None:
        verdict = "filed"
        since = select(func.count()).where(AlertFilingRow.rule_id == rule.id, AlertFilingRow.at > now - HOUR)
        if (await tx.scalar(since) or 0) >= rule.at_most_per_hour:
            return
        content = await content_of(tx, source, chosen, translator("zh-CN"))  # what is on record is Chinese
        if content is None:
            return
        filed = await file_incident(
            tx, await filing_of(tx, content, by, contact=source.name), by=by, now=now, means="machine"
        )
        incident_id = filed.incident_id
        tx.add(
            AlertFilingRow(
                rule_id=rule.id,
                version=version.version,
                source_id=source.id,
                grouping=grouping,
                incident_id=incident_id,
                at=now,
            )
        )
        await tx.flush()
    await judge(
        tx,
        source,
        chosen,
        verdict=verdict,
        incident_id=incident_id,
        person_id=None,
        actor=by.actor,
        now=now,
        rule=rule.id,
        version=version.version,
    )


async def filing_of(
    tx: Tx,
    content: Content,
    by: Principal,
    *,
    contact: str,
    title: str | None = None,
    text: str | None = None,
    organization: UUID | None = None,
    markers_confirmed: bool = False,
    joins: str | None = None,
) -> FileIncident:
    """The filing as anybody's; `title` and `text` are what a person made of the machine's words. Non-classified: the
    source was registered so, and whoever files has answered."""
    return FileIncident(
        classified="no",
        text=text or content.text,
        title=title or content.title,
        target=await target_of(tx, content, by),
        known_at=content.known_at,
        occurred_at=content.occurred_at,
        contact=contact,
        category=content.category,
        subcategory=content.subcategory,
        organization=organization,
        markers_confirmed=markers_confirmed,
        joins=joins,
        facts=dict(content.facts),
    )


async def _lately_filed(tx: Tx, source: AlertSourceRow, rule: CityRule, grouping: str, *, now: datetime) -> UUID | None:
    """The incident that this rule filed of the same within its time, while somebody works on it."""
    found = await tx.scalar(
        select(AlertFilingRow.incident_id)
        .where(
            AlertFilingRow.rule_id == rule.id,
            AlertFilingRow.source_id == source.id,
            AlertFilingRow.grouping == grouping,
            AlertFilingRow.at > now - rule.group_within,
        )
        .order_by(AlertFilingRow.at.desc())
        .limit(1)
    )
    return found if found is not None and await live_among(tx, [found]) else None
