"""The mail server and the SMS gateway of a fault run: they log all that they are given, and misbehave as they are told."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.fakes.gateway import Answer, HttpServer, Request
from tests.fakes.mail import Mail, MailServer
from tests.faults.history import History

MailMood = Literal["well", "refuses", "busy", "hangs", "hangs_up"]
SmsMood = Literal["well", "fails", "errs_in_200", "silent"]

TAKEN: Final = "taken"
"""It answered yes."""
REFUSED: Final = "refused"
UNANSWERED: Final = "unanswered"
"""It has the message, and whoever sent it cannot know."""


class _Log(list[Request]):
    def __init__(self, gateway: "Gateway") -> None:
        super().__init__()
        self.gateway = gateway

    def append(self, request: Request) -> None:
        super().append(request)
        self.gateway.hear(request)


class Gateway(HttpServer):
    """`texts`: what was taken, for those who answer it."""

    ANSWERS: Final[dict[str, Answer]] = {
        "fails": Answer(status=500, body="broken"),
        "errs_in_200": Answer(body='{"code": 17, "message": "balance"}'),
    }

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.mood: SmsMood = "well"
        self.out = 0
        """Requests that wait for their answer."""
        self.texts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.taken = _Log(self)
        self._end = asyncio.Event()

    def hear(self, request: Request) -> None:
        how = {"well": TAKEN, "silent": UNANSWERED}.get(self.mood, REFUSED)
        told = request.json
        self.history.write("sms", id=told["extra"], phone=told["phone"], how=how)
        if how == TAKEN:
            self.texts.put_nowait(told)

    def be(self, mood: SmsMood) -> None:
        """Who was kept waiting waits for ever: the line is cut when the mood is over."""
        self.mood = mood
        self._end.set()
        self._end = asyncio.Event()
        silent = Answer(until=self._end, drop=True)
        self.always = self.ANSWERS.get(mood, silent if mood == "silent" else Answer())


class _Mails(list[Mail]):
    def __init__(self, server: "Post") -> None:
        super().__init__()
        self.server = server

    def __iadd__(self, mails: Iterable[Mail]) -> Self:  # type: ignore[override, misc]  # a log that only grows
        how = TAKEN if self.server.mood == "well" else UNANSWERED
        for one in mails:
            self.append(one)
            known = one.message_id.strip("<>").partition("@")[0]
            self.server.history.write("mail", id=known, to=one.recipient, how=how)
        return self


@dataclass
class _Moods:
    mood: MailMood = "well"
    end: asyncio.Event = field(default_factory=asyncio.Event)


class Post(MailServer):
    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.taken = _Mails(self)
        self._now = _Moods()

    @property
    def mood(self) -> MailMood:
        return self._now.mood

    def be(self, mood: MailMood) -> None:
        self._now.end.set()
        self._now = _Moods(mood)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mood == "refuses":
            return "550 5.7.1 not now, not ever"
        if self.mood == "busy":
            return "451 4.3.0 try again later"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802 - its name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        now = self._now
        answer = await super().handle_DATA(server, session, envelope)
        if now.mood == "hangs":
            await now.end.wait()
        if now.mood in {"hangs", "hangs_up"}:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer
