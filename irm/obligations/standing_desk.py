"""Who may see and record which standing duties: shared by pages, API and command line."""

from datetime import datetime
from uuid import UUID

from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.access.queries import Organization, organizations
from irm.db import Tx
from irm.errors import Forbidden, NotFound
from irm.i18n import N_
from irm.obligations.bearing import Bearing
from irm.obligations.standing import Line, Stood, line, lines, note_done

NO_ORGANIZATION = N_("There is no such organization, or it is not yours to see.")


async def bearers(tx: Tx, principal: Principal) -> list[Organization]:
    """Organizations whose duties the reader sees, as far as they work in irm."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    ids = None if far.everything else far.organizations
    return await organizations(tx, ids=ids, joined=True)


async def bearer(tx: Tx, principal: Principal, code: str) -> Organization:
    """By its code; empty is the reader's own, or the first that there is. Raises NotFound."""
    found = await bearers(tx, principal)
    for one in found:
        if (one.code == code) if code else (one.id == principal.home):
            return one
    if code or not found:
        raise NotFound(NO_ORGANIZATION)
    return found[0]


async def lines_for(
    tx: Tx, bearing: Bearing, principal: Principal, of: Organization, *, now: datetime
) -> tuple[Line, ...]:
    return await lines(tx, bearing, of.id, now=now, sees_cii=_sees_cii(principal, of.id))


async def line_for(
    tx: Tx, bearing: Bearing, principal: Principal, of: Organization, rule_id: str, *, now: datetime
) -> Line:
    return await line(tx, bearing, of.id, rule_id, now=now, sees_cii=_sees_cii(principal, of.id))


def may_record(principal: Principal, of: Organization) -> bool:
    return may(principal, Permission.SUBMIT_REPORT, Resource(frozenset({of.id})))


async def record_for(
    tx: Tx, bearing: Bearing, principal: Principal, of: Organization, rule_id: str, given: Stood, *, now: datetime
) -> UUID:
    """Raises Forbidden, NotFound, Invalid."""
    if not may_record(principal, of):
        raise Forbidden("Whoever reports for this organization records it.")
    one = await line_for(tx, bearing, principal, of, rule_id, now=now)
    return await note_done(tx, one, given, actor=principal.actor, now=now, person=principal.person_id)


def _sees_cii(principal: Principal, organization: UUID) -> bool:
    return may(principal, Permission.SEE_CII, Resource(frozenset({organization})))
