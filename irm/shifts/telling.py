"""Who hears of a hand-over of the shift: a notice, that also rings; never a page, for nobody is called by it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Principal
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import LOCALES, translator
from irm.notify import queries, service as messages
from irm.notify.messages import About
from irm.notify.views import ROSTER
from irm.shifts.models import ShiftHandoverRow

VIA: Final = ("in_app", "sms", "email")


async def tell(tx: Tx, row: ShiftHandoverRow, to: UUID, msgid: str, by: Principal, now: datetime) -> None:
    """`msgid` names who did it; the note stays inside irm, on the page."""
    name = (await access.person_names(tx, [by.person_id])).get(by.person_id, "")
    titles = {each: translator(each)(msgid, name=name) for each in LOCALES}
    number = f"{row.due_at.astimezone(SHANGHAI):%m-%d %H:%M}"
    about = About(number, None, f"/duty/handovers/{row.id}", titles, {}, matter="roster", short=titles)
    await messages.notice(
        tx,
        key=f"shift/{row.id}/{row.status}",
        targets=await queries.resolve(tx, f"person({to})", {}, now),
        via=VIA,
        about=about,
        subject=f"{ROSTER}shift/{row.id}",
        now=now,
        actor=by.actor,
    )
