"""What the page of one report shows, and how it comes back with what was wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar.status_codes import HTTP_409_CONFLICT, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, reach
from irm.access.second import is_second
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, IrmError
from irm.evidence.service import attachments_of
from irm.i18n import Translator
from irm.obligations import contacts, handing, queries, receiving, typed_items
from irm.obligations.approval import Verdict
from irm.obligations.approvals import Standing, standing_of
from irm.obligations.awaiting import receipt_awaited_until
from irm.obligations.directory import desks_of_kinds
from irm.obligations.following import print_of
from irm.obligations.forms import form_of
from irm.obligations.routes import readable, speaks_for_recipient
from irm.obligations.views import Named, Obligation, Receipt, Submission
from irm.obligations.words import (
    CAUSE_NAMES,
    MEANS_NAMES,
    OUTCOME_NAMES,
    STANDING_NAMES,
    START_NAMES,
    STATUS_NAMES,
    STATUS_TONES,
    SUBMISSION_NAMES,
    SUBMISSION_TONES,
    citation_text,
    period_words,
    whom,
)
from irm.rules.outside import outside
from irm.rules.words import force_words, mark_note, mark_words
from irm.web import drafts
from irm.web.forms import Form
from irm.web.pages import Page, page

HANDED: Final = ("submitted", "receipted", "refused", "returned")


@dataclass(frozen=True)
class Shown:
    """One submission with all that its page needs."""

    one: Submission
    duties: Sequence[Obligation]
    siblings: Sequence[Submission]
    """The same report to others."""
    others: Sequence[Named]
    """Organizations for which it could also speak."""
    files: Sequence[tuple[str, str]]
    recipients: Sequence[tuple[str, str]]
    may_agree: Sequence[Named]
    """Organizations of the reader's that it names and that have not agreed."""
    may_note: Sequence[Named]
    """Those whose agreement the reader may write down."""
    may_write: bool
    may_receipt: bool
    is_recipient: bool
    is_second: Callable[[Receipt], bool]
    """Whether the reader may confirm a receipt: nobody confirms what he wrote down himself."""
    receipt_until: datetime | None = None
    """By the city's own figure, while a receipt is awaited."""
    approval: Standing | None = None
    """None: the city asks for no approval of this report, or it is not the reader's to see."""


def words() -> dict[str, Any]:
    """What the templates of this room need to speak."""
    return {
        "status_names": STATUS_NAMES,
        "status_tones": STATUS_TONES,
        "submission_names": SUBMISSION_NAMES,
        "submission_tones": SUBMISSION_TONES,
        "means_names": MEANS_NAMES,
        "outcome_names": OUTCOME_NAMES,
        "standing_names": STANDING_NAMES,
        "start_names": START_NAMES,
        "cause_names": CAUSE_NAMES,
        "citation_text": citation_text,
        "period_words": period_words,
        "whom": whom,
        "force_words": force_words,
        "mark_words": mark_words,
        "mark_note": mark_note,
        "own_page": lambda form: form_of(form).own_page,
        "form_name": lambda name: form_of(name).short,
        "role_names": ROLE_NAMES,
    }


def draft_name(submission_id: UUID) -> str:
    return f"submission:{submission_id}"


def receipt_name(submission_id: UUID) -> str:
    return f"receipt:{submission_id}"


