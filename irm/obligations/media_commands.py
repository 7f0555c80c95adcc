"""`irm media`: questions of the press (媒体问询), without a browser."""

from datetime import datetime
from uuid import UUID

import click

from irm.access.acting import MOMENT, as_option, here, principal_as
from irm.access.policy import Permission, reach
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.i18n import Translator
from irm.obligations.about_subject import acting_for
from irm.obligations.contacts import MEANS
from irm.obligations.lookup import subject_at
from irm.obligations.media import Asked, Inquiry, answer_inquiry, inquiries_of, inquiry, open_inquiries, record_inquiry
from irm.obligations.policy import entry_policy
from irm.web.wording import exact


@click.group()
def media() -> None:
    """Questions of the press: write down what is asked, and what the spokesperson answered."""


@media.command("list")
@as_option
@click.option(
    "--incident", metavar="NUMBER", help="Only about this incident, the answered ones too; default: all that is open."
)
@json_option
@click.pass_obj
def listed(console: Console, login: str, incident: str | None, *, as_json: bool) -> None:
    """What the press asked and nobody has answered, what is wanted soonest first; or all about one incident."""

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            far = reach(await principal_as(tx, login, now), Permission.RECORD_CONTACT)
            if incident is None:
                found = await open_inquiries(tx, reach=far, most=entry_policy().longest_page)
            else:
                found = await inquiries_of(tx, (await subject_at(tx, incident, reach=far)).path, reach=far)
            return [_line(one, (await subject_at(tx, one.subject, reach=far)).number, console.t) for one in found]

    console.show(console.run(work), as_json=as_json)


@media.command("record")
@click.option("--incident", metavar="NUMBER", required=True, help="Number of the incident.")
@as_option
@click.option("--means", type=click.Choice(MEANS), required=True, help="How it came.")
@click.option("--outlet", required=True, help="The paper or station, and who asks.")
@click.option("--said", required=True, help="What was asked.")
@click.option("--until", "answer_by", type=MOMENT, help="Until when an answer is wanted, local time.")
@click.option("--at", "stated_at", type=MOMENT, help="When it came, local time; default: now.")
@json_option
@click.pass_obj
def recorded(
    console: Console,
    incident: str,
    login: str,
    means: str,
    outlet: str,
    said: str,
    answer_by: datetime | None,
    stated_at: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Write down what the press asks; irm says who answers, tells that post, and reminds before the promised moment."""

    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            far = reach(by, Permission.RECORD_CONTACT)
            subject = await subject_at(tx, incident, reach=far)
            known = await record_inquiry(
                tx,
                subject=subject,
                asked=Asked(means, outlet, said, here(answer_by), here(stated_at)),
                organization_id=acting_for(by, Permission.RECORD_CONTACT, None),
                actor=by.actor,
                now=now,
            )
            return _line(await inquiry(tx, known, reach=far), subject.number, console.t)

    console.show(console.run(work), as_json=as_json)


@media.command("answer")
@click.argument("question", type=click.UUID)
@as_option
@click.option("--answer", required=True, help="What was answered.")
@click.option("--answered-by", required=True, help="Who answered.")
@click.option("--at", "stated_at", type=MOMENT, help="When it was answered, local time; default: now.")
@json_option
@click.pass_obj
def answered(
    console: Console,
    question: UUID,
    login: str,
    answer: str,
    answered_by: str,
    stated_at: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Write down what the spokesperson answered; nobody is reminded any more."""

    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await principal_as(tx, login, now)
            far = reach(by, Permission.RECORD_CONTACT)
            await answer_inquiry(
                tx,
                question,
                answer=answer,
                answered_by=answered_by,
                stated_at=here(stated_at),
                sight=far,
                actor=by.actor,
                now=now,
            )
            one = await inquiry(tx, question, reach=far)
            return _line(one, (await subject_at(tx, one.subject, reach=far)).number, console.t)

    console.show(console.run(work), as_json=as_json)


def _line(one: Inquiry, number: str, t: Translator) -> dict[str, object]:
    return {
        "about": number,
        "outlet": one.contact.counterpart_name or "",
        "asked": one.contact.said,
        "came": exact(one.contact.stated_at, t),
        "written_down": exact(one.contact.recorded_at, t),
        "answers": t.of(one.answerer),
        "wanted_until": exact(one.answer_by, t) if one.answer_by else "",
        "answer": one.answer or "",
        "answered_by": one.answered_by or "",
        "answered": exact(one.answered_at, t) if one.answered_at else "",
        "id": str(one.id),
    }
