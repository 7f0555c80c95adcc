"""Answers to pages by mail: handed over by the mail server (`/api/v1/mail/inbound`), or fetched from a mailbox by IMAP.

The mailbox is read without marking anything; a mail is marked as seen in the round after the one in which it was recorded, so
that what a crash interrupts is read again, and what was recorded counts once (by its Message-ID).
"""

import asyncio
import imaplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sqlalchemy import Text, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.i18n import translator
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import Event, record as enter
from irm.notify import mail_replies, synthetic
from irm.notify.mail_replies import MailReply
from irm.notify.models import BundleRow, DeliveryRow
from irm.notify.policy import channel_policy
from irm.notify.provider_models import MailReplyRow
from irm.notify.replies import REMEMBERED
from irm.notify.service import acknowledge, acknowledge_together

READ_MAIL: Final = "notify.read_mail"
SECONDS: Final = 30.0
PATIENCE: Final = 8.0
MOST: Final = 50
"""Mails of one round."""
LARGEST: Final = 256 * 1024
"""Bytes of a mail that are read: its headers and the beginning of its text."""
RECENT: Final = timedelta(days=2)


@dataclass(frozen=True)
class Round:
    """What may be marked as seen. `known`: Message-IDs that are on record; `came_back`: those of synthetic messages, before
    the host."""

    known: frozenset[str]
    came_back: frozenset[str] = frozenset()

    def has(self, message_id: str) -> bool:
        return message_id in self.known or message_id.strip("<>").partition("@")[0] in self.came_back


async def receive(tx: Tx, reply: MailReply, *, now: datetime) -> str:
    """Confirm the page that the mail answers, and keep what was made of it; the same mail twice changes nothing. A synthetic
    message that came back is noted as heard."""
    if await synthetic.heard_in_mailbox(tx, reply.message_id, now=now):
        return "synthetic"
    values = {"id": uuid7(), "message_id": reply.message_id, "sender": reply.sender[:300], "received_at": now}
    kept = insert(MailReplyRow).values(**values, outcome="unknown_message").on_conflict_do_nothing()
    if await tx.scalar(kept.returning(MailReplyRow.id)) is None:
        return "already"
    outcome, row = await _understood(tx, reply, now)
    if outcome == "acknowledged" and row is not None:
        if row.bundle_id is not None:
            every = await acknowledge_together(tx, row.bundle_id, means="mail_reply", now=now, label="mail")
            already = all(each.already for each in every)
        else:
            actor = Actor("channel", row.person_id, row.organization_id, label="mail")
            done = await acknowledge(
                tx, row.id, by_person=row.person_id, means="mail_reply", at=now, now=now, actor=actor
            )
            already = done.already
        outcome = "already" if already else outcome
    told = await tx.get_one(MailReplyRow, values["id"])
    told.outcome, told.delivery_id = outcome, row.id if row else None
    await tx.flush()
    subject = f"{row.subject}/delivery/{row.id}" if row else "mail"
    body = {"outcome": outcome, "reply": str(told.id)}
    await enter(tx, Event("mail.received", subject, now, Actor("channel", label="mail"), body))
    return outcome


async def _understood(tx: Tx, reply: MailReply, now: datetime) -> tuple[str, DeliveryRow | None]:
    if reply.is_automatic or mail_replies.is_by_itself(reply.subject, channel_policy().automatic_subjects):
        return "automatic", None
    row = await _asked(tx, reply) or await _with_code(tx, reply, now)
    if row is None:
        return "unknown_message", None
    if (row.address or "").casefold() != reply.sender:
        return "other_mailbox", None
    yes = [word for locale in ("zh-CN", "en") for word in translator(locale)("received words").split()]
    return ("acknowledged" if mail_replies.says_yes(reply.line, yes) else "no_word"), row


async def _asked(tx: Tx, reply: MailReply) -> DeliveryRow | None:
    """The page that the nearest of the named messages was, or one of those that it carried."""
    for named in reply.answers:
        row: DeliveryRow | None = await tx.scalar(
            select(DeliveryRow)
            .outerjoin(BundleRow, BundleRow.id == DeliveryRow.bundle_id)
            .where(
                DeliveryRow.channel == "email",
                DeliveryRow.purpose == "page",
                or_(DeliveryRow.id == named, BundleRow.id == named),
            )
            .order_by(DeliveryRow.id)
            .limit(1)
        )
        if row is not None:
            return row
    return None


