"""Job `alerts.group`: what was taken in is sorted into alerts by fingerprint, each firing counted once.

Any number of workers may do it, killed at any moment: a message is sorted in one transaction, with all that it changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Text, Uuid, bindparam, select, text, update

from irm import jobs
from irm.actor import Actor
from irm.alerts.city_rules import first_that_holds
from irm.alerts.formats import Heard
from irm.alerts.mapping import Alert, alert_of
from irm.alerts.models import AlertMessageRow, AlertRow, AlertSourceRow
from irm.alerts.policy import AlertPolicy, alert_policy
from irm.alerts.rule_versions import rules_in_force
from irm.alerts.sources import mapping_of
from irm.alerts.standing import Standing, waits_again
from irm.alerts.writing_down import heard_of
from irm.categories import is_category
from irm.db import Moment, Tx, uuid7
from irm.incidents.intake import marker_in
from irm.incidents.policy import intake_policy
from irm.incidents.queries import live_among
from irm.ledger import Event, record
from irm.systems import queries as register

GROUP: Final = "alerts.group"
FILE: Final = "alerts.file"
HELD: Final = "held-back/"
MOST_AT_ONCE: Final = 2_000
"""Alerts in one transaction, but for a single message that has more: a few hundred milliseconds of one worker."""


_SEEN: Final = text(
    "INSERT INTO alert_seen (source_id, key, at) SELECT :source, s.key, s.at FROM unnest(:keys, :moments) AS s(key, at)"
    " ON CONFLICT (source_id, key) DO UPDATE SET at = excluded.at RETURNING key, xmax = 0"
).bindparams(
    bindparam("source", type_=Uuid()),
    bindparam("keys", type_=ARRAY(Text())),
    bindparam("moments", type_=ARRAY(Moment())),
)
"""As text: with a value for each row it would be another statement for each number of them, and put together anew."""


@dataclass(frozen=True)
class _Said:
    """One alert of one message."""

    heard: Heard
    alert: Alert
    at: datetime


async def is_anything_to_group(tx: Tx) -> bool:
    return await tx.scalar(select(AlertMessageRow.id).where(AlertMessageRow.grouped_at.is_(None)).limit(1)) is not None


async def group(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the shape of a job
    """Takes what waits, in the order in which it came; what is left is taken by a further job at once."""
    policy = alert_policy()
    waiting = list(
        await tx.scalars(
            select(AlertMessageRow)
            .where(AlertMessageRow.grouped_at.is_(None))
            .order_by(AlertMessageRow.id)
            .limit(policy.group_messages)
            .with_for_update(skip_locked=True)
        )
    )
    taken: list[AlertMessageRow] = []
    n = 0
    for message in waiting:
        if taken and n + message.n > MOST_AT_ONCE:
            break
        taken.append(message)
        n += message.n
    by_source: dict[UUID, list[AlertMessageRow]] = {}
    for message in taken:
        by_source.setdefault(message.source_id, []).append(message)
    for source_id in sorted(by_source):
        source = await tx.get_one(AlertSourceRow, source_id)
        await _sort(tx, source, by_source[source_id], policy, now=now)
    sorted_out = update(AlertMessageRow).where(AlertMessageRow.id.in_([message.id for message in taken]))
    await tx.execute(sorted_out.values(heard=None, grouped_at=now).execution_options(synchronize_session=False))
    if len(taken) < len(waiting) or len(waiting) == policy.group_messages:
        await jobs.schedule(tx, GROUP, {}, run_at=now, key=f"{GROUP}:after:{taken[-1].id}")


async def _sort(
    tx: Tx, source: AlertSourceRow, messages: Sequence[AlertMessageRow], policy: AlertPolicy, *, now: datetime
) -> None:
    kind: Any = source.kind
    mapping = mapping_of(source)
    said = [
        _Said(heard, alert_of(heard, kind, mapping, policy), message.received_at)
        for message in messages
        for heard in map(heard_of, message.heard or ())
    ]
    fresh = await _fresh(tx, source, said)
    systems = {one.code: one.id for one in (await register.systems(tx, source.system_ids)).values()}
    wanted = sorted({one.alert.fingerprint for one in said})
    rows = {
        row.fingerprint: row
        for row in await tx.scalars(
            select(AlertRow)
            .where(AlertRow.source_id == source.id, AlertRow.fingerprint.in_(wanted))
            .order_by(AlertRow.fingerprint)
            .with_for_update(key_share=True)
        )
    }
    live = await live_among(tx, {row.incident_id for row in rows.values() if row.incident_id})
    waits: dict[str, AlertRow] = {}
    for one in said:
        row = rows.get(one.alert.fingerprint)
        is_new = one.heard.key in fresh
        fresh.discard(one.heard.key)
        if row is None:
            if one.alert.state != "firing":
                continue  # over before irm heard of it: nothing to judge
            row = rows[one.alert.fingerprint] = _begun(source, one)
            tx.add(row)
            is_new = True
        elif is_new and one.alert.state == "firing":
            standing = Standing(row.verdict, row.muted_until, row.incident_id in live)
            if waits_again(standing, now=one.at):
                _wait_again(row, one)
        row.last_seen_at = max(row.last_seen_at, one.at)
        if is_new:
            _note(row, one, systems, policy)
            if row.verdict == "open" and row.state == "firing":
                waits[row.fingerprint] = row
    await tx.flush()
    await _tell(tx, source, messages, said, len(waits), now=now)
    await _ask_rules(tx, source, list(waits.values()), {one: code for code, one in systems.items()}, messages, now=now)


async def _fresh(tx: Tx, source: AlertSourceRow, said: Sequence[_Said]) -> set[str]:
    """The keys that were never counted; all of them are from now on."""
    at = {one.heard.key: one.at for one in said}
    if not at:
        return set()
    keys = sorted(at)
    written = await tx.execute(_SEEN, {"source": source.id, "keys": keys, "moments": [at[key] for key in keys]})
    return {key for key, is_fresh in written.all() if is_fresh}


def _begun(source: AlertSourceRow, one: _Said) -> AlertRow:
    return AlertRow(
        id=uuid7(),
        source_id=source.id,
        fingerprint=one.alert.fingerprint,
        facts={},
        count=0,
        first_seen_at=one.at,
        last_seen_at=one.at,
        since=one.at,
        occurred_at=None,
        verdict="open",
    )


def _wait_again(row: AlertRow, one: _Said) -> None:
    row.verdict, row.since, row.occurred_at = "open", one.at, None
    row.verdict_at = row.verdict_by = row.reason = row.muted_until = row.incident_id = row.released_at = None


def _note(row: AlertRow, one: _Said, systems: Mapping[str, UUID], policy: AlertPolicy) -> None:
    """What it says now. A resolving changes the state and nothing that somebody reads or has judged. While it is held back,
    it stands in a group of its own: a group's name would give its words away."""
    alert = one.alert
    row.state = alert.state
    if alert.state == "resolved":
        row.resolved_at = one.at
        return
    row.grouping, row.title, row.severity = alert.grouping, alert.title, alert.severity
    row.text = alert.text
    row.resource = alert.resource
    row.system_id = systems.get(alert.system)
    known = is_category(alert.category, alert.subcategory or None)
    row.category = alert.category if known else None
    row.subcategory = alert.subcategory or None if known else None
    row.facts = dict(alert.facts)
    payload = msgspec.json.format(msgspec.json.encode(one.heard.document), indent=2).decode()
    row.payload, row.payload_at = payload[: policy.longest_payload], one.at
    row.resolved_at = None
    row.count += 1
    if one.heard.at is not None and one.heard.at <= one.at:
        row.occurred_at = min(one.heard.at, row.occurred_at or one.heard.at)
    if row.released_at is None:
        said = f"{alert.title} {alert.text} {alert.grouping} {alert.resource} {payload}"
        row.marker = marker_in(said, intake_policy())
    if row.marker is not None:
        row.grouping = f"{HELD}{row.id}"


