"""A mail server (aiosmtpd) that keeps what it takes; some addresses it treats worse, each in its own way."""

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mail:
    recipient: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        body = self.message.get_body(preferencelist=("plain",))
        return str(body.get_content()) if body is not None else ""

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class MailServer:
    port: int = 0
    refuse: set[str] = field(default_factory=set)
    """550 for these."""
    busy: set[str] = field(default_factory=set)
    """451 for these."""
    vanish: set[str] = field(default_factory=set)
    """Takes the text, keeps it, and drops the line without an answer."""
    mute: set[str] = field(default_factory=set)
    """Never an answer to these."""
    mute_at_the_end: set[str] = field(default_factory=set)
    """Takes the text, keeps it, and never says so."""
    busy_at_the_end: set[str] = field(default_factory=set)
    """Hears the text, and says 451 instead of keeping it."""
    taken: list[Mail] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 5.1.1 no such user"
        if address in self.mute:
            await asyncio.Event().wait()
        if address in self.busy:
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - its name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.busy_at_the_end.intersection(envelope.rcpt_tos):
            return "451 4.3.0 try again later"
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken += [Mail(recipient, message) for recipient in envelope.rcpt_tos]
        if self.mute_at_the_end.intersection(envelope.rcpt_tos):
            await asyncio.Event().wait()
        if self.vanish.intersection(envelope.rcpt_tos):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 2.0.0 queued"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?from=duty@city.example.invalid"

    async def start(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="fake", loop=loop), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server
