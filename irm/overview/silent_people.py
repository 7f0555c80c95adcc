"""People of the rosters whom nothing has reached for weeks, as the board says it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.notify.proving import lost
from irm.overview.board import Need

ONE: Final = UUID(int=0)
"""There is only one such line."""
ADVICE: Final = N_("Ask for the right numbers, and put somebody else on duty until the test is answered.")


async def silent_people(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    """For whoever makes the roster of their organization."""
    far = reach(principal, Permission.EDIT_ROSTER)
    if far.is_empty:
        return []
    found = [who for who, desk in await lost(tx, now) if far.everything or desk in far.organizations]
    if not found:
        return []
    one = N_("%(n)s person of the rosters has answered no test for weeks")
    many = N_("%(n)s people of the rosters have answered no test for weeks")
    titles = {locale: translator(locale).plural(one, many, len(found)) for locale in LOCALES}
    since = min(each.proven_at or each.first_asked_at for each in found)
    return [Need("silent", ONE, titles, "", "/reachability?show=lost", since, advice=ADVICE)]
