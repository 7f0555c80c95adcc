"""How a person wants to be told: the order of channels, quiet hours, an address verified on demand."""

import httpx
import pytest

from irm.clock import FixedClock
from irm.db import Database
from irm.notify import queries, service
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside
from tests.feature.notify.night import Night, reply

pytestmark = pytest.mark.usefixtures("channels")
HTML = {"accept": "text/html"}


@pytest.fixture
async def officer(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(night.officer)


async def wish(client: httpx.AsyncClient, **wished: object) -> httpx.Response:
    return await client.put("/api/v1/me/reach", json=wished)


async def notice(night: Night, *, urgency: int = 4) -> None:
    async with night.db.transaction() as tx:
        found = await queries.resolve(tx, f"on_duty({night.authority})", {}, tx.clock.now())
        await service.notice(
            tx,
            key=f"news/{urgency}",
            targets=found,
            about=night.about,
            subject=f"incident/{night.incident}",
            now=tx.clock.now(),
            urgency=urgency,
        )


async def test_where_the_playbook_leaves_the_choice_the_person_has_it(
    night: Night, officer: httpx.AsyncClient, outside: Outside, drain: Drain
) -> None:
    assert (await wish(officer, important=["email"], normal=["sms"])).status_code == 200
    await night.page(via="preferred")
    await notice(night)
    await drain()
    outside.expect.mail(night.officer.email)
    outside.expect.sms(night.officer.telephone)
    outside.expect.nothing()
    await night.page(via=["sms"], step="named")
    await drain()
    outside.expect.sms(night.officer.telephone)


async def test_quiet_hours_hold_back_a_notice_until_they_end_and_never_a_page(
    night: Night, officer: httpx.AsyncClient, outside: Outside, drain: Drain, clock: FixedClock
) -> None:
    """It is 03:41."""
    await wish(officer, quiet_from="22:00", quiet_until="07:00")
    await notice(night)
    await notice(night, urgency=1)
    await night.page()
    await drain()
    assert len(outside.expect.forget()) == 2, "the page, and the notice that is grave"
    clock.tick(hours=3)
    await drain()
    outside.expect.nothing()
    clock.tick(minutes=20)
    await drain()
    assert "较大" in outside.expect.sms(night.officer.telephone).content


@pytest.mark.parametrize(
    ("wished", "field"),
    [
        ({"important": ["pigeon"]}, "important"),
        ({"normal": ["sms", "sms"]}, "normal"),
        ({"important": ["wecom_bot"]}, "important"),
        ({"quiet_from": "25:00", "quiet_until": "07:00"}, "quiet_from"),
        ({"quiet_from": "22:00"}, "quiet_until"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_at_its_field(
    officer: httpx.AsyncClient, wished: dict[str, object], field: str
) -> None:
    answer = await wish(officer, **wished)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert (await officer.get("/api/v1/me/reach")).json()["important"] == []


async def test_an_address_is_verified_on_demand_by_answering_on_it(
    night: Night, officer: httpx.AsyncClient, outside: Outside, drain: Drain, db: Database
) -> None:
    assert "未验证" in (await officer.get("/me/channels", headers=HTML)).text
    assert (await officer.post("/me/channels/sms/prove", headers=HTML)).headers["location"] == "/me/channels?done=asked"
    await drain()
    told = outside.expect.sms(night.officer.telephone)
    assert told.content.startswith("【IRM】每周联络测试")
    await reply(officer, night.officer.telephone, told.code)
    shown = (await officer.get("/me/channels", headers=HTML)).text
    assert shown.count("未验证") == 1, "the mailbox has answered nothing"
    assert (await officer.post("/me/channels/fax/prove", headers=HTML)).status_code == 404


async def test_the_form_saves_what_was_typed_and_keeps_what_was_wrong(officer: httpx.AsyncClient) -> None:
    form = {"important_0": "email", "important_1": "sms", "normal_0": "", "quiet_from": "22:00", "quiet_until": "07:00"}
    saved = await officer.post("/me/channels", data=form, headers=HTML)
    assert saved.headers["location"] == "/me/channels?done=saved"
    assert (await officer.get("/api/v1/me/reach")).json() == {
        "important": ["email", "sms"],
        "normal": [],
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
    wrong = await officer.post("/me/channels", data=form | {"important_1": "email"}, headers=HTML)
    assert wrong.status_code == 422
    assert "每个通道在顺序中只出现一次" in wrong.text
