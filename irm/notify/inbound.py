"""上行短信: an SMS that somebody sent to irm's number, as the gateway hands it over."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.errors import Invalid, Unauthenticated, Unavailable
from irm.i18n import N_, translator
from irm.ledger import Event, record as enter
from irm.notify import handed_over, replies
from irm.notify.handed_over import first
from irm.notify.models import BundleRow, DeliveryRow, SmsReplyRow
from irm.notify.service import acknowledge, acknowledge_together

PHONE_FIELDS: Final = ("phone", "mobile", "from", "sender", "msisdn", "phone_number")
TEXT_FIELDS: Final = ("content", "text", "message", "msg", "body", "sms_content")
ID_FIELDS: Final = ("id", "message_id", "msgid", "msg_id", "sequence_id", "sequenceid")
LARGEST: Final = 10_000
"""Signs of one text."""

OUTCOME_NAMES: Final[dict[str, str]] = {
    "acknowledged": N_("The reply confirmed the page."),
    "already": N_("The page had been confirmed before."),
    "no_code": N_("The reply holds no reply code: nothing was confirmed."),
    "unknown_code": N_("The code belongs to no page that went to this number: nothing was confirmed."),
    "ambiguous": N_("The reply could mean more than one page: nothing was confirmed. Reply with the code."),
    "unknown_number": N_("No page went to this number: nothing was confirmed."),
}


@dataclass(frozen=True)
class Reply:
    address: str
    content: str
    provider_id: str | None


@dataclass(frozen=True)
class Understood:
    """`outcome` is one of the replies' outcomes, or `already`: it had been confirmed before."""

    outcome: str
    about: str | None = None


def authenticate(headers: Mapping[str, str], key: str | None, body: bytes, secret: str) -> None:
    """By the shared secret (header `x-irm-secret`, or `?key=` where a gateway knows only an address), or by
    `x-irm-signature`: hex HMAC-SHA256 of the body. `headers` in lower case."""
    if not secret:
        raise Unavailable("This callback is switched off: no shared secret is set.")
    expected = hmac.new(secret.encode(), body, sha256).hexdigest()
    signature = headers.get("x-irm-signature", "").removeprefix("sha256=").casefold()
    shared = headers.get("x-irm-secret") or key or ""
    if not (
        hmac.compare_digest(expected.encode(), signature.encode())
        or hmac.compare_digest(secret.encode(), shared.encode())
    ):
        raise Unauthenticated("This request does not prove that it is from the gateway.")


def read(body: bytes, content_type: str) -> list[Reply]:
    """JSON (an object or a list of them) or a form, by any of the usual names of fields. Of a list what cannot be read is
    left out: it keeps no other reply from its page. Raises Invalid naming what is missing where nothing can be read."""
    found: list[Reply] = []
    fault: Invalid | None = None
    for fields in handed_over.read(body, content_type) or [{}]:
        try:
            found.append(_reply(fields))
        except Invalid as error:
            fault = fault or error
    if not found and fault is not None:
        raise fault
    return found


def _reply(fields: Mapping[str, str]) -> Reply:
    address = replies.telephone(first(fields, PHONE_FIELDS))
    content = first(fields, TEXT_FIELDS)
    if not address:
        raise Invalid("The sender's number is missing.", field="phone")
    if not content:
        raise Invalid("The text is missing.", field="content")
    if len(content) > LARGEST:
        raise Invalid("The message is too long.", field="content")
    # 腾讯云 numbers no reply: who wrote it and when is what it is known by when it is pushed again.
    at = fields.get("time", "")
    number = first(fields, ID_FIELDS) or (f"{address}@{at}" if at else "")
    return Reply(address, content[: replies.LONGEST], number[:200] or None)


async def receive(tx: Tx, reply: Reply, *, now: datetime) -> Understood:
    """Confirm the page that the reply answers, and keep what was made of it. The same reply twice changes nothing."""
    reply_id = uuid7()
    kept = insert(SmsReplyRow).values(
        id=reply_id,
        provider_id=reply.provider_id,
        address=reply.address,
        content=reply.content,
        received_at=now,
        recorded_at=now,
        outcome="no_code",
    )
    if await tx.scalar(kept.on_conflict_do_nothing().returning(SmsReplyRow.id)) is None:
        known = await tx.scalar(select(SmsReplyRow).where(SmsReplyRow.provider_id == reply.provider_id))
        if known is None or (known.address, known.content) == (reply.address, reply.content):
            return Understood("already")
        # Some gateways number only what one push holds: another text is another reply, or an answer would be lost.
        await tx.execute(kept.values(provider_id=None))
    sent = await _sent_to(tx, reply.address, since=now - replies.REMEMBERED)
    found = replies.match(reply.content, [each for each, _ in sent], yes=_words_of_receipt())
    outcome, about = str(found.outcome), None
    if found.delivery_id is not None:
        bundle_id = next(bundle for each, bundle in sent if each.delivery_id == found.delivery_id)
        row = await tx.get_one(DeliveryRow, found.delivery_id)
        about = row.about
        if bundle_id is not None:
            every = await acknowledge_together(tx, bundle_id, means="sms_reply", now=now, label="sms")
            already = all(each.already for each in every)
        else:
            actor = Actor("channel", row.person_id, row.organization_id, label="sms")
            done = await acknowledge(
                tx, row.id, by_person=row.person_id, means="sms_reply", at=now, now=now, actor=actor
            )
            already = done.already
        outcome = "already" if already else outcome
    told = await tx.get_one(SmsReplyRow, reply_id)
    told.outcome, told.delivery_id = outcome, found.delivery_id
    await tx.flush()
    if found.delivery_id is None:
        private = {"address": reply.address, "content": reply.content}
        body = {"outcome": outcome}
        await enter(tx, Event("sms_reply.unmatched", f"sms_reply/{reply_id}", now, Actor("channel"), body, private))
    return Understood(outcome, about)


async def _sent_to(tx: Tx, address: str, *, since: datetime) -> list[tuple[replies.Sent, UUID | None]]:
    """What asked this number for an answer, newest first: single pages, and messages that carried several, with the id of
    the message. What travelled in such a message is answered by its code, not by one of its own."""
    pages = await tx.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.channel == "sms",
            DeliveryRow.address == address,
            DeliveryRow.purpose == "page",
            DeliveryRow.reply_code.is_not(None),
            DeliveryRow.status.in_(("sending", "sent", "delivered", "waiting", "failed")),
            DeliveryRow.created_at > since,
        )
        .order_by(DeliveryRow.id)
    )
    alone: list[DeliveryRow] = []
    carried: dict[UUID, DeliveryRow] = {}
    for row in pages:
        if row.bundle_id is None:
            alone.append(row)
        else:
            carried.setdefault(row.bundle_id, row)
    found: list[tuple[replies.Sent, UUID | None]] = [
        (replies.Sent(row.id, row.page_key, str(row.reply_code), row.created_at), None) for row in alone
    ]
    for bundle in await tx.scalars(select(BundleRow).where(BundleRow.id.in_(carried))):
        row = carried[bundle.id]
        said = replies.Sent(row.id, f"bundle/{bundle.id}", str(bundle.reply_code), bundle.created_at)
        found.append((said, bundle.id))
    return sorted(found, key=lambda each: (each[0].created_at, each[0].delivery_id), reverse=True)


def _words_of_receipt() -> tuple[str, ...]:
    """What people write who do not write the code, in both languages."""
    return tuple(word for locale in ("zh-CN", "en") for word in translator(locale)("received words").split())
