"""What whoever keeps a roster should put right before it is needed: gaps to come, people who left or cannot be reached."""

from datetime import datetime
from typing import Final

from irm.access import queries as access
from irm.access.policy import Permission, Principal, may
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.notify.duty import organizations_with_roster
from irm.notify.rosters.checking import KIND_NAMES, quality_of
from irm.notify.rosters.whose import may_edit
from irm.overview.board import Need

GRAVE: Final = frozenset({"uncovered", "left", "unreachable", "double"})
"""Pages would reach nobody, or the wrong seat. Too many hours stand in the report only."""
ADVICE: Final = N_("Put the roster of the next 90 days right before it is needed.")


async def rosters_ahead(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    """One line for each of the reader's own rosters that he keeps."""
    if not may(principal, Permission.EDIT_ROSTER):
        return []
    kept = [each for each in principal.organizations if may_edit(principal, each)]
    with_roster = set(await organizations_with_roster(tx)) if kept else set()
    needs = []
    for desk in await access.organizations(tx, ids=[each for each in kept if each in with_roster]):
        report = await quality_of(tx, desk.id, now)
        found = [each for each in report.findings if each.kind in GRAVE]
        if not found:
            continue
        titles = {locale: _title(len(found), locale) for locale in LOCALES}
        first = min(found, key=lambda each: each.starts_at)
        needs.append(
            Need(
                "roster",
                desk.id,
                titles,
                desk.short_name,
                f"/duty/rosters/{desk.code}",
                None,
                reasons=(KIND_NAMES[first.kind],),
                advice=ADVICE,
            )
        )
    return needs


def _title(count: int, locale: str) -> str:
    one, many = N_("%(n)s thing is wrong with the roster"), N_("%(n)s things are wrong with the roster")
    return translator(locale).plural(one, many, count)
