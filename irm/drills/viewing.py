"""One drill as its reader sees it, for interface and commands; what people ask a list for."""

from datetime import datetime

from irm.access.policy import Principal
from irm.db import Tx
from irm.drills import queries, showing
from irm.drills.access import readable
from irm.drills.schemas import DrillView
from irm.drills.vocabulary import Status
from irm.errors import Invalid
from irm.i18n import N_, Translator


async def viewed(tx: Tx, number: str, by: Principal, t: Translator, now: datetime) -> DrillView:
    row = await readable(tx, number, by)
    one = await queries.drill(tx, row, by)
    room = await queries.room(tx, row, one.clock, now=now) if one.clock else None
    return showing.view(one, room, t, now=now)


def status_named(status: str | None) -> Status | None:
    """Raises Invalid naming the field."""
    try:
        return Status(status) if status else None
    except ValueError:
        raise Invalid(N_("There is no such status."), field="status") from None


def clean(text: str | None) -> str | None:
    return text.replace("\x00", "") if text else None
