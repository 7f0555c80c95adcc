"""A journalist calls at night: the question is written down, the spokesperson answers, and nobody else does; it stands on
the board until then, and nobody forgets the moment that was promised."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.notify.models import DeliveryRow
from irm.obligations import media_reminding
from irm.overview import queries
from irm.overview.board import Need
from tests import make
from tests.conftest import Drain, SignIn
from tests.feature.obligations.conftest import Night

API = "/api/v1/media-inquiries"


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update({"accept": "application/json", "accept-language": "en"})
    client.cookies.set("irm_locale", "en")
    return client


def asked(night: Night, **more: Any) -> dict[str, Any]:
    until = (night.clock.now() + timedelta(hours=5)).isoformat()
    given = {"incident": night.subject.number, "means": "telephone", "outlet": "晚报记者甲", "said": "网站为何打不开"}
    return given | {"answer_by": until} | more


async def test_asked_at_night_and_answered_by_the_spokesperson_alone(
    night: Night, desk: httpx.AsyncClient, sign_in: SignIn
) -> None:
    before = (night.clock.now() - timedelta(minutes=30)).isoformat()
    answer = await desk.post(API, json=asked(night, stated_at=before))
    assert answer.status_code == 201, answer.text
    one = answer.json()
    assert (one["answerer"], one["answered_at"]) == ("Spokesperson of the city government", None)
    assert one["contact"]["entered_afterwards"] is True
    night.clock.tick(minutes=10)
    said = {"answer": "系统正在恢复", "answered_by": "新闻发言人"}
    done = await desk.post(f"{API}/{one['id']}/answer", json=said)
    assert (done.status_code, done.json()["answered_by"]) == (200, "新闻发言人")
    assert (await desk.post(f"{API}/{one['id']}/answer", json=said)).status_code == 409
    assert await night.told("media") == ["media.asked", "media.answered"]
    stranger: httpx.AsyncClient = await sign_in(night.unit)
    assert (await stranger.post(f"{API}/{one['id']}/answer", json=said)).status_code == 404
    assert (await stranger.get(f"/media-inquiries/{one['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"said": ""}, "said"),
        ({"outlet": " "}, "counterpart_name"),
        ({"answer_by": "2020-01-01T00:00:00Z"}, "answer_by"),
        ({"stated_at": "2100-01-01T00:00:00Z"}, "stated_at"),
    ],
)
async def test_bad_input_names_the_field(night: Night, desk: httpx.AsyncClient, more: Any, field: str) -> None:
    answer = await desk.post(API, json=asked(night, **more))
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert await night.told() == []


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_the_form_of_a_call_and_the_page(night: Night, desk: httpx.AsyncClient, locale: str) -> None:
    desk.headers.update({"accept": "text/html"})
    desk.cookies.set("irm_locale", locale)
    typed = {"incident": night.subject.number, "direction": "in", "means": "telephone", "serves": "media_inquiry"}
    answer = await desk.post("/contacts/new", data=typed | {"counterpart_name": "晚报记者甲", "said": "网站为何打不开"})
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"]
    assert "网站为何打不开" in (await desk.get(page)).text
    wrong = await desk.post(page, data={"answer": "系统正在恢复"})
    assert wrong.status_code == 422
    assert "#f-answered_by" in wrong.text
    right = await desk.post(page, data={"answer": "系统正在恢复", "answered_by": "新闻发言人"})
    assert right.status_code == 303
    assert "系统正在恢复" in (await desk.get(page)).text
    assert page in (await desk.get(night.subject.page)).text


async def told_about(night: Night, inquiry: str) -> list[tuple[str, str, UUID | None]]:
    """(purpose, which reminder, to whom) of every message about the question, each once."""
    async with night.db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.page_key.startswith(f"media/{inquiry}/"))
            .order_by(DeliveryRow.created_at, DeliveryRow.id)
        )
        found = [(row.purpose, row.page_key.rpartition("/")[2], row.person_id) for row in rows]
        return list(dict.fromkeys(found))


async def board_of(night: Night, one: make.Account) -> list[Need]:
    async with night.db.transaction() as tx:
        principal = await principal_of(tx, one.id, now=night.clock.now())
        assert principal is not None
        return [
            need
            for need in (await queries.board_of(tx, principal, now=night.clock.now())).needs
            if need.kind == "press"
        ]


@pytest.fixture
async def spokesperson(night: Night) -> make.Account:
    """Through the deputy of the city's authority the post is reached."""
    async with night.db.transaction() as tx:
        return await make.account(tx, night.authority, Role.DEPUTY)


