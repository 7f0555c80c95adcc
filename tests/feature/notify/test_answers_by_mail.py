"""A page that is answered by mail: by the mail server's callback, and fetched from a mailbox."""

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from irm import schedule
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.notify.mail_inbound import READ_MAIL
from irm.wiring import RECURRING
from tests.conftest import Drain
from tests.fakes.mail import Mail
from tests.fakes.mailbox import Mailbox, mailbox
from tests.fakes.outside import SECRET, Outside
from tests.feature.notify.crowd import Crowd
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture
def settings(settings: Settings, outside: Outside, box: Mailbox) -> Settings:
    told = {"mail_secret": SecretStr(SECRET), "imap_url": SecretStr(box.url)}
    return outside.settings(settings).model_copy(update=told)


def answer(page: Mail, sender: str, text: str = "确认收到", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = sender, f"Re: {page.subject}"
    mail["Message-ID"] = f"<{abs(hash((sender, text, page.message_id)))}@unit.example.invalid>"
    mail["In-Reply-To"] = page.message_id
    for name, value in headers.items():
        del mail[name]
        mail[name] = value
    mail.set_content(f"{text}\n\n> {page.subject}")
    return mail.as_bytes()


async def told(client: httpx.AsyncClient, content: bytes) -> str:
    headers = {"x-irm-secret": SECRET, "content-type": "message/rfc822"}
    found = await client.post("/api/v1/mail/inbound", content=content, headers=headers)
    assert found.status_code == 200, found.text
    outcome: str = found.json()["outcome"]
    return outcome


async def paged(night: Night, outside: Outside, drain: Drain, step: str = "alarm") -> Mail:
    await night.page(via=["email"], step=step)
    await drain()
    return outside.expect.mail(night.officer.email)


async def test_an_answer_confirms_the_page_that_it_answers_and_only_once(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    old = await paged(night, outside, drain)
    await paged(night, outside, drain, "newer")
    content = answer(old, night.officer.email.upper())
    assert await told(client, content) == "acknowledged"
    assert await told(client, content) == "already"
    found = {each.step_id: each for each in await night.deliveries()}
    assert (found["alarm"].acknowledged_by, found["alarm"].acknowledged_means) == (
        night.officer.person_id,
        "mail_reply",
    )
    assert found["newer"].acknowledged_at is None, "an old answer is no answer to a newer page"


@pytest.mark.parametrize(
    ("who", "text", "headers", "outcome"),
    [
        ("leader", "确认收到", {}, "other_mailbox"),
        ("officer", "我在休假，请联系值班室", {"Auto-Submitted": "auto-replied"}, "automatic"),
        ("officer", "确认收到", {"Auto-Submitted": "auto-replied"}, "automatic"),
        ("officer", "确认收到", {"Subject": "自动回复: 我在休假"}, "automatic"),
        ("officer", "未收到正文，请重发", {}, "no_word"),
    ],
)
async def test_what_is_no_answer_of_who_was_asked_confirms_nothing(
    night: Night,
    outside: Outside,
    drain: Drain,
    client: httpx.AsyncClient,
    who: str,
    text: str,
    headers: dict[str, str],
    outcome: str,
) -> None:
    page = await paged(night, outside, drain)
    sender: str = getattr(night, who).email
    assert await told(client, answer(page, sender, text, **headers)) == outcome
    assert (await night.deliveries())[0].acknowledged_at is None


def bare(page: Mail, sender: str, text: str = "确认", number: int = 1) -> bytes:
    """As some programs answer: nothing of the page but its subject."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = sender, f"回复：{page.subject}"
    mail["Message-ID"] = f"<bare-{number}@unit.example.invalid>"
    mail.set_content(text)
    return mail.as_bytes()


async def test_an_answer_that_keeps_only_the_subject_confirms_its_own_page_and_only_once(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    old = await paged(night, outside, drain)
    newer = await paged(night, outside, drain, "newer")
    assert "保留主题中的编号" in old.text
    assert old.subject != newer.subject, "each page has a code of its own"
    assert await told(client, bare(old, night.officer.email.upper())) == "acknowledged"
    assert await told(client, bare(old, night.officer.email, number=2)) == "already"
    found = {each.step_id: each for each in await night.deliveries()}
    assert found["alarm"].acknowledged_means == "mail_reply"
    assert found["newer"].acknowledged_at is None, "an old code is no answer to a newer page"
    assert await told(client, bare(newer, night.officer.email, number=3)) == "acknowledged"


async def test_the_code_of_a_subject_confirms_nothing_from_another_mailbox_or_after_a_month(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    page = await paged(night, outside, drain)
    assert await told(client, bare(page, night.leader.email)) == "other_mailbox"
    assert await told(client, bare(page, night.officer.email, "我看不懂", number=2)) == "no_word"
    clock.tick(days=31)
    assert await told(client, bare(page, night.officer.email, number=3)) == "unknown_message"
    assert (await night.deliveries())[0].acknowledged_at is None


async def test_a_mail_that_carries_several_pages_is_confirmed_by_its_own_code(
    db: Database, outside: Outside, drain: Drain, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    crowd = await Crowd(db, clock).begin()
    for number in ("OA", "HR", "GIS"):
        await crowd.owed(number, via=["email"])
    clock.tick(seconds=30)
    await drain()
    together = outside.expect.mail(crowd.officer.email)
    outside.expect.nothing()
    assert await told(client, bare(together, crowd.officer.email)) == "acknowledged"
    assert {row.acknowledged_means for row in (await crowd.rows()).values()} == {"mail_reply"}


async def test_a_page_bears_no_code_where_no_answer_is_read(
    night: Night, outside: Outside, drain: Drain, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "mail_secret", SecretStr(""))
    monkeypatch.setattr(settings, "imap_url", SecretStr(""))
    page = await paged(night, outside, drain)
    assert "[#" not in page.subject
    assert "主题中的编号" not in page.text


async def test_a_mail_that_answers_nothing_of_irms_is_kept_as_such(client: httpx.AsyncClient) -> None:
    assert await told(client, b"From: a@b.example.invalid\r\nMessage-ID: <x@y>\r\n\r\nok") == "unknown_message"
    wrong = await client.post("/api/v1/mail/inbound", content=b"x", headers={"x-irm-secret": "guessed"})
    assert wrong.status_code == 401


async def round_of_reading(db: Database, drain: Drain, clock: FixedClock) -> None:
    clock.tick(seconds=61)
    async with db.transaction() as tx:
        assert await schedule.write(tx, [each for each in RECURRING if each.name == READ_MAIL], clock.now()) == [
            "notify.read_mail"
        ]
    await drain()


async def test_the_mailbox_is_read_and_what_is_on_record_is_marked_in_the_next_round(
    night: Night, outside: Outside, drain: Drain, box: Mailbox, db: Database, clock: FixedClock
) -> None:
    page = await paged(night, outside, drain)
    box.mails += [
        b"From: somebody@else.example.invalid\r\nMessage-ID: <news@else>\r\n\r\nnews",
        answer(page, night.officer.email),
    ]
    await round_of_reading(db, drain, clock)
    assert (await night.deliveries())[0].acknowledged_means == "mail_reply"
    assert box.seen == set(), "what is not on record for sure is not marked"
    await round_of_reading(db, drain, clock)
    assert box.seen == {1, 2}
    commands: list[str] = box.commands
    await round_of_reading(db, drain, clock)
    assert "UID FETCH" not in " ".join(commands[-4:]), "and not read again"


async def test_a_mailbox_that_lets_nobody_in_stops_nothing_and_tells_no_password(
    night: Night, outside: Outside, drain: Drain, box: Mailbox, db: Database, clock: FixedClock, capsys: Any
) -> None:
    box.refuse = True
    await round_of_reading(db, drain, clock)
    assert "mailbox-password" not in "".join(capsys.readouterr())
    box.refuse = False
    page = await paged(night, outside, drain)
    box.mails.append(answer(page, night.officer.email))
    await round_of_reading(db, drain, clock)
    assert (await night.deliveries())[0].acknowledged_at is not None
