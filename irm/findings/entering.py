"""Who may enter a finding against whom, and what is filled in where the entry says nothing."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import AUTHORITY, REGULATORS, Permission, Principal, Resource, reach
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import FieldError, Forbidden, Invalid
from irm.findings import queries
from irm.findings.queries import Finding, may_edit, may_verify
from irm.findings.register import Named, systems_by_code, tester_of
from irm.findings.schemas import EnterFinding
from irm.findings.service import ODD, NewFinding
from irm.i18n import N_

NOT_YOURS: Final = N_("You enter findings for your own organization; the cloud authority for any.")
NOT_THEIRS: Final = N_("This organization has no system %(code)s.")
NO_VERIFIER: Final = N_("Say which organization verifies it.")
NOT_TO_WORK_ON: Final = N_("Only the unit that rectifies, or the cloud authority, works on this finding.")
NOT_TO_VERIFY: Final = N_("Only the organization that verifies decides on this.")
SETS_DAYS: Final = (*sorted(REGULATORS), AUTHORITY)
"""Kinds of organization that order a rectification by a day."""


async def new_finding(
    tx: Tx,
    principal: Principal,
    given: EnterFinding,
    *,
    now: datetime,
    origin_id: UUID | None = None,
    tested: bool = False,
) -> NewFinding:
    """Raises Forbidden for a foreign organization, Invalid naming the field. `tested`: the reader tests its system, which
    the caller has made sure of."""
    organization_id = given.organization or principal.home
    # Before a test of their own system too: what is named beside it is asked for anew.
    far = reach(principal.away or principal, Permission.EDIT_FINDINGS)
    if organization_id is None or not (tested or far.everything or organization_id in far.anywhere):
        raise Forbidden(NOT_YOURS)
    named = await theirs(tx, given.systems, organization_id)
    own = far.anywhere if tested else frozenset({organization_id})
    about = [Resource(own, systems=frozenset({one.id})) for one in named.values()] or [Resource(own)]
    # Whoever works for one system enters nothing beside it about another.
    if not all(far.covers(one) for one in about):
        raise Forbidden(NOT_YOURS)
    verifier = given.verifier or await verifier_for(tx, organization_id)
    if verifier is None:
        raise Invalid(NO_VERIFIER, field="verifier")
    return NewFinding(
        title=given.title,
        organization_id=organization_id,
        verifier_id=verifier,
        found_on=given.found_on or now.astimezone(SHANGHAI).date(),
        risk=given.risk,
        detail=given.detail,
        origin=given.origin,
        origin_id=origin_id,
        origin_label=given.origin_label.strip(),
        clause=(given.clause or "").strip() or None,
        is_major=given.is_major,
        person_id=given.person,
        due_on=given.due_on,
        due_set_by=given.due_set_by,
        due_document=(given.due_document or "").strip() or None,
        system_ids=frozenset(one.id for one in named.values()),
    )


async def theirs(tx: Tx, codes: Collection[str], organization_id: UUID) -> Mapping[str, Named]:
    """Systems behind which the organization stands. Unknown ones and those of others are the same answer."""
    found = await systems_by_code(tx, [code.replace("\0", "") for code in codes])
    faults = [
        FieldError("systems", NOT_THEIRS, {"code": code})
        for code in codes
        if code not in found or organization_id not in found[code].parties
    ]
    if faults:
        raise Invalid(ODD, errors=faults)
    return found


async def verifiers(tx: Tx, organization_id: UUID | None) -> list[access.Organization]:
    """Who can verify what this organization puts right: authorities that work in irm, the cloud authority first."""
    joined = await access.organizations(tx, kinds=[AUTHORITY, *sorted(REGULATORS), "using_unit"], joined=True)
    fitting = [one for one in joined if one.id != organization_id]
    return sorted(fitting, key=lambda one: (one.kind != AUTHORITY, one.kind == "using_unit"))


async def verifier_for(tx: Tx, organization_id: UUID) -> UUID | None:
    """The cloud authority; for what it rectifies itself, the cyberspace office, and where that does not work in irm, itself:
    another of its people then says that it is right (DESIGN §7)."""
    fitting = [one for one in await verifiers(tx, organization_id) if one.kind in (AUTHORITY, "cyberspace_office")]
    if fitting:
        return fitting[0].id
    own = await access.organizations(tx, ids={organization_id}, kinds=[AUTHORITY], joined=True)
    return organization_id if own else None


async def to_work_on(tx: Tx, principal: Principal, number: str) -> Finding:
    """Raises NotFound where it is not the reader's to see, Forbidden where it is not theirs to put right."""
    found = await queries.finding_by_number(tx, principal, number.replace("\0", ""))
    if not may_edit(principal, found):
        raise Forbidden(NOT_TO_WORK_ON)
    return found


async def to_verify(tx: Tx, principal: Principal, number: str) -> Finding:
    """Raises NotFound, Forbidden."""
    found = await queries.finding_by_number(tx, principal, number.replace("\0", ""))
    if not may_verify(principal, found):
        raise Forbidden(NOT_TO_VERIFY)
    return found


async def to_attach(tx: Tx, principal: Principal, number: str) -> tuple[Finding, UUID | None]:
    """The finding, and in whose name a file is kept with it. Raises NotFound, Forbidden."""
    found = await queries.finding_by_number(tx, principal, number.replace("\0", ""))
    tester = await tester_of(tx, found.origin_id)
    if not (may_edit(principal, found) or may_verify(principal, found) or tester in principal.organizations):
        raise Forbidden(NOT_TO_WORK_ON)
    concerned = [found.organization_id, found.verifier_id, *([tester] if tester else [])]
    own = [one for one in concerned if one in principal.organizations]
    return found, principal.home if principal.home in own or not own else own[0]
