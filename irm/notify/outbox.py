"""The demo's sent messages, read from its catcher. In a city with servers of its own there is no catcher and no page."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx2
import msgspec

from irm.errors import Unavailable
from irm.notify.replies import CODE_LENGTH, LOWEST_CODE

CODE: Final = re.compile(rf"(?<!\d)\d{{{CODE_LENGTH}}}(?!\d)")
"""Numbers as long as a reply code."""
TIMEOUT: Final = httpx2.Timeout(3)


@dataclass(frozen=True)
class Caught:
    """`kind` mail or sms."""

    id: int
    kind: str
    at: datetime
    recipient: str
    title: str
    text: str
    delivery: str | None = None


async def caught(catcher_url: str, *, kind: str = "", recipient: str = "", limit: int = 50) -> list[Caught]:
    """Newest first. Raises Unavailable when the catcher does not answer."""
    query: dict[str, Any] = {"limit": limit, "kind": kind, "recipient": recipient}
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
            answer = await http.get(catcher_url.rstrip("/") + "/messages", params=query)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=list[Caught])
    except (httpx2.HTTPError, msgspec.MsgspecError) as error:
        raise Unavailable("The catcher of the demo does not answer.") from error


@dataclass(frozen=True)
class Line:
    text: str
    before: str = ""
    href: str | None = None
    """Where the line holds an address of irm: the same here, so that the demo's reader may follow it."""


@dataclass(frozen=True)
class Shown:
    id: int
    kind: str
    at: datetime
    recipient: str
    title: str
    lines: tuple[Line, ...]
    code: str
    """What the owner of the telephone would reply; empty where nothing is asked."""


def shown(message: Caught, public_url: str) -> Shown:
    """For the page: lines, with links to this irm as links."""
    root = public_url.rstrip("/") + "/"
    lines = []
    for line in message.text.splitlines():
        before, found, rest = line.partition(root)
        lines.append(Line(root + rest, before, "/" + rest) if found else Line(line))
    numbers = CODE.findall(message.text) if message.kind == "sms" else []
    codes = [each for each in numbers if int(each) >= LOWEST_CODE]
    return Shown(
        message.id, message.kind, message.at, message.recipient, message.title, tuple(lines), codes[-1] if codes else ""
    )