async def _tell(
    tx: Tx,
    source: AlertSourceRow,
    messages: Sequence[AlertMessageRow],
    said: Sequence[_Said],
    waiting: int,
    *,
    now: datetime,
) -> None:
    """One entry for all of it: what a storm says must not fill the ledger."""
    body = {
        "code": source.code,
        "messages": len(messages),
        "alerts": len(said),
        "to_judge": waiting,
        "sha256": sha256("".join(one.body_hash for one in messages).encode()).hexdigest(),
    }
    actor = Actor("machine", source.id, source.organization_id)
    await record(tx, Event("alert.received", f"alert_source/{source.id}", now, actor, body))


async def _ask_rules(
    tx: Tx,
    source: AlertSourceRow,
    waits: Sequence[AlertRow],
    codes: Mapping[UUID, str],
    messages: Sequence[AlertMessageRow],
    *,
    now: datetime,
) -> None:
    """A job for each rule that holds for something. What carries a secrecy mark is a person's alone."""
    rules = (await rules_in_force(tx)).rules
    hold = set()
    for row in waits:
        rule = first_that_holds(rules, values_of(row, source, codes)) if row.marker is None else None
        row.rule_id = rule.id if rule is not None else None
        if rule is not None:
            hold.add(rule.id)
    await tx.flush()
    for rule_id in sorted(hold):
        args = {"rule": rule_id, "source": str(source.id)}
        key = f"{FILE}:{rule_id}:{source.id}:{messages[-1].id}"
        await jobs.schedule(tx, FILE, args, run_at=now, key=key, queue="urgent", priority=20)


def values_of(row: AlertRow, source: AlertSourceRow, codes: Mapping[UUID, str]) -> dict[str, object]:
    """The alert as a rule reads it (`city_rules.DECLARED`)."""
    return {
        "alert.source": source.code,
        "alert.kind": source.kind,
        "alert.severity": row.severity,
        "alert.title": row.title,
        "alert.grouping": row.grouping,
        "alert.system": codes.get(row.system_id, "") if row.system_id else "",
        "alert.resource": row.resource,
        "alert.category": row.category or "",
        "alert.count": row.count,
    }


async def forget_waiting(tx: Tx, source_id: UUID, *, now: datetime) -> None:
    """What a source has sent and nobody sorted yet is emptied: it may hold what irm must not."""
    await tx.execute(
        update(AlertMessageRow)
        .where(AlertMessageRow.source_id == source_id, AlertMessageRow.grouped_at.is_(None))
        .values(heard=None, grouped_at=now)
    )
