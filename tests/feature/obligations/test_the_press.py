"""A journalist calls at night: the question is written down, the spokesperson answers, and nobody else does."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import SignIn
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
