"""Every few minutes a message walks the whole way of each channel that has a destination of its own; silence is loud."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select

from irm import schedule
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.notify import silent_channels
from irm.notify.mail_inbound import READ_MAIL
from irm.notify.models import DeliveryAttemptRow, DeliveryRow, SmsReplyRow
from irm.notify.policy import channel_policy
from irm.notify.provider_models import SyntheticRow
from irm.notify.synthetic import SEND, standings
from irm.notify.trial_check import look_at_trials
from irm.notify.views import SYNTHETIC
from irm.wiring import RECURRING
from tests import make
from tests.conftest import Drain, SignIn
from tests.fakes.mailbox import Mailbox, mailbox
from tests.fakes.outside import SECRET, Outside
from tests.feature.access.test_signing_in import PAGE

pytestmark = pytest.mark.usefixtures("channels")

NUMBER, BOX = "10690000", "echo@irm.example.invalid"
EVERY = channel_policy().synthetic_every


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture
def tried() -> dict[str, Any]:
    """As IRM_SYNTHETIC says it."""
    return {"sms": {"to": NUMBER, "echo": True}}


@pytest.fixture
def settings(settings: Settings, outside: Outside, box: Mailbox, tried: dict[str, Any]) -> Settings:
    known = Settings(synthetic=tried).synthetic
    return outside.settings(settings).model_copy(update={"imap_url": SecretStr(box.url), "synthetic": known})


class Rounds:
    """What the dispatcher writes: a message every few minutes, and each minute a look into the mailbox."""

    def __init__(self, db: Database, drain: Drain, clock: FixedClock) -> None:
        self.db, self.drain, self.clock = db, drain, clock

    async def one(self) -> None:
        self.clock.tick(seconds=EVERY.total_seconds())
        async with self.db.transaction(SYSTEM) as tx:
            every = [each for each in RECURRING if each.name in (SEND, READ_MAIL)]
            await schedule.write(tx, every, self.clock.now())
        await self.drain()


@pytest.fixture
def rounds(db: Database, drain: Drain, clock: FixedClock) -> Rounds:
    return Rounds(db, drain, clock)


@pytest.fixture
async def administrator(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.SYSTEM_ADMINISTRATOR, Role.DUTY_LEADER)


async def echo(client: httpx.AsyncClient, outside: Outside) -> None:
    """The test number answers with the code."""
    sms = outside.expect.sms(NUMBER)
    told = {"phone": NUMBER, "content": sms.code, "id": sms.delivery}
    answer = await client.post("/api/v1/sms/inbound", json=told, headers={"x-irm-secret": SECRET})
    assert answer.status_code == 200, answer.text


async def how(db: Database) -> dict[str, tuple[str, int | None, bool]]:
    async with db.transaction() as tx:
        return {one.channel: (one.how, one.seconds, one.silent_since is not None) for one in await standings(tx)}


async def entries(db: Database) -> list[str]:
    async with db.transaction() as tx:
        query = select(LedgerEntryRow.action).where(
            (LedgerEntryRow.subject == "channel/sms") | LedgerEntryRow.subject.startswith(SYNTHETIC)
        )
        return list(await tx.scalars(query.order_by(LedgerEntryRow.id)))


async def test_by_sms_the_whole_way_and_back(
    client: httpx.AsyncClient, rounds: Rounds, outside: Outside, db: Database, clock: FixedClock
) -> None:
    await rounds.one()
    assert await how(db) == {}, "nothing was heard yet"
    clock.tick(seconds=7)
    await echo(client, outside)
    await rounds.one()
    assert await how(db) == {"sms": ("answered", 7, False)}
    assert "测试" in outside.expect.sms(NUMBER).content
    assert await entries(db) == [], "what goes well every few minutes fills no ledger"
    assert SEND == "notify.send_synthetic"


async def test_a_silent_channel_is_told_by_another_once_per_outage(
    client: httpx.AsyncClient,
    rounds: Rounds,
    outside: Outside,
    db: Database,
    administrator: make.Account,
    sign_in: SignIn,
    settings: Settings,
) -> None:
    await rounds.one()
    await echo(client, outside)
    for _ in range(4):
        await rounds.one()
        outside.expect.sms(NUMBER)
    page = outside.expect.mail(administrator.email)
    assert "通道中断" in page.subject
    outside.expect.nothing()
    assert silent_channels.CALL == "notify.call_about_silent_channel"
    assert await entries(db) == ["channel.silent"]
    answered, seconds, is_silent = (await how(db))["sms"]
    assert (answered, seconds, is_silent) == ("not", 0, True), "when it was last heard of is still said"

    await sign_in(administrator)
    board = await client.get("/", headers=PAGE)
    assert "短信通道中断" in board.text
    shown = await client.get("/channels", headers=PAGE)
    assert "中断" in shown.text
    told = next(one for one in (await client.get("/api/v1/channels")).json() if one["name"] == "sms")
    assert told["tried"]["how"] == "not"
    async with db.transaction() as tx:
        finding = await look_at_trials(await tx.connection(), settings, db.clock.now())
    assert (finding.state, finding.context) == ("broken", {"names": "sms"})

    await rounds.one()
    await echo(client, outside)
    await rounds.one()
    outside.expect.sms(NUMBER)
    assert await entries(db) == ["channel.silent", "channel.heard_again"]
    assert "短信通道中断" not in (await client.get("/", headers=PAGE)).text
    async with db.transaction() as tx:
        page_key = DeliveryRow.page_key.startswith(silent_channels.KEY)
        closed = list(await tx.scalars(select(DeliveryRow.closed_at).where(page_key)))
    assert closed
    assert None not in closed, "who was called need not answer any more"


async def test_they_stand_in_no_figure_list_or_board(
    client: httpx.AsyncClient, rounds: Rounds, outside: Outside, administrator: make.Account, sign_in: SignIn
) -> None:
    await rounds.one()
    outside.expect.sms(NUMBER)
    await sign_in(administrator)
    told = next(one for one in (await client.get("/api/v1/channels")).json() if one["name"] == "sms")
    assert (told["sent"], told["failed"], told["median_ms"]) == (0, 0, None)
    listed = await client.get("/api/v1/deliveries")
    assert listed.status_code == 200
    assert NUMBER not in listed.text
    assert SYNTHETIC not in listed.text
    board = await client.get("/", headers=PAGE)
    assert "TEST" not in board.text


@pytest.mark.parametrize("tried", [{"email": {"to": BOX, "echo": True}}])
async def test_a_mail_comes_back_into_irms_own_mailbox(
    rounds: Rounds, outside: Outside, db: Database, box: Mailbox, clock: FixedClock
) -> None:
    await rounds.one()
    mail = outside.expect.mail(BOX)
    raw = f"Message-ID: {mail.message_id}\r\nFrom: irm@irm.example.invalid\r\nAuto-Submitted: auto-generated\r\n\r\nx"
    box.mails.append(raw.encode())
    clock.tick(seconds=60 - EVERY.total_seconds())
    await rounds.one()
    assert box.seen == set(), "first it is on record, then it is marked"
    await rounds.one()
    assert (await how(db))["email"] == ("answered", 60, False)
    assert box.seen == {1}
    outside.expect.forget()


@pytest.mark.parametrize("tried", [{"email": {"to": BOX}, "in_app": {"to": "duty"}}])
async def test_without_an_echo_no_more_is_said_than_that_it_was_taken(
    rounds: Rounds, outside: Outside, db: Database, settings: Settings
) -> None:
    await rounds.one()
    await rounds.one()
    outside.expect.mail(BOX)
    outside.expect.mail(BOX)
    assert {name: one[0] for name, one in (await how(db)).items()} == {"email": "accepted", "in_app": "accepted"}
    async with db.transaction() as tx:
        finding = await look_at_trials(await tx.connection(), settings, db.clock.now())
    assert finding.state == "good"
    assert finding.context == {"names": "email"}


async def test_a_receiver_that_answers_gives_a_receipt(
    rounds: Rounds, outside: Outside, db: Database, settings: Settings
) -> None:
    own = Settings(synthetic={"webhook": {"to": outside.gateway.url("/own")}}).synthetic
    rounds.drain = await _with(rounds, settings.model_copy(update={"synthetic": own}))
    await rounds.one()
    await rounds.one()
    outside.expect.webhook()
    outside.expect.webhook()
    assert (await how(db))["webhook"][0] == "received"


async def _with(rounds: Rounds, settings: Settings) -> Any:
    import httpx2

    from irm import jobs, performing
    from irm.wiring import WIRING

    async def run(**more: Any) -> int:
        async with httpx2.AsyncClient(trust_env=False) as http:
            return await performing.drain(rounds.db, WIRING.jobs, jobs.Resources(settings, http), **more)

    return run


async def test_a_gateway_that_fails_is_silence_too_and_no_second_message_waits_for_ever(
    rounds: Rounds, outside: Outside, db: Database, administrator: make.Account
) -> None:
    outside.gateway.always = type(outside.gateway.always)(500, "{}")
    for _ in range(3):
        await rounds.one()
    assert (await how(db))["sms"][0] == "not"
    async with db.transaction() as tx:
        under_way = select(func.count()).where(
            DeliveryRow.subject.startswith(SYNTHETIC), DeliveryRow.status.in_(("waiting", "sending"))
        )
        assert (await tx.scalar(under_way) or 0) <= 1
    assert (await entries(db)).count("channel.silent") == 1
    outside.expect.forget()


async def test_after_a_week_they_are_gone_and_nothing_else_is(
    client: httpx.AsyncClient,
    rounds: Rounds,
    outside: Outside,
    db: Database,
    administrator: make.Account,
    clock: FixedClock,
) -> None:
    async with db.transaction() as tx:
        from irm.notify.trying import send_test

        await send_test(tx, "sms", administrator.person_id, now=clock.now(), actor=SYSTEM)
    await rounds.one()
    await echo(client, outside)
    clock.tick(seconds=(channel_policy().synthetic_kept - EVERY + timedelta(seconds=1)).total_seconds())
    await rounds.one()
    async with db.transaction() as tx:
        left = list(await tx.scalars(select(DeliveryRow.subject).where(DeliveryRow.channel == "sms")))
        kept = sorted(one for one in left if not one.startswith("organization/"))
        assert kept == ["channel/sms", f"{SYNTHETIC}sms"], "that of this round, and a person's own test"
        assert await tx.scalar(select(func.count()).select_from(SyntheticRow)) == 1
        assert await tx.scalar(select(func.count()).select_from(SmsReplyRow)) == 0
        tries = select(func.count()).select_from(DeliveryAttemptRow).join(DeliveryRow)
        assert await tx.scalar(tries.where(DeliveryRow.subject.startswith(SYNTHETIC))) == 1
    outside.expect.forget()


async def test_a_channel_that_is_tried_no_more_is_silent_no_more(
    rounds: Rounds, outside: Outside, db: Database, settings: Settings, administrator: make.Account
) -> None:
    await rounds.one()
    await rounds.one()
    assert (await how(db))["sms"][2]
    rounds.drain = await _with(rounds, settings.model_copy(update={"synthetic": {}}))
    await rounds.one()
    assert await how(db) == {}
    outside.expect.forget()


async def test_doctor_says_what_is_not_tried(db: Database, settings: Settings) -> None:
    async with db.transaction() as tx:
        finding = await look_at_trials(await tx.connection(), settings, db.clock.now())
    assert (finding.state, finding.context) == ("broken", {"names": "sms"})


@pytest.mark.parametrize("wrong", [{"fax": {"to": "1"}}, {"sms": {"to": ""}}, {"wecom_bot": {"to": "g"}}, {"sms": "1"}])
def test_odd_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(synthetic=wrong)
