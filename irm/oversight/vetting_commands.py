"""`irm vetting …`: who lacks a paper, and entering one at the server."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from irm.access.acting import chunks_of
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.evidence.blobs import BlobStore
from irm.oversight import vetting as papers
from irm.oversight.standing import STATE_NAMES

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def vetting() -> None:
    """The vetting of vendors' staff and its papers."""


@vetting.command("list")
@click.option(
    "--lacking",
    is_flag=True,
    help="Only who is not on record or not vetted, or whose vetting has no paper or has run out.",
)
@json_option
@click.pass_obj
def list_vetting(console: Console, *, lacking: bool, as_json: bool) -> None:
    """List how the staff of vendors stands."""

    async def work(db: Database) -> list[papers.Standing]:
        async with db.transaction(SYSTEM) as tx:
            return await papers.standings(tx, None, now=db.clock.now(), lacking=lacking)

    console.show(
        [
            {
                "organization": one.vendor.code,
                "person": one.person_id,
                "name": one.name,
                "state": one.state if as_json else console.t(STATE_NAMES[one.state]),
                "vetted_until": one.engagement.vetted_until if one.engagement else None,
                "paper": one.paper.made_on if one.paper else None,
            }
            for one in console.run(work)
        ],
        as_json=as_json,
    )


@vetting.command("paper")
@click.argument("code")
@click.argument("person", type=click.UUID)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--made-on", type=DAY, required=True, help="The day on which the paper was made.")
@click.option("--good-until", type=DAY, help="The last day on which it is good.")
@json_option
@click.pass_obj
def enter_paper(
    console: Console, code: str, person: UUID, file: Path, made_on: datetime, good_until: datetime | None, as_json: bool
) -> None:
    """Enter the paper of the vetting of PERSON (their number in irm) at the vendor CODE."""

    async def work(db: Database) -> dict[str, Any]:
        blob = await BlobStore(console.settings.home / "blobs").put(chunks_of(file), file.name)
        async with db.transaction(SYSTEM) as tx:
            vendor, one = await papers.staff_record(tx, None, code, person)
            made = await papers.enter_paper(
                tx,
                vendor,
                one,
                blob,
                made_on=made_on.date(),
                good_until=good_until.date() if good_until else None,
                by=None,
                now=db.clock.now(),
            )
        return {"paper": made, "sha256": blob.sha256}

    console.show(console.run(work), as_json=as_json)
