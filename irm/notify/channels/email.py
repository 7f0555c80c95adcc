"""Mail by SMTP. The Message-ID is the delivery's, so that a mail server can drop what was sent twice."""

import asyncio
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from irm.config import Settings
from irm.errors import NotFound, Unavailable
from irm.evidence.blobs import BlobStore
from irm.i18n import translator
from irm.jobs import Resources
from irm.notify import mail_replies
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.messages import mail_footer

CONNECT_TIMEOUT: Final = 5.0
HARD_SECONDS: Final = 13.0
"""Of the whole conversation, however slowly each of its answers comes."""
PERMANENT: Final = 500
DRILL_HEADER: Final = "X-Irm-Exercise"


class Email:
    """`IRM_SMTP_URL`: smtp://user:password@host:port, smtps:// for implicit TLS, `?from=`, `?starttls=never|must`. Outside this
    machine TLS is a must unless the address says never."""

    def configured(self, settings: Settings) -> bool:
        return bool(settings.smtp_url)

    async def send(self, message: Message, resources: Resources) -> Outcome:
        if not resources.settings.smtp_url:
            return Outcome("not_configured")
        try:
            server = urlsplit(resources.settings.smtp_url)
            port = server.port or (465 if server.scheme == "smtps" else 25)
        except ValueError as error:
            return Outcome("failed", f"IRM_SMTP_URL: {error}")
        options = parse_qs(server.query)
        sender = options.get("from", [resources.settings.mail_from])[0]
        if not is_address(message.address):
            return Outcome("refused", "not a mail address")
        mail = written(message, sender, resources.settings)
        store = BlobStore(resources.settings.home / "blobs")
        try:
            for file in message.files:
                kind, _, sort = file.media_type.partition("/")
                content = b"".join([chunk async for chunk in store.read(file.sha256)])
                mail.add_attachment(content, maintype=kind, subtype=sort, filename=file.name)
        except (NotFound, Unavailable) as error:
            # Without its file, or with another, it is not the report that was handed over.
            return Outcome("refused", f"{file.name}: {error}")
        said = options.get("starttls", [""])[0]
        starttls = {"never": False, "must": True}.get(said, None if is_here(server.hostname or "") else True)
        smtp = SMTP(
            hostname=server.hostname,
            port=port,
            username=unquote(server.username) if server.username else None,
            password=unquote(server.password) if server.password else None,
            use_tls=server.scheme == "smtps",
            start_tls=None if server.scheme == "smtps" else starttls,
            timeout=CONNECT_TIMEOUT,
            cert_bundle=str(resources.settings.smtp_ca) if resources.settings.smtp_ca else None,
        )
        return await _send(smtp, mail, sender, message.address)


async def _send(smtp: SMTP, mail: EmailMessage, sender: str, recipient: str) -> Outcome:
    """Until the server has been given the text, trouble is `failed`; from then on it is `unknown` unless it answers."""
    handed = False
    try:
        async with asyncio.timeout(HARD_SECONDS), smtp:
            await smtp.mail(parseaddr(sender)[1] or sender)
            await smtp.rcpt(recipient)
            handed = True
            answer = await smtp.data(mail.as_bytes(policy=WIRE))
    except (SMTPRecipientRefused, SMTPSenderRefused, SMTPAuthenticationError) as error:
        for_ever = error.code >= PERMANENT and not isinstance(error, SMTPAuthenticationError)
        return Outcome("refused" if for_ever else "failed", f"{error.code} {error.message}")
    except SMTPRecipientsRefused as error:
        return Outcome("refused", str(error))
    except SMTPResponseException as error:
        return Outcome("refused" if error.code >= PERMANENT else "failed", f"{error.code} {error.message}")
    except (SMTPConnectError, SMTPTimeoutError, SMTPServerDisconnected, SMTPException, OSError, TimeoutError) as error:
        return Outcome("unknown" if handed else "failed", repr(error))
    return Outcome("sent", provider_id=f"{answer.code} {answer.message}"[:200])


def is_here(host: str) -> bool:
    """This machine: nobody listens in between."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def is_address(text: str) -> bool:
    """Good enough to hand to a server, and never a header of its own."""
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and text.isprintable() and not any(each in text for each in " \r\n,;<>")


def written(message: Message, sender: str, settings: Settings) -> EmailMessage:
    """A page says how it is answered where answers come back to irm, and bears its code in the subject: some programs keep
    nothing else of what they answer."""
    t = translator(message.locale)
    root = settings.public_url.rstrip("/")
    is_read = bool(settings.imap_url.get_secret_value() or settings.mail_secret.get_secret_value())
    answered = is_read and message.purpose == "page"
    subject = " ".join(message.title.split())
    link = f"{root}/a/{message.token}" if message.token else None
    host = parseaddr(sender)[1].rpartition("@")[2] or "irm.invalid"
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.address
    mail["Subject"] = mail_replies.coded(subject, message.delivery_id) if answered else subject
    mail["Message-ID"] = f"<{message.delivery_id}@{host}>"
    mail["Date"] = format_datetime(message.at)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Irm-Delivery"] = str(message.delivery_id)
    if message.exercise:
        mail[DRILL_HEADER] = "yes"
    footer = (
        ""
        if message.purpose == "report"
        else "\n\n" + mail_footer(t, link=link, page=root + message.path, answered=answered)
    )
    mail.set_content(message.body + footer + "\n", charset="utf-8", cte="base64")
    return mail
