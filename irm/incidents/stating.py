"""Somebody says what is known of the effects; the incident is graded again in the same transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.incidents import facts, intake
from irm.incidents.grading import Cause, regrade
from irm.incidents.lifecycle import OVER, Status
from irm.incidents.models import IncidentRow, PartRow
from irm.incidents.policy import intake_policy
from irm.ledger import Event, record
from irm.rules.load import check_facts

NO_PART = N_("Your organization has no part in this incident for which you could say that.")


async def state_facts(
    tx: Tx,
    incident_id: UUID,
    *,
    changes: Mapping[str, Any],
    organization: UUID | None,
    reason: str,
    by: Principal,
    now: datetime,
) -> None:
    """Say facts for one part, or (the cloud authority, naming none) for the whole incident; None takes one back.

    What changes stands in the ledger with its value; facts are figures and words of the catalogue, never free text.
    Raises Invalid naming each field. Saying the same again changes nothing.
    """
    check_facts({name: value for name, value in changes.items() if value is not None})
    if unknown := [name for name, value in changes.items() if value is None and not _is_fact(name)]:
        raise Invalid(N_("There is no such fact."), field=f"facts.{unknown[0]}")
    if faults := intake.text_faults("reason", reason, intake_policy().longest_reason):
        raise Invalid.of(faults)
    incident = await tx.scalar(select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update(key_share=True))
    if incident is None:
        raise NotFound(N_("There is no such incident, or it is not yours to see."))
    if Status(incident.status) in OVER or incident.status == Status.CLOSED:
        raise Conflict(N_("The incident is no longer open; its facts stay."))
    holder = await _holder(tx, incident, organization, by)
    before = {name: dict(one) for name, one in holder.facts.items()}
    holder.facts = facts.change(holder.facts, changes, at=now, by=str(by.account_id))
    changed = sorted(name for name in changes if before.get(name) != holder.facts.get(name))
    if not changed:
        return
    await tx.flush()
    body = {
        "organization": str(holder.organization_id) if isinstance(holder, PartRow) else None,
        "changes": {
            name: {
                "before": before[name]["value"] if name in before else None,
                "after": holder.facts[name]["value"] if name in holder.facts else None,
            }
            for name in changed
        },
    }
    private = {"reason": reason} if reason.strip() else {}
    await record(tx, Event("incident.facts_changed", f"incident/{incident.id}", now, by.actor, body, private))
    await regrade(tx, incident, actor=by.actor, now=now, cause=Cause.FACTS)


async def _holder(tx: Tx, incident: IncidentRow, organization: UUID | None, by: Principal) -> IncidentRow | PartRow:
    far = reach(by, Permission.SET_FACTS)
    if organization is None and far.everything:
        return incident
    parts = {
        part.organization_id: part
        for part in await tx.scalars(
            select(PartRow)
            .where(PartRow.incident_id == incident.id)
            .order_by(PartRow.id)
            .with_for_update(key_share=True)
        )
    }
    if organization is not None:
        if organization in parts and (far.everything or organization in far.organizations):
            return parts[organization]
        raise Invalid(NO_PART, field="organization")
    own = [part for one, part in parts.items() if one in far.organizations]
    if not own:
        raise Invalid(NO_PART, field="organization")
    if len(own) > 1:
        at_home = [part for part in own if part.organization_id == by.home]
        if not at_home:
            raise Invalid(N_("You belong to several of its organizations: say for which one."), field="organization")
        own = at_home
    return own[0]


def _is_fact(name: str) -> bool:
    try:
        check_facts({name: facts.UNKNOWN})
    except Invalid:
        return False
    return True