async def show(tx: Tx, principal: Principal, one: Submission, clock: Clock) -> Shown:
    now = clock.now()
    write = reach(principal, Permission.SUBMIT_REPORT)
    may_write = write.everything or one.sender.id in write.organizations
    may_receipt = reach(principal, Permission.RECORD_RECEIPT).covers(queries.resource_of(one))
    far = reach(principal, Permission.READ_OBLIGATIONS)
    about = await queries.obligations_of(tx, one.subject, now=now, reach=far)
    others = {
        each.bearer.id: each.bearer
        for each in about
        if each.bearer.id != one.sender.id and each.form == one.form and each.status == "open"
    }
    siblings = [
        each for each in await queries.submissions_of_report(tx, one.report_id) if each.id != one.id and may_write
    ]
    files = (
        [*await attachments_of(tx, f"{one.subject}/submission/{one.id}"), *await attachments_of(tx, one.subject)]
        if may_write or may_receipt
        else []
    )
    recipients = (
        [(str(desk.id), desk.name) for desk in await desks_of_kinds(tx, [one.recipient.kind])]
        if one.is_draft and one.recipient.id is None and one.recipient.kind not in outside()
        else []
    )
    unagreed = [each for each in one.speaks_for if each.id not in one.agreed] if one.status in HANDED else []
    visible = {str(far_id) for far_id in write.organizations}
    return Shown(
        one=one,
        duties=[each for each in about if each.id in one.obligations],
        siblings=siblings,
        others=list(others.values()) if may_write else [],
        files=[
            (str(file.id), file.filename) for file in files if write.everything or str(file.organization_id) in visible
        ],
        recipients=recipients,
        may_agree=[each for each in unagreed if each.id in write.organizations],
        may_note=[each for each in unagreed if may_write and each.id not in write.organizations],
        may_write=may_write,
        may_receipt=may_receipt and one.status in HANDED and not form_of(one.form).own_page,
        is_recipient=speaks_for_recipient(principal, one),
        is_second=lambda one: is_second([one.recorded_by_id], principal),
        receipt_until=await _receipt_until(tx, one, now),
        approval=await _approval(tx, one, now) if may_write else None,
    )


async def _approval(tx: Tx, one: Submission, now: datetime) -> Standing | None:
    found = await standing_of(tx, one.id, now=now)
    return None if found.verdict is Verdict.FREE else found


async def _receipt_until(tx: Tx, one: Submission, now: datetime) -> datetime | None:
    if one.status != "submitted" or one.submitted_at is None:
        return None
    return await receipt_awaited_until(
        tx, one.form, one.means, one.submitted_at, recipient_kind=one.recipient.kind, now=now
    )


def submission_response(shown: Shown, clock: Clock, *, form: Form, receipt: Form, status_code: int = 200) -> Page:
    one = shown.one
    layout = form_of(one.form)
    return page(
        "obligations/submission.html",
        status_code=status_code,
        now=clock.now(),
        one=one,
        shown=shown,
        layout=layout,
        form=form,
        receipt=receipt,
        draft_name=draft_name(one.id),
        receipt_name=receipt_name(one.id),
        means=handing.MEANS,
        receipt_means=receiving.MEANS,
        outcomes=receiving.OUTCOMES,
        contact_means=contacts.MEANS,
        **words(),
    )


async def refused_response(  # what was typed comes back with what is wrong with it
    db: Database,
    principal: Principal,
    clock: Clock,
    t: Translator,
    submission_id: UUID,
    error: IrmError,
    values: Mapping[str, Any],
    *,
    of_receipt: bool = False,
) -> Page:
    name = receipt_name(submission_id) if of_receipt else draft_name(submission_id)
    async with db.transaction(principal.actor) as tx:
        shown = await show(tx, principal, await readable(tx, principal, submission_id), clock)
        await drafts.keep(tx, principal.account_id, name, values, now=clock.now())
    refused = Form.refused(values, error, t)
    status = HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY
    if of_receipt:
        return submission_response(
            shown, clock, form=Form(values=form_values(shown.one)), receipt=refused, status_code=status
        )
    return submission_response(shown, clock, form=refused, receipt=Form(), status_code=status)


def form_values(one: Submission) -> dict[str, Any]:
    return {
        **typed_items.as_items(one.items),
        "document_number": one.document_number or "",
        "version": one.version,
        "for_organizations": [str(each.id) for each in one.speaks_for],
        "attachments": [str(each) for each, _, _ in one.files],
        **{f"{typed_items.WAS}{key}": print_of(text) for key, text in one.items.items()},
    }


def restored_form(one: Submission, kept: Mapping[str, Any] | None, t: Translator) -> Form:
    """The draft with what the reader typed last over it; says so if somebody else has written in it meanwhile."""
    values = form_values(one)
    if not kept:
        return Form(values=values)
    stale = str(kept.get("version") or one.version) != str(one.version)
    message = t("Somebody else has changed this draft. Compare with the printed view before you save.") if stale else ""
    # What the reader left as it was shown follows the draft; only what was typed lies over it.
    left = {f"{prefix}{key}" for key in typed_items.untouched(kept) for prefix in (typed_items.ITEM, typed_items.WAS)}
    over = {name: value for name, value in kept.items() if name not in left}
    return Form(values=values | over | {"version": one.version}, message=message, restored=True)
