"""Reminders of clocks, the moment a limit passes, and submissions that stay without receipt. Jobs call these."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from irm.absence import Absence, absences, fell_into
from irm.db import SYSTEM, Tx
from irm.i18n import LOCALES, Translator, localized, translator
from irm.ledger import Event, record
from irm.notify import queries as people, service as notify
from irm.notify.messages import About, called, matter_of
from irm.obligations import owed
from irm.obligations.directory import desks
from irm.obligations.forms import form_of
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.obligations.naming import system_names
from irm.obligations.policy import entry_policy
from irm.obligations.settling import alone_or_later, set_timers, tell, term_of
from irm.obligations.subjects import SystemName, about_words
from irm.obligations.telling import body_of, path_of
from irm.rules.outside import outside
from irm.web.wording import deadline, exact

LINES: Final = 20
"""Duties that one message names; the rest stand in the calendar."""
ON_DUTY: Final = "on_duty(obligation.bearer)"


async def remind(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """Say every mark that has come, for all open duties of the same bearer and subject, in one message. Duties of the
    year of one bearer come due together, so they are told together, whatever systems they are about.

    Passing the limit is said once, and never of recommended or practice rules. Running it again says nothing.
    """
    first = await tx.get(ObligationRow, UUID(args["obligation"]))
    if first is None or first.status != "open":
        return
    await alone_or_later(tx, first.subject)
    policy = entry_policy().clocks
    rows = await tx.scalars(
        select(ObligationRow)
        .where(
            ObligationRow.subject == first.subject if first.period is None else _of_the_year(now, policy),
            ObligationRow.bearer_id == first.bearer_id,
            ObligationRow.status == "open",
        )
        .order_by(ObligationRow.id)
        # Another subject's duty that somebody is working on reminds by its own job.
        .with_for_update(key_share=True, skip_locked=first.period is not None)
        .execution_options(populate_existing=True)
    )
    concerned: list[ObligationRow] = []
    names: list[str] = []
    late: Absence | None = None
    for row in rows:
        come = owed.marks_due(term_of(row), policy, row.reminded, now)
        if not come:
            continue
        row.reminded = [*row.reminded, *(mark.name for mark in come)]
        concerned.append(row)
        names.append(f"{row.id}:{come[-1].name}")
        away = None if row.exercise else fell_into(await absences(tx, since=come[0].at), come[-1].at)
        late = late or away
        await _tell_marks(tx, row, come, now, away)
        await set_timers(tx, row, now=now)
    if not concerned:
        return
    await tx.flush()
    lines = await _lines(tx, concerned[:LINES], now)
    if late is not None:
        lines.append(_because_away(late))
    more = len({row.subject for row in concerned}) - 1
    # Within irm by its name; what leaves irm says the number.
    about = _about(first, await system_names(tx, {first.system_id}))
    told = "+".join(names) if first.period is None else sha256("+".join(names).encode()).hexdigest()
    await notify.remind(
        tx,
        key=f"obligations/{first.bearer_id}/{told}",
        targets=await people.resolve(tx, ON_DUTY, {"obligation": {"bearer": str(first.bearer_id)}}, now),
        about=About(
            first.number,
            first.severity,
            first.page if not more else "/calendar",
            title=_in_all(lambda t: t("Time limits of %(number)s", number=called(about, more, t))),
            body={locale: "\n".join(each[locale] for each in lines) for locale in LOCALES},
            basis="clock",
            matter=matter_of(first.subject),
            others=more,
        ),
        subject=first.subject,
        now=now,
        severity=first.severity,
        urgency=first.urgency,
        exercise=first.exercise,
    )


def _of_the_year(now: datetime, policy: owed.ClockPolicy) -> ColumnElement[bool]:
    """Duties that come every period and whose first reminder may have come."""
    reach = max((span for each in policy.long for span in each.before), default=timedelta(0))
    return and_(ObligationRow.period.is_not(None), ~ObligationRow.exercise, ObligationRow.due_at <= now + reach)


async def receipt_alarm(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """A submission without receipt after the city's limit: the sender's desk is told to ask for it."""
    row = await tx.scalar(
        select(SubmissionRow)
        .where(SubmissionRow.id == UUID(args["submission"]), SubmissionRow.status == "submitted")
        .with_for_update(key_share=True)
    )
    if row is None:
        return
    await record(tx, Event("submission.unreceipted", path_of(row), now, SYSTEM, await body_of(tx, row)))
    desk = (await desks(tx, [row.recipient_id])).get(row.recipient_id) if row.recipient_id else None
    recipient = desk.name if desk else ""
    await notify.remind(
        tx,
        key=f"submission/{row.id}/unreceipted",
        targets=await people.resolve(tx, ON_DUTY, {"obligation": {"bearer": str(row.organization_id)}}, now),
        about=About(
            row.number,
            None,
            f"/submissions/{row.id}",
            matter=matter_of(row.subject),
            title=_in_all(lambda t: t("No receipt yet for %(serial)s", serial=row.serial)),
            body={
                locale: translator(locale)(
                    "%(form)s %(serial)s to %(recipient)s: no receipt so far (the city's own limit). Ask the desk and record its answer.",
                    form=localized(form_of(row.form).short, locale),
                    serial=row.serial,
                    recipient=recipient,
                )
                for locale in LOCALES
            },
        ),
        subject=row.subject,
        now=now,
        exercise=row.exercise,
    )


async def tell_not_sent(tx: Tx, row: SubmissionRow, delivery_id: UUID | None, now: datetime) -> None:
    """The mail with a report did not get through: the sender's desk must hand it over by hand, the clock runs."""
    await notify.remind(
        tx,
        key=f"submission/{row.id}/not-sent/{delivery_id}",
        targets=await people.resolve(tx, ON_DUTY, {"obligation": {"bearer": str(row.organization_id)}}, now),
        about=About(
            row.number,
            None,
            f"/submissions/{row.id}",
            matter=matter_of(row.subject),
            title=_in_all(lambda t: t("The mail with %(serial)s did not get through", serial=row.serial)),
            body=_in_all(
                lambda t: t(
                    "%(serial)s is a draft again and its clock runs. Hand it over by telephone or fax.",
                    serial=row.serial,
                )
            ),
        ),
        subject=row.subject,
        now=now,
        exercise=row.exercise,
    )


