"""What approvers, the desk and the writer are told about a request, and what the ledger keeps of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from irm.db import Actor, Tx
from irm.i18n import LOCALES, Translator, localized, translator
from irm.ledger import Event, record
from irm.notify import queries as people, service as notify
from irm.notify.messages import About
from irm.notify.plan import Resolution
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approvals import Approver, rungs_of
from irm.obligations.forms import form_of
from irm.obligations.gravity import level_of
from irm.obligations.models import SubmissionRow


async def tell(
    tx: Tx,
    action: str,
    row: SubmissionRow,
    request: ReportApprovalRow,
    *,
    actor: Actor,
    now: datetime,
    private: Mapping[str, str] | None = None,
    **more: object,
) -> None:
    body = {
        "approval": str(request.id),
        "submission": str(row.id),
        "serial": row.serial,
        "form": row.form,
        "organization": str(row.organization_id),
        "text": request.text_hash,
        "exercise": row.exercise,
        **more,
    }
    await record(tx, Event(action, f"{row.subject}/approval/{request.id}", now, actor, body, dict(private or {})))


async def say_to(
    tx: Tx,
    row: SubmissionRow,
    request: ReportApprovalRow,
    key: str,
    to: Resolution,
    title: Callable[[Translator], str],
    body: Callable[[Translator], str],
    *,
    now: datetime,
) -> None:
    """One message about the request, once for each `key`."""
    await notify.remind(
        tx,
        key=f"approval/{request.id}/{key}",
        targets=to.acting_for(row.organization_id),
        about=await about(tx, row, request, title, body),
        subject=row.subject,
        now=now,
        exercise=row.exercise,
    )


async def desk(tx: Tx, row: SubmissionRow, now: datetime) -> Resolution:
    return await people.resolve(
        tx, "on_duty(obligation.bearer)", {"obligation": {"bearer": str(row.organization_id)}}, now
    )


def page_key(request_id: UUID, place: int) -> str:
    """A page for each rung: who answers on one does not silence the next."""
    return f"approval/{request_id}/{place}"


def who(approvers: list[Approver], t: Translator) -> str:
    return t(", ").join(
        t("%(name)s (%(telephone)s)", name=each.name, telephone=each.telephone or t("no telephone on record"))
        for each in approvers
    ) or t("nobody holds a role of the chain")


async def page_rung(tx: Tx, row: SubmissionRow, request: ReportApprovalRow, place: int, *, now: datetime) -> None:
    rung = rungs_of(request)[place]
    found = Resolution()
    for person in rung.people:
        found += await people.resolve(tx, f"person({person})", {}, now)
    form = form_of(row.form)
    await notify.page(
        tx,
        key=page_key(request.id, place),
        targets=found.acting_for(row.organization_id),
        via="preferred",
        about=await about(
            tx,
            row,
            request,
            lambda t: t("Please approve: %(form)s %(serial)s", form=localized(form.short, t.locale), serial=row.serial),
            lambda t: t("Read it and approve it, or give it back with a reason. Its clock runs."),
        ),
        subject=row.subject,
        now=now,
        rung=place,
        exercise=row.exercise,
    )


async def about(
    tx: Tx,
    row: SubmissionRow,
    request: ReportApprovalRow,
    title: Callable[[Translator], str],
    body: Callable[[Translator], str],
) -> About:
    return About(
        row.number,
        await level_of(tx, row.subject),
        f"/approvals/{request.id}",
        title={each: title(translator(each)) for each in LOCALES},
        body={each: body(translator(each)) for each in LOCALES},
        basis="clock",
        matter="approval",
    )
