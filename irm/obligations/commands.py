"""`irm duty`: what is owed, and handing a paper over."""

from pathlib import Path
from uuid import UUID

import click

from irm.access.acting import as_option, chunks_of, principal_as
from irm.access.policy import Permission, reach
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.evidence.blobs import BlobStore
from irm.evidence.service import attach
from irm.obligations import calendar, drafting, handing, queries, telling
from irm.obligations.forms import form_of, refuse_own_page
from irm.obligations.lateness_commands import explain_command
from irm.obligations.policy import entry_policy
from irm.obligations.standing_commands import standing
from irm.obligations.words import period_words


@click.group()
def duty() -> None:
    """Duties of the year: what falls due, and handing papers over."""


@duty.command("coming")
@as_option
@click.option(
    "--days",
    type=click.IntRange(0, 366),
    default=entry_policy().coming_days,
    show_default=True,
    help="How many days ahead.",
)
@json_option
@click.pass_obj
def coming(console: Console, login: str, *, days: int, as_json: bool) -> None:
    """What of the year is open and due within so many days, or overdue."""

    async def work(db: Database) -> list[dict[str, object]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            far = reach(await principal_as(tx, login, now), Permission.READ_OBLIGATIONS)
            found, _ = await calendar.coming(tx, far, now=now, days=days, most=entry_policy().longest_page)
        return [
            {
                "id": one.id,
                "title": console.t.of(one.title),
                "about": one.about,
                "period": period_words(one, console.t),
                "bearer": one.bearer.name,
                "recipient": one.recipient.name,
                "last_day": calendar.last_day(one.due_at) if one.due_at else "",
            }
            for one in found
        ]

    console.show(console.run(work), as_json=as_json)


@duty.command("hand-over")
@click.argument("obligation", type=click.UUID)
@as_option
@click.option("--means", type=click.Choice(handing.MEANS), required=True, help="How it is handed over.")
@click.option("--text", required=True, help="What is handed over, in a sentence.")
@click.option("--file", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def hand_over(
    console: Console, obligation: UUID, *, login: str, means: str, text: str, files: tuple[Path, ...], as_json: bool
) -> None:
    """Hand the paper that a duty asks for over to its recipient, with its files."""

    async def work(db: Database) -> dict[str, object]:
        now = db.clock.now()
        store = BlobStore(console.settings.home / "blobs")
        blobs = [await store.put(chunks_of(path), path.name) for path in files]
        async with db.transaction(SYSTEM) as tx:
            principal = await principal_as(tx, login, now)
            far = reach(principal, Permission.SUBMIT_REPORT)
            owed = await queries.obligation(tx, obligation, now=now, reach=far)
            refuse_own_page(owed.form, owed.number)
            drafts = await drafting.open_draft(tx, obligations=[owed.id], actor=principal.actor, now=now)
            if not drafts:
                raise Invalid("Nothing is owed here any more.", code="not_open")
            row = await drafting.locked(tx, drafts[0])
            kept = [
                await attach(
                    tx,
                    blob,
                    subject=telling.path_of(row),
                    organization_id=row.organization_id,
                    account_id=principal.account_id,
                    actor=principal.actor,
                    now=now,
                )
                for blob in blobs
            ]
            await handing.submit_report(
                tx,
                row.id,
                means=means,
                items={item.key: text for item in form_of(row.form).items if item.needed},
                attachments=kept,
                sight=far,
                actor=principal.actor,
                now=now,
            )
            one = await queries.submission(tx, row.id)
        return {"submission": one.id, "serial": one.serial, "status": one.status, "obligations": list(one.obligations)}

    console.show(console.run(work), as_json=as_json)


duty.add_command(explain_command)
duty.add_command(standing)