async def tell_refused(tx: Tx, row: SubmissionRow, now: datetime) -> None:
    """The recipient did not take the report: whoever owes it is told at once, its reminders may all be said already."""
    await notify.remind(
        tx,
        key=f"submission/{row.id}/refused",
        targets=await people.resolve(tx, ON_DUTY, {"obligation": {"bearer": str(row.organization_id)}}, now),
        about=About(
            row.number,
            None,
            f"/submissions/{row.id}",
            matter=matter_of(row.subject),
            title=_in_all(lambda t: t("%(serial)s was refused by the recipient", serial=row.serial)),
            body=_in_all(
                lambda t: t(
                    "%(serial)s counts for nothing and its clock runs on. Correct it and hand it over again.",
                    serial=row.serial,
                )
            ),
            basis="clock",
        ),
        subject=row.subject,
        now=now,
        exercise=row.exercise,
    )


async def ask_to_agree(tx: Tx, row: SubmissionRow, parties: Collection[UUID], *, now: datetime) -> None:
    """代报: each organization that the report names beside its sender is asked whether it agrees."""
    sender = (await desks(tx, [row.organization_id])).get(row.organization_id)
    name = sender.name if sender else ""
    for organization in sorted(set(parties) - {row.organization_id}):
        await notify.remind(
            tx,
            key=f"submission/{row.id}/agree/{organization}",
            targets=await people.resolve(tx, ON_DUTY, {"obligation": {"bearer": str(organization)}}, now),
            about=About(
                row.number,
                None,
                f"/submissions/{row.id}",
                matter=matter_of(row.subject),
                title=_in_all(lambda t: t("%(name)s has reported on your behalf", name=name)),
                body=_in_all(
                    lambda t: t(
                        "%(serial)s names your organization. Agree on its page; until then your own duty stays open.",
                        serial=row.serial,
                    )
                ),
            ),
            subject=row.subject,
            now=now,
            exercise=row.exercise,
        )


def _because_away(one: Absence) -> dict[str, str]:
    return _in_all(
        lambda t: t(
            "irm was away from %(since)s to %(until)s; this comes late for that reason.",
            since=exact(one.since, t),
            until=exact(one.until, t),
        )
    )


async def _tell_marks(
    tx: Tx, row: ObligationRow, come: Sequence[owed.Mark], now: datetime, away: Absence | None
) -> None:
    names = {mark.name for mark in come}
    is_over = owed.is_overdue(term_of(row), now) and row.overdue_at is None
    if owed.soon_mark(term_of(row), entry_policy().clocks) in names and not is_over:
        await tell(tx, "obligation.due_soon", row, actor=SYSTEM, now=now)
    if is_over:
        row.overdue_at = row.due_at
        await tx.flush()
        missed = fell_into((away,), row.due_at) if away else None
        why = {"away_since": missed.since.isoformat(), "away_until": missed.until.isoformat()} if missed else {}
        await tell(tx, "obligation.overdue", row, actor=SYSTEM, now=now, **why)


async def _lines(tx: Tx, rows: Sequence[ObligationRow], now: datetime) -> list[dict[str, str]]:
    """One line for each duty in every language: what, to whom, by when."""
    named = await desks(tx, [row.recipient_id for row in rows if row.recipient_id])
    systems = await system_names(tx, {row.system_id for row in rows})
    lines: list[dict[str, str]] = []
    for row in rows:
        limit = row.due_at or row.internal_due_at
        desk = named.get(row.recipient_id) if row.recipient_id else None
        line: dict[str, str] = {}
        for locale in LOCALES:
            t = translator(locale)
            line[locale] = t(
                "%(what)s, to %(whom)s: %(limit)s %(when)s",
                what=_what(row, systems, t),
                whom=desk.name if desk else _not_listed(row.recipient_kind, t),
                limit=t(owed.limit_word(term_of(row).standing, internal=row.due_at is None)),
                when=deadline(limit, now, t) if limit else "",
            )
        lines.append(line)
    return lines


def _not_listed(kind: str, t: Translator) -> str:
    return t.of(outside()[kind]) if kind in outside() else t("recipient not listed")


def _what(row: ObligationRow, systems: Mapping[UUID, SystemName], t: Translator) -> str:
    title = t.of(row.title)
    if row.system_id is None:
        return title
    return t("%(title)s (%(name)s)", title=title, name=_about(row, systems))


def _about(row: ObligationRow, systems: Mapping[UUID, SystemName]) -> str:
    return about_words(row.number, systems.get(row.system_id) if row.system_id else None)


def _in_all(say: Any) -> dict[str, str]:
    return {locale: say(translator(locale)) for locale in LOCALES}
