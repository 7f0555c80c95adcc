"""Checkpoints to witnesses outside irm: by mail, into a folder of another machine, by webhook.

A witness keeps the signed note and the leaf hashes since the last one it took (`leaves`, 32 bytes each, no content). The
note alone shows that the past was changed; with the leaves it can be said which entry. Each send is a job with attempts,
its outcome is kept and shown.
"""

import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from aiosmtplib import SMTP
from anyio import to_thread
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.config import Settings
from irm.db import SYSTEM, Tx, uuid7
from irm.evidence.models import LedgerCheckpointRow, LedgerNodeRow, WitnessingRow
from irm.evidence.sequencer import last_checkpoint
from irm.i18n import N_, translator
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import Event, record as record_event
from irm.signing import signed

Kind = Literal["mail", "file", "webhook"]
KINDS: Final[tuple[Kind, ...]] = ("file", "mail", "webhook")
WITNESS_NAMES: Final = {"mail": N_("Mail"), "file": N_("Folder"), "webhook": N_("Webhook")}
PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
FIRST_LOOK: Final = timedelta(seconds=30)
TIMEOUT: Final = 10.0
MOST_LEAVES: Final = 200_000
"""6.4 MB; what is older is proven by the roots alone."""


@dataclass(frozen=True)
class Work:
    kind: Kind
    size: int
    note: str
    key: str
    at: datetime
    first: int
    leaves: tuple[bytes, ...]
    """Of the entries `first … size − 1`."""

    @property
    def leaf_lines(self) -> str:
        return leaf_lines(self.first, self.leaves)

    @property
    def name(self) -> str:
        """Sorts by size; ends in .note or .leaves."""
        return f"checkpoint-{self.size:012d}"


@dataclass(frozen=True)
class Answer:
    status: Literal["witnessed", "failed", "refused", "off"]
    address: str = ""
    detail: str = ""


def leaf_lines(first: int, leaves: Sequence[bytes]) -> str:
    """One line per entry: its place and its leaf hash in base64."""
    return "".join(f"{index} {b64encode(leaf).decode()}\n" for index, leaf in enumerate(leaves, first))


async def call_witnesses(tx: Tx, _args: dict[str, Any], now: datetime) -> None:
    """A job for each witness, if there is a checkpoint that it was not asked to keep yet."""
    newest = await last_checkpoint(tx)
    if newest is None:  # a city that begins has its first checkpoint in seconds, and should not wait an hour
        raise jobs.RetryLater(FIRST_LOOK)
    for kind in KINDS:
        key = f"witness/{kind}/{newest.size}"
        args = {"witness": kind, "size": newest.size}
        await jobs.schedule(tx, "evidence.witness", args, run_at=now, key=key, queue="bulk")


async def witnessed_size(tx: Tx, kind: Kind | None = None) -> int | None:
    """How far the newest checkpoint goes that a witness (this one, or any) keeps."""
    which = select(func.max(WitnessingRow.checkpoint_size)).where(WitnessingRow.status == "witnessed")
    found: int | None = await tx.scalar(which if kind is None else which.where(WitnessingRow.witness == kind))
    return found


async def claim(tx: Tx, args: dict[str, Any], now: datetime, _attempt: int) -> Work | None:
    kind: Kind = args["witness"]
    row = await tx.get(LedgerCheckpointRow, args["size"])
    before = await witnessed_size(tx, kind) or 0
    if row is None or before >= row.size:
        return None
    first = max(before, row.size - MOST_LEAVES)
    leaves = await tx.scalars(
        select(LedgerNodeRow.hash)
        .where(LedgerNodeRow.level == 0, LedgerNodeRow.index >= first, LedgerNodeRow.index < row.size)
        .order_by(LedgerNodeRow.index)
    )
    return Work(kind, row.size, row.note, row.key, now, first, tuple(leaves))


async def call(work: Work, resources: Resources) -> Answer:
    match work.kind:
        case "file":
            return await to_thread.run_sync(_to_folder, work, resources.settings.witness_folder)
        case "mail":
            return await _by_mail(work, resources.settings)
        case "webhook":
            return await _by_webhook(work, resources)


