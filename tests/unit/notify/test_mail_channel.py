"""Mail speaks otherwise than all other channels and keeps to the same."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import httpx2
import pytest

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import CHANNELS, email
from tests.fakes.chat import SECRET
from tests.fakes.mail import MailServer
from tests.unit.notify.test_every_channel import MESSAGE, PLAIN


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "CONNECT_TIMEOUT", 0.3)


@pytest.fixture
async def mail(settings: Settings) -> AsyncIterator[tuple[MailServer, Resources]]:
    server = MailServer()
    listening = await server.start()
    async with httpx2.AsyncClient(verify=PLAIN) as http:
        url = server.url.replace("smtp://", f"smtp://duty:{SECRET}@")
        yield server, Resources(settings.model_copy(update={"smtp_url": url}), http)
    listening.close()


BY_MAIL: Final = {
    "refuse": "refused",
    "busy": "failed",
    "mute": "failed",
    "mute_at_the_end": "unknown",
    "vanish": "unknown",
}


@pytest.mark.parametrize(("how", "kind"), BY_MAIL.items(), ids=BY_MAIL)
async def test_a_mail_servers_trouble_is_the_same_outcome(
    mail: tuple[MailServer, Resources], how: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    server, resources = mail
    plain = resources.settings.smtp_url or ""
    resources = replace(
        resources, settings=resources.settings.model_copy(update={"smtp_url": plain.replace(f"duty:{SECRET}@", "")})
    )
    getattr(server, how).add("officer@unit.example.invalid")
    outcome = await CHANNELS["email"].send(replace(MESSAGE, address="officer@unit.example.invalid"), resources)
    assert outcome.kind == kind


async def test_a_mail_server_that_takes_no_password_is_told_of_without_it(mail: tuple[MailServer, Resources]) -> None:
    server, resources = mail
    outcome = await CHANNELS["email"].send(replace(MESSAGE, address="officer@unit.example.invalid"), resources)
    assert outcome.kind == "failed"
    assert SECRET not in f"{outcome!r}"
    assert not server.taken


async def test_a_mail_leaves_this_machine_by_tls_or_not_at_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MailServer()
    listening = await server.start()
    monkeypatch.setattr(email, "is_here", lambda _host: False)  # as if it stood elsewhere
    message = replace(MESSAGE, address="officer@unit.example.invalid")
    async with httpx2.AsyncClient(verify=PLAIN) as http:
        strict = Resources(settings.model_copy(update={"smtp_url": server.url}), http)
        outcome = await CHANNELS["email"].send(message, strict)
        assert (outcome.kind, server.taken) == ("failed", [])
        allowed = Resources(settings.model_copy(update={"smtp_url": f"{server.url}&starttls=never"}), http)
        assert (await CHANNELS["email"].send(message, allowed)).kind == "sent"
    listening.close()