async def test_the_question_stands_on_the_boards_until_it_is_answered(
    night: Night, desk: httpx.AsyncClient, spokesperson: make.Account
) -> None:
    one = (await desk.post(API, json=asked(night))).json()
    for reader in (night.officer, spokesperson):
        (need,) = await board_of(night, reader)
        assert (need.href, need.about) == (f"/media-inquiries/{one['id']}", night.subject.number)
        assert need.due_at == night.clock.now() + timedelta(hours=5)
    assert await board_of(night, night.unit) == [], "another organization's desk took it"
    await desk.post(f"{API}/{one['id']}/answer", json={"answer": "系统正在恢复", "answered_by": "新闻发言人"})
    for reader in (night.officer, spokesperson):
        assert await board_of(night, reader) == []


async def test_who_answers_is_told_at_once_and_reminded_before_the_promised_moment(
    night: Night, desk: httpx.AsyncClient, spokesperson: make.Account, drain: Drain
) -> None:
    one = (await desk.post(API, json=asked(night))).json()["id"]
    await drain()
    at_once = [("notice", "asked", spokesperson.person_id)]
    assert await told_about(night, one) == at_once
    night.clock.tick(hours=4, minutes=29)
    await drain()
    assert await told_about(night, one) == at_once, "half an hour before, not sooner"
    for minutes, mark in ((1, "30"), (30, "0")):
        night.clock.tick(minutes=minutes)
        await drain()
        now = {(purpose, whom) for purpose, each, whom in await told_about(night, one) if each == mark}
        assert now == {("reminder", night.officer.person_id), ("reminder", spokesperson.person_id)}


async def test_what_is_answered_reminds_nobody(
    night: Night, desk: httpx.AsyncClient, spokesperson: make.Account, drain: Drain
) -> None:
    one = (await desk.post(API, json=asked(night))).json()["id"]
    await desk.post(f"{API}/{one}/answer", json={"answer": "系统正在恢复", "answered_by": "新闻发言人"})
    night.clock.tick(hours=6)
    await drain()
    assert [purpose for purpose, *_ in await told_about(night, one)] == ["notice"]


async def test_the_reminder_may_come_twice_and_after_the_moment_of_a_question_entered_afterwards(
    night: Night, desk: httpx.AsyncClient, spokesperson: make.Account, drain: Drain
) -> None:
    assert media_reminding.REMIND == "obligations.remind_media"
    before = night.clock.now() - timedelta(hours=2)
    late = asked(night, stated_at=before.isoformat(), answer_by=(before + timedelta(hours=1)).isoformat())
    one = (await desk.post(API, json=late)).json()["id"]
    night.clock.tick(hours=1)
    await drain()
    assert [mark for _, mark, _ in await told_about(night, one)] == ["asked"], "no reminder of a moment that was past"
    (need,) = await board_of(night, night.officer)
    assert need.due_at is not None
    assert need.due_at < night.clock.now()
    for _ in range(2):
        async with night.db.transaction() as tx:
            await media_reminding.remind(tx, {"inquiry": one, "minutes": 0}, night.clock.now())
    assert len([mark for _, mark, _ in await told_about(night, one) if mark == "0"]) == 2
