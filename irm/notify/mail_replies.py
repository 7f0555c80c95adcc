"""What somebody means who answers a page by mail. Pure.

A mail answers the message that it names (In-Reply-To, References): irm's Message-IDs carry the delivery's id, so an old answer
belongs to its old page for ever. Some programs leave these headers out; then it answers the message whose code its subject
bears ([#7F3A21C7], the end of the same id), for 30 days. Only the mailbox that was asked counts, only a first line that begins with a word of
receipt, and never a machine's answer (Auto-Submitted, out of office, a report of non-delivery).
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

LONGEST_LINE: Final = 200
NAMED: Final = re.compile(r"<([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})@[^>\s]+>")
CODE: Final = re.compile(r"\[#([0-9a-f]{8})\]", re.IGNORECASE)
CODE_LENGTH: Final = 8
QUOTED: Final = (">", "|", "--", "____", "----")
HEADER_LINE: Final = re.compile(r"^\s*(?:on .+ wrote:|.{0,80}\N{FULLWIDTH COLON}\s*|from:.*|sent:.*)$", re.IGNORECASE)

Outcome = Literal["acknowledged", "already", "automatic", "no_word", "unknown_message", "other_mailbox"]


@dataclass(frozen=True)
class MailReply:
    """`answers`: ids of irm's messages that it names, the nearest first. `line`: the first one of its own."""

    message_id: str
    sender: str
    answers: tuple[UUID, ...]
    line: str
    is_automatic: bool
    subject: str = ""

    @property
    def code(self) -> str:
        """The code that its subject bears; empty where it bears none, or several."""
        codes = {each.upper() for each in CODE.findall(self.subject)}
        return codes.pop() if len(codes) == 1 else ""


def code_of(message_id: UUID) -> str:
    """The code of a message of irm's in its subject: 32 bits by chance, so that nobody who forges a sender guesses it."""
    return message_id.hex[-CODE_LENGTH:].upper()


def coded(subject: str, message_id: UUID) -> str:
    return f"{subject} [#{code_of(message_id)}]"


def read(content: bytes) -> MailReply:
    """Whatever the bytes are: what cannot be read names no message and says nothing."""
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    named = " ".join(_header(mail, name) for name in ("In-Reply-To", "References"))
    found = [UUID(each) for each in NAMED.findall(named)]
    nearest = found[:1] + found[1:][::-1]
    return MailReply(
        message_id=_header(mail, "Message-ID").strip()[:300] or f"<{sha256(content).hexdigest()}@nowhere>",
        sender=parseaddr(_header(mail, "From"))[1].casefold(),
        answers=tuple(dict.fromkeys(nearest)),
        line=_first_line(mail),
        is_automatic=_is_automatic(mail),
        subject=unicodedata.normalize("NFKC", _header(mail, "Subject")).strip(),
    )


def says_yes(line: str, yes: Collection[str]) -> bool:
    """Whether the line begins with a word of receipt: "not received" does not, nor does a longer word that begins so."""
    said = unicodedata.normalize("NFKC", line).strip().casefold()
    for word in sorted(yes, key=len, reverse=True):
        if said.startswith(word):
            rest = said[len(word) : len(word) + 1]
            return not (word.isascii() and rest.isalnum())
    return False


def is_by_itself(subject: str, words: Collection[str]) -> bool:
    """Whether the subject begins as programs begin what nobody wrote, where they say it nowhere else."""
    return subject.casefold().startswith(tuple(words))


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(each) for each in mail.get_all(name, []))
    except (ValueError, IndexError, AttributeError):  # a header that the parser itself stumbles over
        return ""


def _is_automatic(mail: EmailMessage) -> bool:
    submitted = _header(mail, "Auto-Submitted").strip().casefold()
    precedence = _header(mail, "Precedence").strip().casefold()
    return (
        (submitted not in {"", "no"})
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or bool(
            _header(mail, "X-Autoreply") or _header(mail, "X-Autorespond") or _header(mail, "X-Auto-Response-Suppress")
        )
        or mail.get_content_type() == "multipart/report"
        or _header(mail, "Return-Path").strip() == "<>"
    )


def _first_line(mail: EmailMessage) -> str:
    try:
        part = mail.get_body(preferencelist=("plain", "html"))
        text = str(part.get_content()) if part is not None else ""
    except (LookupError, ValueError, AttributeError, KeyError):
        return ""
    if part is not None and part.get_content_subtype() == "html":
        text = re.sub(r"<(?:br|/p|/div)[^>]*>", "\n", text, flags=re.IGNORECASE)
        text = re.sub(r"<(style|script|head)\b.*?</\1>", "", text, flags=re.IGNORECASE | re.DOTALL)
        text = re.sub(r"<[^>]*>", "", text)
    for line in text.splitlines():
        own = line.strip()
        if own and not own.startswith(QUOTED) and not HEADER_LINE.match(own):
            return own[:LONGEST_LINE]
    return ""
