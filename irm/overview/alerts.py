"""What machines sent and nobody has judged: one line for each source, however many there are; and what a source lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from irm.access.policy import Permission, Principal, may
from irm.alerts import queries
from irm.alerts.queries import Wanted
from irm.alerts.sources import Source, sources
from irm.alerts.standing import Fold
from irm.alerts.vocabulary import SEVERITY_NAMES
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.overview.board import Need

LATELY: Final = timedelta(hours=1)
LOST: Final = N_("%(source)s sends faster than it may: alerts are refused")
HELD: Final = N_("Some carry a secrecy mark and are held back")


async def alerts_to_judge(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    """For whoever may judge them. Only what fires now or fired and was never judged; the gravest of it is named."""
    if not may(principal, Permission.JUDGE_ALERTS):
        return []
    found, _ = await queries.folds(tx, principal, Wanted(verdict="open"), now=now, whole_source=True)
    lost = await queries.refused_lately(tx, principal, since=now - LATELY)
    if not found and not lost:
        return []
    known = {one.code: one for one in await sources(tx, principal, permission=Permission.READ_ALERTS)}
    needs = [_waiting(fold, known[fold.source]) for fold in found if fold.source in known]
    for one in lost:
        titles = {each: translator(each)(LOST, source=one.name) for each in LOCALES}
        href = f"/alerts?source={one.code}"
        needs.append(Need("alerts_lost", known[one.code].id, titles, "", href, one.last_refused_at))
    return needs


def _waiting(fold: Fold, source: Source) -> Need:
    titles: Mapping[str, str] = {
        each: translator(each).plural(
            "%(n)s alert of %(source)s waits for a judgement",
            "%(n)s alerts of %(source)s wait for a judgement",
            fold.waiting,
            source=source.name,
        )
        for each in LOCALES
    }
    reasons = (SEVERITY_NAMES[fold.severity], *((HELD,) if fold.held_back else ()))
    return Need(
        "alerts",
        source.id,
        titles,
        "",
        f"/alerts?verdict=open&source={source.code}",
        fold.first_at,
        reasons=reasons,
    )
