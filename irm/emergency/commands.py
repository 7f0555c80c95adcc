"""`irm sheet`: the emergency sheet, written now."""

import asyncio
from pathlib import Path
from typing import Any

import click

from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.emergency.queries import city_sheet
from irm.emergency.writing import Work, document_of, note_written, put_outside, refuse_fault
from irm.errors import NotFound


@click.group()
def sheet() -> None:
    """The emergency sheet: what the duty needs when irm is away."""


@sheet.command("write")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder that is there already (default: IRM_SHEET_DIR).",
)
@json_option
@click.pass_obj
def write(console: Console, folder: Path | None, *, as_json: bool) -> None:
    """Write it now, as PDF and as one HTML file; print their names and hashes."""

    async def work(db: Database) -> list[dict[str, Any]]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            content = await city_sheet(tx, now)
        if content is None:
            raise NotFound("No cloud authority is entered yet; there is nothing to write.")
        answer = await asyncio.to_thread(put_outside, Work(now, document_of(content)), console.settings, folder)
        refuse_fault(answer)
        if folder is None or folder == console.settings.sheet_dir:
            # What lies elsewhere is somebody's own copy: the board watches the folder of the settings.
            async with db.transaction(SYSTEM) as tx:
                await note_written(tx, answer.kept, now, actor=SYSTEM, now=db.clock.now())
        where = folder or console.settings.sheet_dir
        return [{"file": str(where / one.name) if where else one.name, "sha256": one.sha256} for one in answer.kept]

    console.show(console.run(work), as_json=as_json)
