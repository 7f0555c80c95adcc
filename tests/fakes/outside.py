"""Everything that irm can talk to, and what it said: a message that no test expected fails the test.

@pytest.fixture
def settings(settings, outside):
    return outside.settings(settings)

async def test_story(outside, drain, …):
    await drain()
    text = outside.expect.sms(leader.telephone)
    outside.expect.nothing()
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from irm.config import Settings
from tests.fakes.gateway import HttpServer, Request
from tests.fakes.mail import Mail, MailServer

SECRET: Final = "shared-with-the-gateway"
WEBHOOK_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CODE: Final = re.compile(r"回复(\d+)确认")


@dataclass(frozen=True)
class Sms:
    phone: str
    content: str
    delivery: str

    @property
    def code(self) -> str:
        found = CODE.search(self.content)
        assert found, f"no reply code in {self.content!r}"
        return found[1]


@dataclass
class Expect:
    """Takes the oldest message of its kind to whom it is asked for; what was never asked for is unexpected."""

    mail_server: MailServer
    gateway: HttpServer
    seen_mail: int = 0
    seen_http: int = 0
    _sms: list[Sms] = field(default_factory=list)
    _hooks: list[Request] = field(default_factory=list)
    _mail: list[Mail] = field(default_factory=list)

    def _look(self) -> None:
        self._mail += self.mail_server.taken[self.seen_mail :]
        self.seen_mail = len(self.mail_server.taken)
        for request in self.gateway.taken[self.seen_http :]:
            if request.path == "/sms":
                told = request.json
                self._sms.append(Sms(told["phone"], told["content"], told["extra"]))
            else:
                self._hooks.append(request)
        self.seen_http = len(self.gateway.taken)

    def sms(self, phone: str) -> Sms:
        self._look()
        for index, each in enumerate(self._sms):
            if each.phone == phone:
                return self._sms.pop(index)
        raise AssertionError(f"no SMS to {phone}; there are {self._sms}")

    def mail(self, recipient: str) -> Mail:
        self._look()
        for index, each in enumerate(self._mail):
            if each.recipient == recipient:
                return self._mail.pop(index)
        raise AssertionError(
            f"no mail to {recipient}; there are {[(each.recipient, each.subject) for each in self._mail]}"
        )

    def webhook(self) -> Request:
        self._look()
        assert self._hooks, "no webhook was called"
        return self._hooks.pop(0)

    def forget(self) -> list[Sms]:
        """What went out so far, of which the story says nothing more."""
        self._look()
        gone, self._sms, self._mail, self._hooks = self._sms, [], [], []
        return gone

    def drop(self, words: str) -> None:
        """Messages of these words may have gone out too; the story says nothing more of them."""
        self._look()
        self._sms = [one for one in self._sms if words not in one.content]
        self._mail = [one for one in self._mail if words not in one.subject]

    def nothing(self) -> None:
        """Everything that went out was expected."""
        self._look()
        left = [
            *self._sms,
            *((each.recipient, each.subject) for each in self._mail),
            *(each.path for each in self._hooks),
        ]
        assert not left, f"unexpected messages: {left}"


@dataclass
class Outside:
    mail: MailServer
    gateway: HttpServer
    expect: Expect

    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(
            update={
                "smtp_url": self.mail.url,
                "sms_url": self.gateway.url("/sms"),
                "sms_secret": SecretStr(SECRET),
                "webhook_secret": SecretStr(WEBHOOK_SECRET),
            }
        )


@asynccontextmanager
async def outside_world() -> AsyncIterator[Outside]:
    """At the end nothing may be left that the test did not expect."""
    mail, gateway = MailServer(), HttpServer()
    servers = [await mail.start(), await gateway.start()]
    world = Outside(mail, gateway, Expect(mail, gateway))
    try:
        yield world
        world.expect.nothing()
    finally:
        for server in servers:
            server.close()
        await asyncio.sleep(0)
