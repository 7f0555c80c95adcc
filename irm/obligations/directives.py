"""上级要求: what an authority demands, by telephone, fax, letter or in person; it opens duties whose citation it is.

A directive is a contact record that asks for something. Nobody here changes or drops it: a later word of the same authority
replaces or withdraws it, and both stay on record (DESIGN §1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from ruamel.yaml import YAML
from sqlalchemy import select

from irm.access.policy import AUTHORITY, REGULATORS, Reach
from irm.clock import SHANGHAI
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Forbidden, Invalid
from irm.i18n import LOCALES, N_
from irm.ledger import Event, record
from irm.obligations.contacts import Serves, record_contact
from irm.obligations.directive_models import DirectiveBearerRow, DirectiveRow
from irm.obligations.directory import desk_of
from irm.obligations.item_texts import check_line
from irm.obligations.models import ContactRecordRow, ObligationRow
from irm.obligations.moments import stated
from irm.obligations.opening import DIRECTED, Lowering, open_duties, supersede
from irm.obligations.owed import is_born_late
from irm.obligations.settling import alone, lock
from irm.obligations.subjects import Subject

WITHDRAWAL: Final = "withdrawal"
ASKS: Final = ("progress", "handover", "answer", WITHDRAWAL)
AUTHORITIES: Final = REGULATORS | {AUTHORITY}
REPLACED: Final = N_("A later word of the authority stands instead.")
NOT_THERE: Final = N_("There is no such directive about this incident.")


@dataclass(frozen=True)
class Demand:
    """`due_at` None: promptly. `replaces_id`: the earlier directive of this authority that this word changes or withdraws."""

    asks: str
    authority_id: UUID
    bearers: Sequence[UUID]
    number: str | None = None
    due_at: datetime | None = None
    replaces_id: UUID | None = None


@dataclass(frozen=True)
class Word:
    """How it came: `caller` is who spoke or signed, `said` what is demanded, in the authority's words."""

    means: str
    said: str
    caller: str | None = None
    stated_at: datetime | None = None
    attachment_id: UUID | None = None