async def record(
    tx: Tx,
    args: dict[str, Any],
    work: Work,
    outcome: Answer | CallFailed,
    now: datetime,
    attempt: int,
    is_current: bool,
) -> timedelta | None:
    if isinstance(outcome, CallFailed):
        outcome = Answer("failed", detail=outcome.error)
    if outcome.status == "off":
        return None
    again = PAUSES[attempt - 1] if outcome.status == "failed" and attempt <= len(PAUSES) else None
    status = "witnessed" if outcome.status == "witnessed" else "waiting" if again else "failed"
    values = {
        "address": outcome.address,
        "status": status,
        "attempts": attempt,
        "detail": outcome.detail[:500] or None,
        "at": now,
    }
    await tx.execute(
        insert(WitnessingRow)
        .values(id=uuid7(), checkpoint_size=work.size, witness=work.kind, **values)
        .on_conflict_do_update(
            constraint="uq_witnessing_checkpoint_witness", set_=values, where=WitnessingRow.status != "witnessed"
        )
    )
    if status == "failed" and is_current:
        body = {"checkpoint": work.size, "witness": work.kind, "attempts": attempt}
        private = {"detail": outcome.detail[:500]} if outcome.detail else {}
        await record_event(tx, Event("checkpoint.unwitnessed", f"checkpoint/{work.size}", now, SYSTEM, body, private))
    return again if args["size"] == work.size else None


WITNESS: Final = Outside(claim=claim, call=call, record=record, timeout=2 * TIMEOUT)


# -- a folder


def _to_folder(work: Work, folder: Path | None) -> Answer:
    if folder is None:
        return Answer("off")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / f"{work.name}.note"
        if note.exists() and note.read_text("utf-8") != work.note:
            # The witness remembers another past: nothing here may paint over that.
            return Answer("refused", str(folder), f"{note.name} is there and says something else")
        _write(folder / f"{work.name}.leaves", work.leaf_lines)
        _write(note, work.note)
        _write(folder / "key.txt", work.key + "\n")
    except OSError as error:
        return Answer("failed", str(folder), repr(error))
    return Answer("witnessed", str(folder))


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


# -- mail


async def _by_mail(work: Work, settings: Settings) -> Answer:
    recipients = [one.strip() for one in settings.witness_mail.split(",") if one.strip()]
    if not recipients or not settings.smtp_url:
        return Answer("off")
    server = urlsplit(settings.smtp_url)
    options = parse_qs(server.query)
    sender = options.get("from", [settings.mail_from])[0]
    starttls = {"never": False, "must": True}.get(options.get("starttls", [""])[0])
    smtp = SMTP(
        hostname=server.hostname,
        port=server.port or (465 if server.scheme == "smtps" else 25),
        username=unquote(server.username) if server.username else None,
        password=unquote(server.password) if server.password else None,
        use_tls=server.scheme == "smtps",
        start_tls=None if server.scheme == "smtps" else starttls,
        timeout=TIMEOUT / 2,
    )
    address = ", ".join(recipients)
    async with smtp:
        refused, answer = await smtp.sendmail(
            parseaddr(sender)[1] or sender, recipients, written(work, sender, recipients).as_bytes(policy=WIRE)
        )
    if refused:
        return Answer("failed", address, str(refused))
    return Answer("witnessed", address, answer[:200])


def written(work: Work, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """Both languages: who keeps it is no reader of irm."""
    mail = EmailMessage()
    host = parseaddr(sender)[1].rpartition("@")[2] or "irm.invalid"
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = " / ".join(
        translator(locale)(N_("Ledger checkpoint %(size)s, to be kept"), size=work.size) for locale in ("zh-CN", "en")
    )
    mail["Message-ID"] = f"<checkpoint-{work.size}@{host}>"
    mail["Date"] = format_datetime(work.at)
    mail["Auto-Submitted"] = "auto-generated"
    words = [
        translator(locale)(
            N_("Keep this mail. It shows later, without irm, whether one of the first %(size)s entries was changed."),
            size=work.size,
        )
        for locale in ("zh-CN", "en")
    ]
    mail.set_content("\n".join([*words, "", work.key, "", work.note]), charset="utf-8", cte="base64")
    mail.add_attachment(work.note.encode(), maintype="text", subtype="plain", filename=f"{work.name}.note")
    mail.add_attachment(work.leaf_lines.encode(), maintype="text", subtype="plain", filename=f"{work.name}.leaves")
    return mail


# -- webhook


async def _by_webhook(work: Work, resources: Resources) -> Answer:
    settings = resources.settings
    if not settings.witness_url:
        return Answer("off")
    given = {
        "type": "irm.checkpoint",
        "size": work.size,
        "note": work.note,
        "key": work.key,
        "first": work.first,
        "leaves": [b64encode(leaf).decode() for leaf in work.leaves],
    }
    body = msgspec.json.encode(given)
    headers = {"content-type": "application/json"}
    if secret := settings.webhook_secret.get_secret_value():
        headers = signed(f"checkpoint-{work.size}", work.at, body, secret)
    response = await resources.http.post(settings.witness_url, content=body, headers=headers, timeout=TIMEOUT)
    if response.is_success:
        return Answer("witnessed", settings.witness_url, f"HTTP {response.status_code}")
    return Answer("failed", settings.witness_url, f"HTTP {response.status_code}")
