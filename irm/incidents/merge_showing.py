"""Merges as routes, pages and commands ask for them and answer."""

from typing import Final

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import Forbidden, Invalid, NotFound
from irm.i18n import N_, Translator
from irm.incidents import queries, showing
from irm.incidents.intake import has_control_characters
from irm.incidents.merge_preview import Preview
from irm.incidents.merging import ONLY_AUTHORITY, Merged
from irm.incidents.parting import Parted
from irm.incidents.queries import Incident
from irm.incidents.schemas import BecomesView, MergeView, PartingView, PreviewView
from irm.obligations.words import whom

NO_MAIN: Final = N_("There is no such incident to merge into.")


async def both(tx: Tx, number: str, into: str, by: Principal) -> tuple[Incident, Incident]:
    """The incident itself, and the one that it is to go into (of a merged number its main one). Raises Forbidden,
    NotFound, Invalid naming `into`."""
    absorbed = await absorbed_incident(tx, number, by)
    if not into.strip() or has_control_characters(into):
        raise Invalid(NO_MAIN, field="into")
    try:
        main = (await queries.sight_of(tx, into.strip(), by.away or by, Permission.CHANGE_STATUS)).incident
    except NotFound:
        raise Invalid(NO_MAIN, field="into") from None
    return absorbed, main


async def absorbed_incident(tx: Tx, number: str, by: Principal) -> Incident:
    """Strangers learn nothing; whoever has a part in it learns that the cloud authority decides."""
    one = await queries.incident_numbered(
        tx, number.replace("\0", "\N{REPLACEMENT CHARACTER}"), by, Permission.CHANGE_STATUS
    )
    if not reach(by, Permission.CHANGE_STATUS).everything:
        raise Forbidden(ONLY_AUTHORITY)
    return one


def preview_view(seen: Preview, t: Translator) -> PreviewView:
    return PreviewView(
        seen.absorbed.number,
        seen.main.number,
        seen.main.status,
        showing.levels(seen.main),
        seen.main.discovered_at,
        [
            BecomesView(
                t.of(one.duty.title),
                one.duty.bearer.name,
                whom(one.duty.recipient, t),
                one.due_before,
                one.due_there,
                one.duty.due_at,
                one.duty.status,
                one.change,
            )
            for one in seen.duties
        ],
    )


def merge_view(done: Merged) -> MergeView:
    return MergeView(
        done.id,
        done.absorbed,
        done.main,
        list(done.duties_moved),
        {str(ended): going_on for ended, going_on in done.duties_united.items()},
    )


def parting_view(done: Parted) -> PartingView:
    return PartingView(done.absorbed, done.main, done.waiting is None, done.waiting)