async def _with_code(tx: Tx, reply: MailReply, now: datetime) -> DeliveryRow | None:
    """The page whose mail bore the code of the answer's subject, or one of those that it carried: one that went to the
    answer's sender, else another, which that sender cannot confirm."""
    if not reply.code:
        return None
    sent_as = func.coalesce(DeliveryRow.bundle_id, DeliveryRow.id).cast(Text)
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.channel == "email",
            DeliveryRow.purpose == "page",
            DeliveryRow.created_at > now - REMEMBERED,
            func.right(sent_as, mail_replies.CODE_LENGTH) == reply.code.lower(),
        )
        .order_by(DeliveryRow.id)
    )
    found = list(rows)
    return next((row for row in found if (row.address or "").casefold() == reply.sender), found[0] if found else None)


async def _claim(tx: Tx, args: dict[str, Any], now: datetime, attempt: int) -> Round:  # noqa: ARG001 - a handler's shape
    known = await tx.scalars(select(MailReplyRow.message_id).where(MailReplyRow.received_at > now - RECENT))
    return Round(frozenset(known), await synthetic.came_back(tx, since=now - RECENT))


async def _call(work: Round, resources: Resources) -> list[MailReply]:
    settings = resources.settings
    url = settings.imap_url.get_secret_value()
    if not url:
        return []
    return await asyncio.to_thread(fetch, url, settings.imap_ca, work)


async def _record(
    tx: Tx,
    args: dict[str, Any],  # noqa: ARG001 - a handler's shape
    work: Round,  # noqa: ARG001 - a handler's shape
    outcome: list[MailReply] | CallFailed,
    now: datetime,
    attempt: int,  # noqa: ARG001 - a handler's shape
    is_current: bool,  # noqa: ARG001 - a handler's shape
) -> timedelta | None:
    """A mailbox that does not answer is asked again in the next minute."""
    for reply in outcome if not isinstance(outcome, CallFailed) else ():
        await receive(tx, reply, now=now)
    return None


READ: Final = Outside(claim=_claim, call=_call, record=_record, timeout=SECONDS)


def fetch(url: str, ca: Path | None, work: Round) -> list[MailReply]:
    """Unseen mails of the mailbox, oldest first, without marking them; those of `work` are marked as seen instead. Raises
    OSError, imaplib.IMAP4.error without the password in its words."""
    address = urlsplit(url)
    host, is_tls = address.hostname or "", address.scheme == "imaps"
    context = ssl.create_default_context(cafile=ca)
    if is_tls:
        box: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, address.port or 993, ssl_context=context, timeout=PATIENCE)
    else:
        box = imaplib.IMAP4(host, address.port or 143, timeout=PATIENCE)
    with box:
        if not is_tls and host not in {"localhost", "127.0.0.1", "::1"}:
            box.starttls(context)
        box.login(unquote(address.username or ""), unquote(address.password or ""))
        box.select(_quoted(unquote(address.path.strip("/")) or "INBOX"))
        found = []
        for uid in _numbers(box.uid("SEARCH", "UNSEEN"))[:MOST]:
            reply = _read(box, uid)
            if reply is not None and work.has(reply.message_id):
                box.uid("STORE", uid, "+FLAGS", r"(\Seen)")
            elif reply is not None:
                found.append(reply)
        return found


def _quoted(mailbox: str) -> str:
    escaped = mailbox.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _numbers(answer: tuple[str, Sequence[Any]]) -> list[str]:
    listed = answer[1][0] if answer[1] and isinstance(answer[1][0], bytes) else b""
    return [each.decode() for each in listed.split() if each.isdigit()]


def _read(box: imaplib.IMAP4, uid: str) -> MailReply | None:
    _, parts = box.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")
    content = next((part[1] for part in parts if isinstance(part, tuple)), None)
    return mail_replies.read(content) if isinstance(content, bytes) else None
