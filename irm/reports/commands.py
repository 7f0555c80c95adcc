"""`irm report annual`: the year's report from the command line, in every format."""

import asyncio
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import click

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.errors import NotFound
from irm.evidence.blobs import BlobStore
from irm.i18n import LOCALES, translator
from irm.jobs import Inside
from irm.reports import filling, service
from irm.reports.models import EditionRow
from irm.reports.placeholders import placeholders
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
            "id": str(row.id),
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


@report.command("fill")
@click.argument("edition", type=click.UUID)
@click.argument("form", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option("--locale", type=click.Choice(LOCALES), default=service.OFFICIAL, help="Language of the values.")
@json_option
@click.pass_obj
def fill(console: Console, edition: UUID, form: Path, out: Path, locale: str, as_json: bool) -> None:
    """Fill an authority's own form (.docx, .xlsx) from an edition and keep it with that.

    EDITION is the id that `irm report annual` shows; it also stands in the address of the edition's page.
    """

    async def work(db: Database) -> dict[str, Any]:
        store = BlobStore(console.settings.home / "blobs")
        made = await filling.fill_form(
            db, store, edition, form.read_bytes(), form.name, locale=locale, by=None, actor=SYSTEM
        )
        out.write_bytes(made.content)
        return {"file": str(out), "sha256": made.attachment.sha256}

    console.show(console.run(work), as_json=as_json)


@report.command("placeholders")
@click.argument("edition", type=click.UUID)
@click.option("--locale", type=click.Choice(LOCALES), default=service.OFFICIAL, help="Language of meanings and values.")
@json_option
@click.pass_obj
def names(console: Console, edition: UUID, locale: str, as_json: bool) -> None:
    """List the names that a form may use, with what an edition says."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            row = await tx.get(EditionRow, edition)
            if row is None or row.figures_sha256 is None:
                raise NotFound(service.NO_EDITION)
            one = Edition(row.number, await service.figures_of(tx, row), dict(row.commentary))
        return [
            {"name": each.name, "meaning": each.meaning, "sample": each.sample}
            for each in placeholders(one, translator(locale))
        ]

    console.show(console.run(work), as_json=as_json)
