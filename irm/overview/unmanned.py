"""Organizations that work in irm and would not be reached: no roster, or nobody on duty now."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access.policy import AUTHORITY, Permission, Principal, reach
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.notify.duty import Duty, duty_at, paged_organizations
from irm.notify.words import WHY_NOBODY
from irm.overview.board import Need

NAMED: Final = 4
"""Organizations that have a line of their own on the board; the roster page names all."""
NO_ROSTER: Final = N_("Where it is needed, call its duty telephone; have a roster entered.")
NOBODY: Final = N_("Where it is needed, call its duty telephone; have somebody put on duty.")
OWN: Final = N_("Pages to you reach nobody until somebody is on the roster.")
FURTHER: Final = N_("The roster page names each with its telephone.")


async def watched(tx: Tx, principal: Principal) -> set[UUID]:
    """As far as the reader may see their rosters."""
    far = reach(principal, Permission.READ_ROSTER)
    return {
        desk.id
        for desk in await paged_organizations(tx)
        if desk.joined and (far.everything or desk.id in far.organizations)
    }


async def unmanned(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    """The cloud authority first, then one's own, then the others by name."""
    duties = (await duty_at(tx, await watched(tx, principal), now)).values()
    own = principal.organizations
    empty = sorted(
        (duty for duty in duties if not duty.is_manned),
        key=lambda each: (
            each.organization.kind != AUTHORITY,
            each.organization.id not in own,
            each.organization.name,
            str(each.organization.id),
        ),
    )
    if len(empty) <= NAMED + 1:
        return [_need(duty, own) for duty in empty]
    return [*(_need(duty, own) for duty in empty[:NAMED]), _further(empty[NAMED:])]


def _need(duty: Duty, own: Collection[UUID]) -> Need:
    desk = duty.organization
    reason = duty.why_nobody or ""
    mine = desk.id in own
    return Need(
        "unmanned",
        desk.id,
        desk.name,
        "",
        f"/duty?organization={desk.code}",
        None,
        reasons=(WHY_NOBODY[reason],),
        advice=OWN if mine else NO_ROSTER if reason == "no_roster" else NOBODY,
        telephone="" if mine else desk.telephone or "",
        calls=not mine,
        desk=desk.code,
        until=duty.state.until,
        acute=desk.kind == AUTHORITY,
    )


def _further(rest: Collection[Duty]) -> Need:
    one, many = (
        N_("%(n)s further organization would not be reached"),
        N_("%(n)s further organizations would not be reached"),
    )
    first = next(iter(rest)).organization
    titles = {locale: translator(locale).plural(one, many, len(rest)) for locale in LOCALES}
    return Need("unmanned", first.id, titles, "", "/duty", None, advice=FURTHER)
