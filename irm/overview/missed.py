"""What the auditor found undone, in words, and whether the auditor itself still looks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from irm.access.policy import Permission, Principal, may, reach
from irm.db import Tx
from irm.heartbeat import HeartbeatRow
from irm.i18n import LOCALES, N_, translator
from irm.overview.auditing import is_silent
from irm.overview.auditor import last_look, open_findings
from irm.overview.board import Need
from irm.overview.dead_work import WORK_NAMES, place_of
from irm.overview.models import AuditFindingRow
from irm.overview.policy import tolerances

NAMED: Final = 4
"""Findings that have a line of their own on the board; the ledger names each."""
ADVICE: Final = N_("Do by hand what cannot wait, and tell the system administrator.")
FURTHER: Final = N_("The ledger names each of them.")
UNWATCHED: Final = N_("irm's own check has stopped: nobody notices what is not sent")
LOOK_YOURSELF: Final = N_("Read the limits in the calendar and call by telephone; tell the system administrator.")
KIND_NAMES: Final[Mapping[str, str]] = {
    "reminder": N_("A reminder of a time limit was not sent"),
    "overdue": N_("A time limit passed, and nobody was told"),
    "run": N_("An escalation does not go on: nobody further is paged"),
    "page": N_("A message that was due has not left"),
    "work": N_("A task in the background was not done in time"),
    "recurring": N_("What irm does regularly was not begun"),
    "ledger": N_("New entries have no place in the ledger's tree yet"),
}
"""Msgids by `auditing.Kind`."""
REGULAR_NAMES: Final[Mapping[str, str]] = {
    "evidence.call_witnesses": N_("asking the ledger's witnesses"),
    "evidence.verify": N_("the nightly check of the ledger"),
    "findings.propose": N_("proposals for findings whose day passed"),
    "kernel.housekeeping": N_("clearing away what is old"),
    "notify.ask_for_proof": N_("the weekly test whether people can be reached"),
    "notify.read_mail": N_("fetching answers by mail"),
    "notify.sign_of_life": N_("the sign of life to the outside"),
    "obligations.look_ahead": N_("opening what is owed from today"),
}
"""Msgids by job name."""
BEATS_WITHIN: Final = timedelta(seconds=30)


async def missed_things(tx: Tx, principal: Principal) -> list[Need]:
    """For whoever may do something about it. The subject is named only to whom may read incidents everywhere."""
    if not may(principal, Permission.RETRY_WORK):
        return []
    found = sorted(await open_findings(tx), key=lambda row: (row.exercise, row.due_at, row.id))
    sees = reach(principal, Permission.READ_INCIDENTS).everything
    shown = found if len(found) <= NAMED + 1 else found[:NAMED]
    needs = [await _need(tx, row, named=sees) for row in shown]
    rest = found[len(shown) :]
    return [*needs, _further(rest)] if rest else needs


async def _need(tx: Tx, row: AuditFindingRow, *, named: bool) -> Need:
    words = WORK_NAMES.get(row.what, KIND_NAMES[row.kind]) if row.kind == "work" else KIND_NAMES[row.kind]
    known = WORK_NAMES.keys() | REGULAR_NAMES.keys()
    place = await place_of(tx, row.place) if named else None
    about, href = place or ("", "/")
    return Need(
        "missed",
        row.id,
        {locale: translator(locale)(words) for locale in LOCALES},
        about,
        href,
        row.due_at,
        detail="" if row.kind not in {"work", "recurring"} or row.what in known else row.what,
        reasons=(REGULAR_NAMES[row.what],) if row.what in REGULAR_NAMES else (),
        advice=ADVICE,
        acute=True,
        exercise=row.exercise,
    )


def _further(rest: Sequence[AuditFindingRow]) -> Need:
    one, many = N_("%(n)s further thing was not done in time"), N_("%(n)s further things were not done in time")
    titles = {locale: translator(locale).plural(one, many, len(rest)) for locale in LOCALES}
    return Need("missed", rest[0].id, titles, "", "/", rest[0].due_at, advice=FURTHER, acute=True)


async def unwatched(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    if not may(principal, Permission.RETRY_WORK):
        return []
    looked_at = await last_look(tx)
    working_since = await tx.scalar(
        select(func.min(HeartbeatRow.started_at)).where(
            HeartbeatRow.kind == "dispatcher", HeartbeatRow.seen_at >= now - BEATS_WITHIN
        )
    )
    if not is_silent(looked_at, working_since, now, tolerances().silent):
        return []
    titles = {locale: translator(locale)(UNWATCHED) for locale in LOCALES}
    since = looked_at or working_since
    return [Need("unwatched", UUID(int=0), titles, "", "/calendar", since, advice=LOOK_YOURSELF, acute=True)]
