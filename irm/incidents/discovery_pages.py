"""The page on which an organization's moment of knowledge is corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY
from sqlalchemy import select

from irm.access.policy import Permission, Principal, allow, reach
from irm.access.queries import organization_names
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid
from irm.i18n import Translator
from irm.incidents.discovery import move_discovery
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.queries import Part, Sight, parts_of
from irm.incidents.routes import sight
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

SETS: Final = allow(Permission.SET_FACTS)


@dataclass(frozen=True)
class Moment:
    name: str
    known_at: datetime
    basis: str


@dataclass(frozen=True)
class Correction:
    """`state`: done, waiting, refused."""

    name: str
    previous: datetime
    moved_to: datetime
    reason: str
    at: datetime
    state: str


@get("/incidents/{number:str}/discovery", opt=SETS, include_in_schema=False)
async def discovery_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Page:
    return await _show(db, clock, principal, number, Form())


@post("/incidents/{number:str}/discovery", opt=SETS, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def discovery_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Where a second person is needed, the incident's page says so."""
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            found = await sight(tx, number, principal, Permission.SET_FACTS)
            await move_discovery(
                tx,
                found.incident.id,
                known_at=typed.needed(typed.moment(values, "known_at"), "known_at"),
                organization=typed.chosen(values, "organization"),
                reason=typed.text(values, "reason"),
                by=principal,
                now=clock.now(),
            )
            main = found.incident.number
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, number, Form.refused(values, refused, t), status_code=422)
    return Redirect(f"/incidents/{main}#head", status_code=HTTP_303_SEE_OTHER)


async def _show(
    db: Database, clock: Clock, principal: Principal, number: str, form: Form, *, status_code: int = HTTP_200_OK
) -> Page:
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.SET_FACTS)
        parts = await parts_of(tx, found)
        names = await organization_names(tx, {part.organization_id for part in parts})
        changes = await _changes(tx, found, parts, names)
    far = reach(principal, Permission.SET_FACTS)
    return page(
        "incidents/discovery.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if status_code != HTTP_200_OK else HTTP_200_OK,
        now=clock.now(),
        incident=found.incident,
        base=f"/incidents/{found.incident.number}",
        moments=[Moment(names.get(one.organization_id, ""), one.known_at, one.known_basis) for one in parts],
        changes=changes,
        choices=[
            (str(one.organization_id), names.get(one.organization_id, ""))
            for one in parts
            if far.everything or one.organization_id in far.organizations
        ],
        form=form,
    )


async def _changes(tx: Tx, found: Sight, parts: Sequence[Part], names: dict[Any, str]) -> list[Correction]:
    whose = {part.id: names.get(part.organization_id, "") for part in parts}
    rows = await tx.scalars(
        select(DiscoveryChangeRow)
        .where(DiscoveryChangeRow.incident_id == found.incident.id, DiscoveryChangeRow.part_id.in_(whose))
        .order_by(DiscoveryChangeRow.at, DiscoveryChangeRow.id)
    )
    return [
        Correction(
            whose[row.part_id],
            row.previous,
            row.moved_to,
            row.reason,
            row.confirmed_at or row.rejected_at or row.at,
            "done" if row.confirmed_at else "refused" if row.rejected_at else "waiting",
        )
        for row in rows
    ]


ROUTES: Final = [discovery_page, discovery_form]
"""All work without JavaScript."""
