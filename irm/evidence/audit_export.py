"""What the audit administrator found, as a file to take away, with the checkpoint that its entries can be held against."""

import io
import zipfile
from datetime import datetime
from typing import Final

from litestar import Response

from irm.actor import Actor
from irm.db import Tx
from irm.documents.archive import FIRST_DAY
from irm.documents.delimited import write_csv
from irm.documents.media import XLSX
from irm.documents.tables import Page, write_pages
from irm.errors import Invalid
from irm.evidence import audit, queries
from irm.evidence.owned import ACTORS
from irm.i18n import N_, Translator

FORMS: Final = ("xlsx", "csv")
MOST: Final = 20_000
"""Entries in one file: what a person still reads, and a request still makes in seconds."""
TITLE: Final = N_("Ledger entries")
HEADS: Final = (
    N_("Place"),
    N_("When"),
    N_("What was done"),
    N_("Action"),
    N_("By whom"),
    N_("Actor"),
    N_("Subject"),
    N_("Address"),
    N_("The text that was hashed"),
    N_("Leaf hash"),
)
WIDTHS: Final = (10, 18, 24, 26, 18, 44, 44, 18, 48, 66)
CHECKPOINT: Final = N_("Checkpoint")
NONE_YET: Final = N_("No checkpoint covers it yet; the next one comes in seconds.")
TOO_MANY: Final = N_("More than %(most)s entries fit: narrow it down, for instance by days.")


async def taken_away(
    tx: Tx, wanted: audit.Wanted, form: str, *, actor: Actor, now: datetime, t: Translator
) -> Response[bytes]:
    """`form`: xlsx with a second sheet for the checkpoint; csv: a ZIP of the list and the signed note.

    That it was taken, and how many entries, is an entry itself. Raises Invalid for another form and for more than MOST.
    """
    if form not in FORMS:
        raise Invalid(N_("One of: %(values)s."), field="form", values=", ".join(FORMS))
    found, more = await audit.entries(tx, wanted, limit=MOST)
    if more is not None:
        raise Invalid(TOO_MANY, field="since", most=MOST)
    state = await queries.log_state(tx)
    page = await _page(tx, found, t)
    await queries.record_look(tx, "export", actor=actor, now=now, count=len(found))
    note = state.checkpoint.note if state.checkpoint else t(NONE_YET)
    name = f"ledger-{state.checkpoint.size if state.checkpoint else 0}"
    if form == "csv":
        return _file(
            _zipped({"entries.csv": write_csv(page), "checkpoint.note": note.encode()}),
            "application/zip",
            f"{name}.zip",
        )
    held = Page(t(CHECKPOINT), [t(CHECKPOINT)], [[line] for line in note.splitlines()], (90,))
    return _file(write_pages([page, held], title=t(TITLE)), XLSX, f"{name}.xlsx")


async def _page(tx: Tx, found: list[queries.LogEntry], t: Translator) -> Page:
    words = queries.words_of(tx)
    people = await audit.names_of_entries(tx, found, t)
    addresses = await audit.addresses(tx, [one.id for one in found])
    rows = [
        [
            one.index,
            one.at,
            t(words[one.action]) if one.action in words else one.action,
            one.action,
            people.get(one.id) or t(ACTORS.get(one.actor.partition("/")[0], one.actor)),
            one.actor,
            one.subject,
            addresses.get(one.id),
            one.body,
            one.leaf_hash,
        ]
        for one in found
    ]
    return Page(t(TITLE), [t(head) for head in HEADS], rows, WIDTHS)


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(zipfile.ZipInfo(name, FIRST_DAY), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _file(content: bytes, media_type: str, filename: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=media_type, headers=headers)
