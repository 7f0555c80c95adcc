"""`/reachability`: who of the rosters was reached by what; the same as a file and as API."""

import csv
import io
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.i18n import N_, Translator
from irm.notify.policy import channel_policy
from irm.notify.reach_report import Line, lines_of, reach_report
from irm.notify.words import CHANNEL_NAMES
from irm.web.pages import Page, page

HEADINGS: Final = (
    N_("Person"),
    N_("Organization"),
    N_("Channel"),
    N_("Last answered"),
    N_("Last asked"),
    N_("In vain"),
)
SEES: Final = allow(Permission.READ_DELIVERIES)


class ReachView(msgspec.Struct, kw_only=True):
    """`in_vain`: how often the person was asked on this channel since the last answer; `lost`: silent on every channel."""

    person: str
    organization: str
    channel: str
    proven_at: datetime | None
    asked_at: datetime
    in_vain: int
    lost: bool


async def _report(tx: Tx, principal: Principal, now: datetime) -> list[Line]:
    far = reach(principal, Permission.READ_DELIVERIES)
    visible: frozenset[UUID] | None = None if far.everything else frozenset(far.organizations)
    return await reach_report(tx, now, organizations=visible)


@get("/reachability", opt=SEES, include_in_schema=False)
async def reachability_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    show: FromQuery[str | None] = None,
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        report = await _report(tx, principal, now)
    lost = [line for line in report if line.is_lost]
    return page(
        "notify/reachability.html",
        now=now,
        report=lost if show == "lost" else report,
        lost=len(lost),
        weeks=channel_policy().proof_red_after,
        query={"show": show},
        channel_names=CHANNEL_NAMES,
    )


@get("/reachability.csv", opt=SEES, include_in_schema=False)
async def reachability_file(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    """For a spreadsheet: a line for each person and channel, times of Shanghai."""
    async with db.transaction(principal.actor) as tx:
        report = lines_of(await _report(tx, principal, clock.now()))
    text = io.StringIO()
    written = csv.writer(text)
    written.writerow([t(word) for word in HEADINGS])
    for row in report:
        cells = [row["person"], row["organization"], t(CHANNEL_NAMES[row["channel"]])]
        cells += [_moment(row["proven_at"]), _moment(row["asked_at"]), str(row["in_vain"])]
        written.writerow(["'" + cell if cell[:1] in ("=", "+", "-", "@", "\t") else cell for cell in cells])
    headers = {"content-disposition": 'attachment; filename="reachability.csv"'}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@get("/api/v1/reachability", opt=SEES, tags=["channels"], operation_id="list_reachability")
async def list_reachability(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[ReachView]:
    """The weekly tests of who is on the rosters of the reader's organizations, by person and channel."""
    async with db.transaction(principal.actor) as tx:
        return [ReachView(**row) for row in lines_of(await _report(tx, principal, clock.now()))]


def _moment(at: datetime | None) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if at else ""


ROUTES: Final = [reachability_page, reachability_file, list_reachability]
