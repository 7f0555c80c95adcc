"""What every answer carries, and what a browser gets when something is not there."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from irm.access.policy import Role
from irm.db import Database
from irm.web.assets import assets, static_url
from tests import make

HTML = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_every_answer_says_what_a_browser_may_do(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/nowhere", "/login", "/api/v1/nowhere"):
        answer = await client.get(path, headers=HTML)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 36


async def test_a_reference_of_the_proxy_is_kept_if_it_is_a_plain_one(client: httpx.AsyncClient) -> None:
    kept = await client.get("/healthz", headers={"x-request-id": "proxy-0001"})
    assert kept.headers["x-request-id"] == "proxy-0001"
    odd = await client.get("/healthz", headers={"x-request-id": "<script>alert(1)</script>"})
    assert "script" not in odd.headers["x-request-id"]


async def test_what_is_not_there_is_a_page_in_the_readers_language_with_a_reference(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers=HTML | {"accept-language": "en"})
    assert answer.status_code == 404
    assert '<html lang="en"' in answer.text
    assert answer.headers["x-request-id"] in answer.text
    chinese = await client.get("/nowhere", headers=HTML)
    assert '<html lang="zh-CN"' in chinese.text
    problem = await client.get("/api/v1/nowhere")
    assert problem.headers["content-type"] == "application/problem+json"


async def test_static_files_are_kept_for_a_year_under_their_hash(client: httpx.AsyncClient) -> None:
    url = static_url("irm.css")
    answer = await client.get(url)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert ".clock" in answer.text
    old = await client.get("/static/0123456789ab/irm.css")
    assert old.status_code == 200
    assert old.headers["cache-control"] == "no-cache"
    assert (await client.get("/static/x/../pages.py")).status_code == 404
    assert (await client.get("/static/x/nothing.css")).status_code == 404


async def test_a_body_without_files_holds_a_megabyte(client: httpx.AsyncClient) -> None:
    too_much = "x" * (1024 * 1024)

    async def piecemeal() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 300_000

    unannounced = await client.post("/login", content=piecemeal(), headers=FORM | HTML)
    assert unannounced.status_code == 413
    page = await client.post("/login", data={"login": too_much}, headers=HTML | {"accept-language": "en"})
    assert page.status_code == 413
    assert "at most 1 MB" in page.text
    form = await client.post("/login", data={"login": too_much[:-4000]}, headers=HTML)
    assert form.status_code != 413


def test_pages_stay_within_their_weight() -> None:
    packed = {name: len(asset.packed or asset.body) for name, asset in assets().items()}
    assert packed["irm.js"] + packed["htmx.js"] < 40_000
    assert sum(packed.values()) < 120_000


async def test_language_and_theme_are_chosen_by_a_link(client: httpx.AsyncClient) -> None:
    answer = await client.get("/preferences", params={"locale": "en", "theme": "dark", "back": "/login"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    page = await client.get("/login", headers=HTML)
    assert '<html lang="en" data-theme="dark">' in page.text
    away = await client.get("/preferences", params={"locale": "xx", "back": "//elsewhere.example"})
    assert away.headers["location"] == "/"
    assert "set-cookie" not in away.headers


async def test_the_styleguide_is_for_the_demo_only(client: httpx.AsyncClient) -> None:
    assert (await client.get("/styleguide", headers=HTML)).status_code == 404


async def test_the_menu_of_a_stranger_is_empty(client: httpx.AsyncClient, db: Database, sign_in: Any) -> None:
    page = await client.get("/login", headers=HTML)
    assert 'class="side"' not in page.text
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx, "cloud_authority"), Role.DUTY_OFFICER)
    signed = await (await sign_in(officer)).get("/", headers=HTML)
    assert 'class="side"' in signed.text


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("40P01", 503, "busy"),  # deadlock
        ("40001", 503, "busy"),  # serialization
        ("55P03", 503, "busy"),  # a lock that was not to be had in time
        ("53300", 503, "database_away"),  # too many connections
        ("53100", 503, "database_away"),  # disk full
        ("57P03", 503, "database_away"),  # starting up
        ("22021", 422, "invalid"),  # NUL in a text
        ("23505", 409, "conflict"),  # two wrote the same at the same moment
    ],
)
async def test_two_requests_in_each_others_way_are_no_fault_of_the_program(
    client: httpx.AsyncClient,
    db: Database,
    sign_in: Any,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    status: int,
    code: str,
) -> None:
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx, "cloud_authority"), Role.DUTY_OFFICER)
    signed = await sign_in(officer)

    async def refuse(tx: Any, *_args: Any, **_how: Any) -> None:
        await tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"))

    monkeypatch.setattr("irm.incidents.queries.incidents", refuse)
    answer = await signed.get("/api/v1/incidents")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (answer.headers.get("retry-after") is not None) == (status == 503)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),  # a frozen server answers no new connection in time: asyncpg raises it bare
        ConnectionRefusedError(111, "Connect call failed"),
        OSError("Multiple exceptions: [Errno 111] …, [Errno 111] …"),  # of a name with several addresses, none answers
    ],
)
async def test_a_database_that_does_not_answer_is_no_fault_of_the_program(
    db: Database, sign_in: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx, "cloud_authority"), Role.DUTY_OFFICER)
    signed = await sign_in(officer)

    async def fail(*_args: Any, **_how: Any) -> None:
        raise error

    monkeypatch.setattr("irm.incidents.queries.incidents", fail)
    answer = await signed.get("/api/v1/incidents")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert answer.headers["retry-after"]


async def test_a_file_that_cannot_be_read_is_a_fault(
    db: Database, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx, "cloud_authority"), Role.DUTY_OFFICER)
    signed = await sign_in(officer)

    async def fail(*_args: Any, **_how: Any) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("irm.incidents.queries.incidents", fail)
    assert (await signed.get("/api/v1/incidents")).status_code == 500
