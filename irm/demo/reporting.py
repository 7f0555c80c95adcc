"""Handing over what is owed, as the people of the made-up city do it: in irm where the recipient works in it, else by fax,
on some nights by mail."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from irm.db import SYSTEM, Actor, Tx
from irm.demo.past import Act, Past
from irm.obligations.drafting import open_draft
from irm.obligations.forms import form_of
from irm.obligations.handing import INSIDE, MAIL, submit_report
from irm.obligations.queries import obligations_of, submission
from irm.obligations.receiving import record_receipt
from irm.obligations.views import Obligation
from irm.rules.outside import outside

FAX: Final = "fax"
PAPER: Final = "paper"
LETTER: Final = "letter"
FILING: Final = "filing"
INITIAL: Final = "initial"


async def report_all(
    tx: Tx,
    past: Past,
    subject: str,
    texts: Mapping[str, str],
    *,
    wanted: Callable[[Obligation], bool] = lambda _: True,
    receiver: str = "",
    by_mail: bool = False,
) -> int:
    """Hand over everything that stands open about the subject and is wanted, with its receipt; how many."""
    done = 0
    leaving: set[UUID] = set()
    for _ in range(4):  # what one report leaves open, the next round answers
        open_now = [
            each
            for each in await obligations_of(tx, subject, now=past.clock.now())
            if each.status == "open" and _is_there(each) and wanted(each) and each.id not in leaving
        ]
        if not open_now:
            break
        for each in open_now:
            done += await hand_over(tx, past, each, texts, receiver=receiver, by_mail=by_mail)
            leaving.add(each.id)
    return done


def _is_there(duty: Obligation) -> bool:
    """Somebody of the contact list, or whom none holds: persons are told by a notice."""
    return duty.recipient.id is not None or duty.recipient.kind in outside()


async def hand_over(
    tx: Tx, past: Past, duty: Obligation, texts: Mapping[str, str], *, receiver: str = "", by_mail: bool = False
) -> int:
    """One duty: its draft filled in, handed over, and the recipient's receipt an hour later by its own word."""
    now, actor = past.clock.now(), bearer(past, duty.bearer.id)
    # Whoever did not file in irm reports instead.
    form = INITIAL if duty.form == FILING else None
    drafts = await open_draft(tx, obligations=[duty.id], form=form, actor=actor, now=now)
    for draft in drafts:
        known = await submission(tx, draft)
        items = {
            item.key: texts.get(item.key) or texts["text"]
            for item in form_of(known.form).items
            if not str(known.items.get(item.key) or "").strip()
        }
        inside = duty.recipient.joined
        means = INSIDE if inside else PAPER if duty.recipient.id is None else MAIL if by_mail else FAX
        await submit_report(tx, draft, means=means, items=items, actor=actor, now=now)
        at = min(now + timedelta(hours=1), past.now)
        past.add(at, f"receipt of {duty.form}", receipt(past, draft, inside=inside, receiver=receiver), needed=True)
    return len(drafts)


def bearer(past: Past, organization_id: UUID | None) -> Actor:
    """Whoever is on duty there, else the house itself."""
    for login, code in past.city.homes.items():
        if past.city.organizations[code] == organization_id:
            return Actor("person", past.city.people[login], organization_id)
    return SYSTEM


def receipt(past: Past, submission_id: UUID, *, inside: bool, receiver: str = "") -> Act:
    """The recipient's answer; a report that was handed over to nobody in irm gets it by fax, a notice by the proof of it."""

    async def act(tx: Tx) -> None:
        one = await submission(tx, submission_id)
        if one.status != "submitted":
            return
        await record_receipt(
            tx,
            submission_id,
            outcome="received",
            means=INSIDE if inside else FAX if one.recipient.id else LETTER,
            received_by=None if inside else receiver or None,
            number=None if inside else f"{one.serial[-4:]}",
            for_recipient=inside,
            actor=bearer(past, one.recipient.id if inside else one.sender.id),
            now=past.clock.now(),
        )

    return act
