"""`irm report annual`: the year's report from the command line, in every format."""

import asyncio
from pathlib import Path
from typing import Any, cast

import click

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.i18n import LOCALES
from irm.jobs import Inside
from irm.reports import service
from irm.reports.models import EditionRow
from irm.reports.rendering import FORMATS, Edition, filename, rendered


@click.group()
def report() -> None:
    """Annual reports."""


@report.command("annual")
@click.option("--year", type=int, required=True, help="The year, by moment of knowledge in Beijing time.")
@click.option("--organization", required=True, help="Code of the organization that reports.")
@click.option("--city", is_flag=True, help="The whole city; the organization is its cloud authority.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the documents."
)
@click.option("--locale", type=click.Choice(LOCALES), default=service.OFFICIAL, help="Language of the documents.")
@json_option
@click.pass_obj
def annual(console: Console, year: int, organization: str, city: bool, out: Path, locale: str, as_json: bool) -> None:
    """Make a new edition and write it as PDF, DOCX, XLSX, HTML and JSON."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            whose = await access.organization_by_code(tx, organization)
            edition_id = await service.make_edition(
                tx,
                year=year,
                scope="city" if city else "organization",
                organization_id=whose.id,
                by=None,
                actor=SYSTEM,
                now=db.clock.now(),
            )
        # Here and now, whether a worker runs or not; its job finds the figures taken and goes on with the documents.
        async with db.transaction(SYSTEM, snapshot=True) as tx:
            taking = cast("Inside", db.wiring.jobs[service.TAKE])
            await taking.run(tx, {"edition": str(edition_id)}, db.clock.now())
        async with db.transaction(SYSTEM) as tx:
            row = await tx.get_one(EditionRow, edition_id)
            one = Edition(row.number, await service.figures_of(tx, row), dict(row.commentary))
        found: dict[str, Any] = {
            "edition": row.number,
            "as_of": row.as_of.astimezone(SHANGHAI).isoformat() if row.as_of else None,
            "figures": row.figures_sha256,
        }
        out.mkdir(parents=True, exist_ok=True)
        for form in FORMATS:
            path = out / filename(one, form)
            path.write_bytes(await asyncio.to_thread(rendered, one, form, locale))
            found[form] = str(path)
        return found

    console.show(console.run(work), as_json=as_json)
