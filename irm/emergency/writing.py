"""The sheet to the folder outside: HTML first, which needs nothing, then PDF. Job `emergency.write_sheet`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from anyio import to_thread

from irm.config import Settings
from irm.db import SYSTEM, Actor, Tx
from irm.documents.pdf import to_pdf
from irm.documents.screen import to_html
from irm.documents.tree import Document
from irm.emergency.content import Content
from irm.emergency.folder import CannotKeep, Kept, keep
from irm.emergency.policy import sheet_policy
from irm.emergency.queries import FAILED, WRITTEN, city_sheet
from irm.emergency.sheet import sheet
from irm.errors import IrmError, Unavailable
from irm.i18n import DEFAULT_LOCALE, N_, translator
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import Event, record
from irm.obligations.forms import form_of

BLANK: Final = "initial"
SUBJECT: Final = "emergency_sheet"
TIMEOUT: Final = 30.0
FAULTS: Final = {
    "off": N_("IRM_SHEET_DIR is not set: nothing is kept outside."),
    "missing": N_("The folder of the emergency sheets is not there. Is the share mounted?"),
    "inside_home": N_("The folder of the emergency sheets lies within irm's own: it would be away together with irm."),
    "not_writable": N_("The folder of the emergency sheets cannot be written to."),
    "error": N_("The emergency sheet could not be written to its folder."),
}


@dataclass(frozen=True)
class Work:
    at: datetime
    document: Document


@dataclass(frozen=True)
class Answer:
    """`fault`: a key of FAULTS; empty when it was kept. `off`: no folder is set up, which is nobody's failure."""

    kept: tuple[Kept, ...] = ()
    fault: str = ""
    detail: str = ""


def document_of(content: Content, locale: str = DEFAULT_LOCALE) -> Document:
    policy = sheet_policy()
    return sheet(
        content,
        form_of(BLANK),
        translator(locale),
        hours=policy.hours_ahead,
        days=policy.days_ahead,
        lines=policy.paper_lines,
    )


async def claim(tx: Tx, _args: dict[str, Any], now: datetime, _attempt: int) -> Work | None:
    """What irm knows at this moment; nothing while no cloud authority is entered."""
    content = await city_sheet(tx, now)
    return Work(now, document_of(content)) if content else None


async def call(work: Work, resources: Resources) -> Answer:
    return await to_thread.run_sync(put_outside, work, resources.settings)


def put_outside(work: Work, settings: Settings, folder: Path | None = None) -> Answer:
    """Blocks while it sets type and writes. The HTML is kept even where the PDF cannot be made."""
    where = folder or settings.sheet_dir
    if where is None:
        return Answer(fault="off")
    kept: list[Kept] = []
    try:
        kept += keep(where, settings.home, work.at, {"html": to_html(work.document)}, most=sheet_policy().keep)
        kept += keep(where, settings.home, work.at, {"pdf": to_pdf(work.document)}, most=sheet_policy().keep)
    except CannotKeep as error:
        return Answer(fault=error.fault, detail=str(error))
    except (OSError, IrmError) as error:
        return Answer(tuple(kept), fault="error", detail=repr(error))
    return Answer(tuple(kept))


async def record_outcome(
    tx: Tx,
    _args: dict[str, Any],
    work: Work,
    outcome: Answer | CallFailed,
    now: datetime,
    attempt: int,
    is_current: bool,
) -> timedelta | None:
    if isinstance(outcome, CallFailed):
        outcome = Answer(fault="error", detail=outcome.error)
    if outcome.fault == "off":
        return None
    if not outcome.fault:
        await note_written(tx, outcome.kept, work.at, actor=SYSTEM, now=now)
        return None
    if attempt == 1 and is_current:
        body = {"reason": outcome.fault}
        await record(tx, Event(FAILED, SUBJECT, now, SYSTEM, body, {"detail": outcome.detail[:500]}))
    return sheet_policy().pause_after(attempt)


async def note_written(tx: Tx, kept: tuple[Kept, ...], as_of: datetime, *, actor: Actor, now: datetime) -> None:
    """The files by name and hash: whoever finds one on paper or stick can say whether it is the one."""
    body = {
        "as_of": as_of.isoformat(),
        "files": [{"name": one.name, "sha256": one.sha256, "size": one.size} for one in kept],
    }
    await record(tx, Event(WRITTEN, SUBJECT, now, actor, body))


WRITE_SHEET: Final = Outside(claim=claim, call=call, record=record_outcome, timeout=TIMEOUT)


def refuse_fault(answer: Answer) -> None:
    """Raises Unavailable with the reason in words, for whoever asked by hand."""
    if answer.fault:
        raise Unavailable(FAULTS[answer.fault], code=f"sheet_{answer.fault}")
