"""The list of incidents: what may be asked, and what asking must not give away."""

from typing import Any

import httpx
import pytest

from irm.i18n import translator
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
HTML = {"accept": "text/html"}


async def _listed(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get(URL, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_no_filter_tells_who_else_shares_an_incident(sign_in: Any, city: City, filing: Any) -> None:
    """The archive's unit shares one incident with the portal's, and asks for the other's name."""
    client = await sign_in(city.officer)
    number = (await client.post(URL, json=filing())).json()["number"]
    archive = {"kind": "system", "system": "archive"}
    joined = await client.post(URL, json=filing(joins=number, target=archive, text="the same note"))
    assert joined.json()["number"] == number
    await sign_in(city.other_duty)
    nothing = {"incidents": [], "next_cursor": None}
    assert len((await _listed(client))["incidents"]) == 1
    for foreign in (city.unit, city.vendor, city.authority):
        assert await _listed(client, organization=str(foreign)) == nothing
    assert await _listed(client, system=str(city.portal)) == nothing
    assert await _listed(client, organization=str(city.other)) == await _listed(client)
    assert await _listed(client, system=str(city.archive)) == await _listed(client)
    await sign_in(city.officer)
    assert len((await _listed(client, organization=str(city.unit)))["incidents"]) == 1
    assert len((await _listed(client, system=str(city.portal)))["incidents"]) == 1


async def test_the_cursor_tells_no_foreign_number(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.unit_duty)
    foreign = (await client.post(URL, json=filing())).json()["number"]
    await sign_in(city.other_duty)
    answers = [(await client.get(URL, params={"cursor": one})) for one in (foreign, "SJ-2026-999999")]
    assert [one.status_code for one in answers] == [422, 422]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "nonsense"),
        ("level", "5"),
        ("level", "grave"),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "201"),
        ("limit", "many"),
        ("live", "perhaps"),
        ("exercise", "perhaps"),
        ("organization", "x"),
        ("system", "x"),
        ("cursor", "nonsense"),
    ],
)
async def test_a_filter_that_cannot_be_is_named(sign_in: Any, city: City, name: str, value: str) -> None:
    client = await sign_in(city.officer)
    answer = await client.get(URL, params={name: value})
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [name]


async def test_every_filter_that_cannot_be_is_named_at_once(sign_in: Any, city: City) -> None:
    client = await sign_in(city.officer)
    answer = await client.get(URL, params={"status": "nonsense", "level": "0"})
    assert [one["field"] for one in answer.json()["errors"]] == ["status", "level"]


@pytest.mark.parametrize("limit", ["0", "201"])
async def test_the_timeline_says_how_many_can_be_had(sign_in: Any, city: City, filing: Any, limit: str) -> None:
    client = await sign_in(city.officer)
    number = (await client.post(URL, json=filing())).json()["number"]
    answer = await client.get(f"{URL}/{number}/timeline", params={"limit": limit})
    assert [one["field"] for one in answer.json()["errors"]] == ["limit"]


@pytest.mark.parametrize(
    ("query", "label", "fault"),
    [
        ("status=nonsense", "Status", "There is no such status."),
        ("level=grave", "Level", "A level is 1, 2, 3 or 4."),
        ("level=9", "Level", "A level is 1, 2, 3 or 4."),
        ("exercise=perhaps", "Drills", "Choose one from the list."),
        ("cursor=nonsense", "Page of the list", "This page of the list does not exist."),
    ],
)
async def test_the_page_says_what_the_address_cannot_ask_and_shows_the_rest(
    sign_in: Any, city: City, filing: Any, query: str, label: str, fault: str
) -> None:
    client = await sign_in(city.officer)
    number = (await client.post(URL, json=filing())).json()["number"]
    t = translator("zh-CN")
    shown = await client.get(f"/incidents?{query}", headers=HTML)
    assert shown.status_code == 422
    assert f"{t(label)}：{t(fault)}" in shown.text
    assert number in shown.text
    fine = await client.get("/incidents?status=&level=&text=", headers=HTML)
    assert fine.status_code == 200
