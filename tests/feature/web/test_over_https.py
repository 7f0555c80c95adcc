"""Where irm has an address over https the browser is told to keep to it; over plain http on a closed network nothing changes."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.duty_screen import devices
from irm.web.cookies import PREFIX
from tests import make
from tests.feature.access.test_signing_in import PAGE, send

HSTS = "strict-transport-security"


@pytest.fixture
async def officer(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.DUTY_OFFICER, password=True)


@pytest.fixture
async def secure(client: httpx.AsyncClient, application: Any, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The same application behind a proxy that speaks https."""
    application.state.settings = settings.model_copy(update={"public_url": "https://irm.test"})
    async with httpx.AsyncClient(transport=client._transport, base_url="https://irm.test") as made:
        yield made


async def test_every_answer_over_https_says_to_stay_there(secure: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/nowhere", "/login", "/api/v1/nowhere", "/static/x/nothing.css"):
        assert (await secure.get(path, headers=PAGE)).headers[HSTS] == "max-age=31536000; includeSubDomains", path


async def test_plain_http_on_a_closed_network_goes_on_as_it_was(
    client: httpx.AsyncClient, officer: make.Account
) -> None:
    answer = await send(client, officer.login)
    assert HSTS not in answer.headers
    given = answer.headers.get_list("set-cookie")
    assert given
    assert not [one for one in given if one.startswith("__") or "secure" in one.lower()]
    assert (await client.get("/me", headers=PAGE)).status_code == 200


async def test_cookies_over_https_belong_to_this_host_alone(secure: httpx.AsyncClient, officer: make.Account) -> None:
    """What browsers ask of the prefix (RFC 6265bis §4.1.3.2): Secure, the whole host, no domain."""
    shown = await secure.get("/login", headers=PAGE)
    chosen = await secure.get("/preferences", params={"locale": "en", "theme": "dark"})
    entered = await send(secure, officer.login)
    assert entered.status_code == 303
    given = [one for answer in (shown, chosen, entered) for one in answer.headers.get_list("set-cookie")]
    names = {one.split("=", 1)[0] for one in given}
    kinds = ("session", "form", "half", "device", "locale", "theme")
    assert names == {f"{PREFIX}irm_{one}" for one in kinds}
    for one in given:
        said = {part.strip().lower() for part in one.split(";")}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= said, one
        assert "domain=" not in one.lower()
    page = await secure.get("/me", headers=PAGE)
    assert page.status_code == 200
    assert '<html lang="en" data-theme="dark">' in page.text


async def test_a_cookie_that_another_host_could_have_planted_opens_nothing(
    secure: httpx.AsyncClient, officer: make.Account
) -> None:
    await send(secure, officer.login)
    token = secure.cookies[f"{PREFIX}irm_session"]
    secure.cookies.clear()
    assert (await secure.get("/api/v1/me", headers={"cookie": f"irm_session={token}"})).status_code == 401
    assert (await secure.get("/api/v1/me", headers={"cookie": f"{PREFIX}irm_session={token}"})).status_code == 200


async def test_a_screen_that_hung_before_goes_on_and_gets_the_prefix(
    secure: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        _, token = await devices.make_screen(tx, name="值班室", organization="", by=None, actor=SYSTEM, now=clock.now())
    before = await secure.get("/screen/now", headers={"cookie": f"irm_screen={token}"})
    assert before.status_code == 200
    assert before.headers["set-cookie"].startswith(f"{PREFIX}irm_screen=")
    secure.cookies.clear()
    assert (await secure.get("/screen/now")).status_code == 401
