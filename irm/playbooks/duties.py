"""What a run knows of obligations: read from the ledger, which is where the room below tells what happens there."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import or_, select

from irm.db import SYSTEM, Tx
from irm.ledger import Event, LedgerEntryRow
from irm.notify.messages import About, Texts, matter_of
from irm.playbooks import signals as s
from irm.playbooks.models import RunRow
from irm.playbooks.steps import Facts

OBLIGATION: Final = "obligation"
CARRIED: Final = (
    "rule",
    "bearer",
    "recipient",
    "form",
    "force",
    "kind",
    "number",
    "page",
    "severity",
    "urgency",
    "due_at",
)
HANDING: Final = ("submission.submitted", "submission.agreed")
"""A report speaks for its sender at once, for others once they agree."""
_ORDER: Final = {"obligation.opened": 0, "submission.submitted": 1, "submission.agreed": 1}
"""Entries of one transaction share their moment; a duty is opened before it is met."""


def signals_of(event: Event) -> tuple[tuple[str, s.Event], ...]:
    """What an event about duties tells runs: (obligation id, signal) for each duty concerned."""
    body: Mapping[str, Any] = event.body
    if event.action in HANDING:
        return tuple((str(known), s.ObligationSubmitted(str(known))) for known in body.get("obligations") or ())
    known = str(body.get("obligation") or event.subject.rpartition("/")[2])
    match event.action:
        case "obligation.opened":
            opened = s.ObligationOpened(known, str(body["rule"]), str(body["bearer"]), str(body.get("form") or ""))
            return ((known, opened),)
        case "obligation.taken_over":
            taken = s.ObligationTakenOver(
                known, str(body["rule"]), str(body["bearer"]), str(body.get("form") or ""), _stands(body.get("status"))
            )
            return ((known, taken),)
        case "obligation.given_back":
            rule, bearer, form = str(body["rule"]), str(body["bearer"]), str(body.get("form") or "")
            return ((known, s.ObligationTakenOver(known, rule, bearer, form, "superseded")),)
        case "obligation.reopened":
            return ((known, s.ReceiptGiven(known, "refused")),)
        case "obligation.met":
            return ((known, s.ObligationMet(known)),)
        case "obligation.superseded" | "obligation.returned" | "obligation.waived":
            return ((known, s.ObligationSuperseded(known)),)
        case "obligation.overdue":
            return ((known, s.ObligationOverdue(known)),)
        case _:
            return ()


def _stands(status: object) -> str:
    """A duty's status as runs know it: what is neither open nor reported is nothing to them any more."""
    return str(status) if status in {"open", "submitted", "met"} else "superseded"


def facts_of(event: Event) -> Facts:
    """The facts copy of a run about one obligation, from the event that starts it."""
    known = str(event.body.get("obligation") or event.subject.rpartition("/")[2])
    about = {name: event.body.get(name) for name in CARRIED}
    about |= {
        "id": known,
        "form": event.body.get("form") or "",
        "overdue": event.action == "obligation.overdue",
        "submitted": False,
        "met": False,
        "born_late": bool(event.body.get("born_late")),
        "exercise": bool(event.body.get("exercise")),
    }
    return {"obligation": about, "organizations": {}}


def about(obligation: Facts, text: Texts) -> About:
    number = str(obligation.get("number") or obligation["id"])
    page = str(obligation.get("page") or "/")
    return About(number, obligation.get("severity"), page, body=text, basis="clock", matter=matter_of(page))


async def told_so_far(tx: Tx, run: RunRow) -> list[s.Event]:
    """Everything that happened to the subject's duties before the run began, in order. Told again it changes nothing."""
    entries = await tx.scalars(
        select(LedgerEntryRow)
        .where(
            LedgerEntryRow.subject.startswith(f"{run.subject}/", autoescape=True),
            or_(
                LedgerEntryRow.action.startswith("obligation."),
                LedgerEntryRow.action.in_(HANDING),
            ),
        )
        .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
    )
    in_order = sorted(entries, key=lambda entry: (entry.at, _ORDER.get(entry.action, len(_ORDER))))
    told: list[s.Event] = []
    for entry in in_order:
        event = Event(entry.action, entry.subject, entry.at, SYSTEM, json.loads(entry.body))
        told += [signal for _, signal in signals_of(event)]
    return told
