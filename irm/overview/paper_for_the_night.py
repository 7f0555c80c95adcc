"""The emergency sheet that is kept outside, as far as the board must say that there is none to rely on."""

from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access.policy import Permission, Principal, may
from irm.db import Tx
from irm.emergency.policy import sheet_policy
from irm.emergency.queries import last_sheet
from irm.emergency.writing import FAULTS
from irm.i18n import LOCALES, N_, translator
from irm.overview.board import Need

ONE: Final = UUID(int=0)
"""There is only one such line."""
TITLE: Final = N_("No emergency sheet outside irm is up to date")
ADVICE: Final = N_("Print it now (page Emergency sheet), and tell the system administrator.")
OLD: Final = N_("The sheet kept outside is too old")


async def missing_sheet(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    """For the cloud authority's desk: the newest try failed, or the newest sheet is too old. A city that keeps none outside
    is told by `irm doctor` and on the sheet's page, not every night on the board."""
    if not (principal.is_authority and may(principal, Permission.RETRY_WORK)):
        return []
    last = await last_sheet(tx)
    if last is None:
        return []
    is_old = last.written_at is None or now - last.written_at > sheet_policy().too_old
    if not (last.failed or is_old):
        return []
    reason = FAULTS.get(last.reason, FAULTS["error"]) if last.failed else OLD
    return [
        Need(
            "sheet",
            ONE,
            {locale: translator(locale)(TITLE) for locale in LOCALES},
            "",
            "/emergency-sheet",
            last.written_at,
            reasons=(reason,),
            advice=ADVICE,
        )
    ]