async def record_directive(
    tx: Tx,
    *,
    subject: Subject,
    demand: Demand,
    word: Word,
    organization_id: UUID,
    sight: Reach,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Write the directive down with its contact record and open what is owed; all or nothing. The directive's id.

    `organization_id`: whose desk took it. `sight`: for whom the writer may accept one. A withdrawal opens nothing. What is
    open under the replaced directive ends as replaced; what was reported for it stays as it is. Raises Invalid naming the
    field, Conflict where it was replaced before.
    """
    at = stated(word.stated_at, "stated_at", now=now)
    number = check_line("number", demand.number) or None
    if not word.said.strip():
        raise Invalid("Say what is demanded.", field="said")
    authority = await desk_of(tx, demand.authority_id, field="authority")
    if authority.kind not in AUTHORITIES:
        raise Invalid("Only an authority gives directives.", field="authority")
    _check(demand, at)
    bearers = _bearers(demand, subject, organization_id, sight)
    await alone(tx, subject.path)
    old = await _replaced(tx, demand, subject, sight)
    if demand.asks == WITHDRAWAL and old is not None:
        bearers = await _addressed(tx, old)
    contact_id = await record_contact(
        tx,
        subject=subject,
        direction="in",
        means=word.means,
        organization_id=organization_id,
        said=word.said,
        stated_at=at,
        counterpart_id=authority.id,
        counterpart_name=word.caller,
        attachment_id=word.attachment_id,
        serves=[Serves("directive")],
        actor=actor,
        now=now,
    )
    row = DirectiveRow(
        id=uuid7(),
        contact_record_id=contact_id,
        authority_id=authority.id,
        number=number,
        asks=demand.asks,
        due_at=demand.due_at,
        replaces_id=old.id if old else None,
    )
    tx.add(row)
    await tx.flush()
    body = {
        "directive": str(row.id),
        "contact": str(contact_id),
        "organization": str(organization_id),
        "authority": str(authority.id),
        "for": [str(one) for one in bearers],
        "asks": row.asks,
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "stated_at": at.isoformat(),
        "replaces": str(old.id) if old else None,
    }
    action = "directive.withdrawn" if row.asks == WITHDRAWAL else "directive.given"
    private = {"demand": word.said.strip()} | ({"number": number} if number else {})
    await record(tx, Event(action, f"{subject.path}/directive/{row.id}", now, actor, body, private))
    duties: dict[UUID, UUID] = {}
    if row.asks != WITHDRAWAL:
        rows = [_duty(row, one, subject, authority, word, at, now) for one in bearers]
        await open_duties(tx, rows, actor=actor, now=now)
        duties = {one.bearer_id: one.id for one in rows}
    tx.add_all(
        DirectiveBearerRow(directive_id=row.id, organization_id=one, obligation_id=duties.get(one)) for one in bearers
    )
    await tx.flush()
    if old is not None:
        await _end(tx, old, duties, actor=actor, now=now)
    return row.id


def _check(demand: Demand, at: datetime) -> None:
    if demand.asks not in ASKS:
        raise Invalid("Say what it asks for.", field="asks")
    if demand.asks == WITHDRAWAL:
        if demand.replaces_id is None:
            raise Invalid("Say which directive is withdrawn.", field="replaces")
        if demand.due_at is not None:
            raise Invalid("What is withdrawn has no limit.", field="due_at")
    if demand.due_at is not None:
        if demand.due_at.tzinfo is None:
            raise Invalid("The moment needs a time zone.", field="due_at")
        if demand.due_at <= at:
            raise Invalid("The limit lies before the directive itself.", field="due_at")


def _bearers(demand: Demand, subject: Subject, organization_id: UUID, sight: Reach) -> tuple[UUID, ...]:
    """Those with a part in it, and the desk that took it. Raises Invalid naming each that may not be bound here."""
    wanted = tuple(dict.fromkeys(demand.bearers or (organization_id,)))
    faults = []
    for place, one in enumerate(wanted):
        field = f"bearers.{place}" if demand.bearers else "bearers"
        if not (sight.everything or one in sight.organizations):
            faults.append(FieldError(field, "You cannot act for this organization."))
        elif one not in subject.parts and one != organization_id:
            faults.append(FieldError(field, "This organization has no part in the incident."))
        elif one == demand.authority_id:
            faults.append(FieldError(field, "An authority's directive binds others, not itself."))
    if faults:
        raise Invalid("Please correct what is marked.", errors=faults)
    return wanted


async def _replaced(tx: Tx, demand: Demand, subject: Subject, sight: Reach) -> DirectiveRow | None:
    if demand.replaces_id is None:
        return None
    old: DirectiveRow | None = await tx.scalar(
        select(DirectiveRow)
        .join(ContactRecordRow, ContactRecordRow.id == DirectiveRow.contact_record_id)
        .where(DirectiveRow.id == demand.replaces_id, ContactRecordRow.subject == subject.path)
        .with_for_update(key_share=True, of=DirectiveRow)
    )
    addressed = await _addressed(tx, old) if old else ()
    if old is None or not (sight.everything or sight.organizations & set(addressed)):
        raise Invalid(NOT_THERE, field="replaces")
    if not (sight.everything or sight.organizations >= set(addressed)):
        raise Forbidden("This directive binds others too: the cloud authority records what becomes of it.")
    if old.authority_id != demand.authority_id:
        raise Invalid("Only the authority that gave a directive changes or withdraws it.", field="replaces")
    if old.asks == WITHDRAWAL or await tx.scalar(select(DirectiveRow.id).where(DirectiveRow.replaces_id == old.id)):
        raise Conflict("This directive was replaced or withdrawn already.", field="replaces", code="replaced")
    return old


async def _addressed(tx: Tx, row: DirectiveRow) -> tuple[UUID, ...]:
    return tuple(
        await tx.scalars(
            select(DirectiveBearerRow.organization_id)
            .where(DirectiveBearerRow.directive_id == row.id)
            .order_by(DirectiveBearerRow.organization_id)
        )
    )


async def _end(tx: Tx, old: DirectiveRow, by: Mapping[UUID, UUID], *, actor: Actor, now: datetime) -> None:
    """What is still open under the earlier directive; each bearer's next duty stands for it."""
    ids = await tx.scalars(
        select(DirectiveBearerRow.obligation_id).where(
            DirectiveBearerRow.directive_id == old.id, DirectiveBearerRow.obligation_id.is_not(None)
        )
    )
    for duty in await lock(tx, [one for one in ids if one is not None]):
        if duty.status == "open":
            await supersede(tx, duty, Lowering(REPLACED), by=by.get(duty.bearer_id), actor=actor, now=now)


def _duty(
    row: DirectiveRow, bearer: UUID, subject: Subject, authority: Any, word: Word, at: datetime, now: datetime
) -> ObligationRow:
    given = wording()
    asked = given["asks"][row.asks]
    return ObligationRow(
        id=uuid7(),
        key=f"{given['rule_id']}:{row.id}|{bearer}|{authority.id}|{DIRECTED}|{subject.path}|1",
        rule_id=given["rule_id"],
        pack_id=given["rule_id"].partition("/")[0],
        pack_version=given["pack_version"],
        title=dict(asked["title"]),
        citation=_citation(row, authority.name, word.means, at),
        force=given["force"],
        rule_status=given["status"],
        kind="timed" if row.due_at else "prompt",
        form=asked["form"],
        satisfied_by=sorted(asked["satisfied_by"]),
        has_waiver=False,
        bearer_id=bearer,
        recipient_id=authority.id,
        recipient_kind=authority.kind,
        recipient_tier=authority.tier,
        subject=subject.path,
        number=subject.number,
        page=subject.page,
        severity=subject.level,
        incident_id=subject.incident_id,
        part_id=subject.parts.get(bearer),
        start_event=DIRECTED,
        started_at=at,
        arose_at=now,
        due_at=row.due_at,
        why=[],
        status="open",
        born_late=is_born_late(row.due_at, now),
        reminded=[],
        generation=1,
        exercise=subject.exercise,
    )


def _citation(row: DirectiveRow, authority: str, means: str, at: datetime) -> dict[str, Any]:
    """The directive itself, as paper and screen name it; `directive` leads to it."""
    given = wording()
    day = at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    article = given["article"] if row.number else given["by_word"][means]
    return {
        "instrument": {locale: given["instrument"][locale].format(authority=authority) for locale in LOCALES},
        "article": {locale: article[locale].format(number=row.number, day=day) for locale in LOCALES},
        "text_version": day[:10],
        "directive": str(row.id),
    }


@cache
def wording() -> Mapping[str, Any]:
    found: Mapping[str, Any] = YAML(typ="safe").load((files("irm.obligations") / "directive.yaml").read_text("utf-8"))
    return found
