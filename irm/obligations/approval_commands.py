"""`irm approval`: reports before their approvers, and the approvers' answers, without a browser."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import click

from irm.access.acting import as_option, principal_as
from irm.access.policy import Permission, Principal
from irm.access.vocabulary import ROLE_NAMES
from irm.console import Console, json_option
from irm.db import SYSTEM, Database, Tx
from irm.i18n import Translator
from irm.obligations import answering, queries
from irm.obligations.approval import Verdict
from irm.obligations.approval_messages import who
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approval_sight import request_named, request_of, state_of, waiting_for
from irm.obligations.approvals import Standing, standing_of, text_of
from irm.obligations.forms import form_of
from irm.obligations.models import SubmissionRow
from irm.obligations.views import Submission
from irm.obligations.words import whom
from irm.web.wording import exact

BOTH: Final = (Permission.APPROVE_REPORTS, Permission.SUBMIT_REPORT)
reason_option: Final = click.option("--reason", required=True, help="Why; stays on record.")


@click.group()
def approval() -> None:
    """Reports before their approvers: what waits, and what is answered."""


@approval.command("list")
@as_option
@json_option
@click.pass_obj
def listed(console: Console, login: str, *, as_json: bool) -> None:
    """What waits for the account's word: to approve, to sign afterwards, to confirm. What was asked first comes first."""

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            rows = await waiting_for(tx, await principal_as(tx, login, now))
            return [_line(row, await queries.submission(tx, row.submission_id), console.t) for row in rows]

    console.show(console.run(work), as_json=as_json)


@approval.command("show")
@click.argument("report")
@as_option
@json_option
@click.pass_obj
def shown(console: Console, report: str, login: str, *, as_json: bool) -> None:
    """One report before its approvers: its text, who is asked, who must be fetched. By its number or the id of the request."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            principal = await principal_as(tx, login, now)
            return await _whole(tx, await request_named(tx, principal, report, *BOTH), now, console.t)

    found = console.run(work)
    if as_json:
        console.show(found, as_json=True)
        return
    chain, items = found.pop("chain"), found.pop("items")
    console.show(found, as_json=False)
    click.echo()
    console.show(chain, as_json=False)
    for one in items:
        click.echo(f"\n{one['item']}\n{one['text'] or console.t('To follow.')}")


@approval.command("give")
@click.argument("report")
@as_option
@click.option("--text", help="SHA-256 of the text that was read (`irm approval show`); another text is refused.")
@json_option
@click.pass_obj
def given(console: Console, report: str, login: str, text: str | None, *, as_json: bool) -> None:
    """Approve a report, sign it afterwards, or confirm the word that the desk wrote down."""

    async def act(tx: Tx, row: ReportApprovalRow, by: Principal, now: datetime) -> None:
        if row.standing == "self_declared":
            await answering.confirm(tx, row.id, person_id=by.person_id, actor=by.actor, now=now)
        else:
            await answering.approve(tx, row.id, person_id=by.person_id, actor=by.actor, now=now, text=text)

    _answer(console, report, login, act, as_json=as_json)


@approval.command("return")
@click.argument("report")
@as_option
@reason_option
@json_option
@click.pass_obj
def returned(console: Console, report: str, login: str, reason: str, *, as_json: bool) -> None:
    """Give a report back for correction. What was sent before approval stays sent; the objection stays on record."""

    async def act(tx: Tx, row: ReportApprovalRow, by: Principal, now: datetime) -> None:
        await answering.give_back(tx, row.id, reason=reason, person_id=by.person_id, actor=by.actor, now=now)

    _answer(console, report, login, act, as_json=as_json)


@approval.command("deny")
@click.argument("report")
@as_option
@reason_option
@json_option
@click.pass_obj
def denied(console: Console, report: str, login: str, reason: str, *, as_json: bool) -> None:
    """Say that the approval which the desk wrote down was never given."""

    async def act(tx: Tx, row: ReportApprovalRow, by: Principal, now: datetime) -> None:
        await answering.deny(tx, row.id, reason=reason, person_id=by.person_id, actor=by.actor, now=now)

    _answer(console, report, login, act, as_json=as_json)


def _answer(
    console: Console,
    report: str,
    login: str,
    act: Callable[[Tx, ReportApprovalRow, Principal, datetime], Awaitable[None]],
    *,
    as_json: bool,
) -> None:
    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            row = await request_named(tx, by, report, Permission.APPROVE_REPORTS)
            await act(tx, row, by, now)
            row = await request_of(tx, by, row.id, Permission.APPROVE_REPORTS)
            return _line(row, await queries.submission(tx, row.submission_id), console.t)

    console.show(console.run(work), as_json=as_json)


def _line(row: ReportApprovalRow, one: Submission, t: Translator) -> dict[str, object]:
    return {
        "report": one.serial,
        "form": t.of(form_of(one.form).short),
        "about": one.about,
        "state": t(state_of(row)),
        "asked": exact(row.asked_at, t),
        "reason": row.reason or "",
        "id": str(row.id),
    }


async def _whole(tx: Tx, row: ReportApprovalRow, now: datetime, t: Translator) -> dict[str, Any]:
    """The text is the one of the request; where it was changed since, `text` says so by another hash."""
    one = await queries.submission(tx, row.submission_id)
    stands = await standing_of(tx, row.submission_id, now=now)
    is_current = stands.request is not None and stands.request.id == row.id
    draft = await tx.get_one(SubmissionRow, row.submission_id)
    return {
        **_line(row, one, t),
        "sender": one.sender.name,
        "recipient": whom(one.recipient, t),
        "decided": exact(row.decided_at, t) if row.decided_at else "",
        "may_leave_from": exact(stands.opens_at, t) if is_current and stands.opens_at else "",
        "authorization": stands.authorization.number if stands.authorization else "",
        "to_fetch": who(stands.to_fetch(), t) if is_current and stands.verdict is Verdict.FETCH else "",
        "asked_about": row.text_hash,
        "text": text_of(draft),
        "chain": _chain(stands, t) if is_current else [],
        "items": [
            {
                "item": f"{t.of(item.number)} {t.of(item.title)}".strip(),
                "text": str(one.items.get(item.key) or "").strip(),
            }
            for item in form_of(one.form).items
        ],
    }


def _chain(stands: Standing, t: Translator) -> list[dict[str, object]]:
    return [
        {
            "role": t(ROLE_NAMES[rung.role]),  # type: ignore[index]  # a role's value is the role
            "minutes": int(rung.within.total_seconds() // 60),
            "people": who(stands.on(place), t) if rung.people else t("Nobody else holds this role; it takes no time."),
            "from": exact(stands.begins[place], t) if stands.begins else "",
            "until": exact(stands.begins[place + 1], t) if stands.begins else "",
            "asked_now": t("asked now") if stands.rung == place else "",
        }
        for place, rung in enumerate(stands.rungs)
    ]
