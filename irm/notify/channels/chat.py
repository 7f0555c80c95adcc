"""What the chat providers have in common: a token for the application, an answer whose code decides, a text or a card.

An HTTP status says nothing here: refusals come as 200, and Feishu's expired token as 400. Each provider's codes are its own.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from irm.clock import SHANGHAI
from irm.i18n import translator
from irm.jobs import Resources
from irm.notify.channels.asking import ask, excerpt, trouble_of
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.tokens import Fetch, Tokens
from irm.outside import Answer

TOKENS: Final = Tokens()
"""Of this process; asked for on its one loop."""


@dataclass(frozen=True)
class Codes:
    """What a provider's code means where it is no yes (0). Whatever stands nowhere is a refusal."""

    expired: frozenset[int]
    busy: frozenset[int]


@dataclass(frozen=True)
class Said:
    """A provider's answer as JSON."""

    code: int
    fields: Mapping[str, Any]
    text: str


class Expired(Exception):
    """The token is no good any more; nothing went out."""


@dataclass(frozen=True)
class Reading:
    """What the reader of a message may do with it: `link` empty where phones do not reach irm."""

    title: str
    text: str
    link: str
    button: str


def reading_of(message: Message, phone_url: str) -> Reading:
    """The words of a message, with the moment that it was planned for: one provider shows the same text only once a day."""
    t, root = translator(message.locale), phone_url.rstrip("/")
    planned = (message.planned_at or message.at).astimezone(SHANGHAI).strftime("%H:%M:%S")
    text = t("%(text)s (%(at)s)", text=message.body, at=planned)
    if not root:
        return Reading(message.title, text, "", "")
    if message.token:
        return Reading(message.title, text, f"{root}/a/{message.token}", t("Confirm receipt"))
    return Reading(message.title, text, root + message.path, t("Open in irm"))


async def post(
    resources: Resources,
    url: str,
    body: Mapping[str, Any],
    *,
    code: str,
    ca: Path | None,
    headers: Mapping[str, str] | None = None,
) -> Said | Outcome:
    """`code`: the field that holds the provider's. What is no answer of the provider's is an outcome."""
    content = msgspec.json.encode(body)
    head = {**(headers or {}), "content-type": "application/json; charset=utf-8"}
    return read(await ask(resources, "POST", url, content=content, headers=head, ca=ca), code)


async def get(resources: Resources, url: str, *, code: str, ca: Path | None) -> Said | Outcome:
    return read(await ask(resources, "GET", url, ca=ca), code)


def read(answer: Answer | Outcome, code: str) -> Said | Outcome:
    if isinstance(answer, Outcome):
        return answer
    fields = answer.fields()
    number = fields.get(code) if fields is not None else None
    if fields is not None and isinstance(number, int) and not isinstance(number, bool):
        return Said(number, fields, answer.text)
    # Without its code it is not the provider who speaks, whatever the status: a proxy, a page to sign in.
    told = trouble_of(answer) or Outcome("unknown", "")
    return Outcome(told.kind, f"HTTP {answer.status}, no {code}")


def token_trouble(said: Said | Outcome, codes: Codes, *secrets: str) -> Outcome:
    """Of a token that was not given: nothing has gone out, whatever went wrong."""
    if isinstance(said, Outcome):
        return Outcome("refused" if said.kind == "refused" else "failed", f"token: {said.detail}")
    kind = verdict_of(said.code, codes)
    return Outcome("failed" if kind == "failed" else "refused", f"token: {excerpt(said.text, *secrets)}")


def verdict_of(code: int, codes: Codes) -> str:
    """`sent`, `failed` (later, perhaps) or `refused`; raises Expired."""
    if code in codes.expired:
        raise Expired
    if code == 0:
        return "sent"
    return "failed" if code in codes.busy else "refused"


async def with_token(
    key: tuple[str, ...], message: Message, fetch: Fetch, send: Callable[[str], Awaitable[Outcome]]
) -> Outcome:
    """`send` with the kept token; once more with a new one if the provider says that it has expired."""
    for _ in range(2):
        token = await TOKENS.of(key, message.at, fetch)
        if isinstance(token, Outcome):
            return token
        try:
            return await send(token)
        except Expired:
            TOKENS.forget(key, token)
    return Outcome("failed", "token: expired at once")
