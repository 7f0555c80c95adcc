"""A real browser goes to the identity provider and back: by a link, and from forms that may lead to no other site."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from playwright.async_api import Browser
from pydantic import SecretStr

from irm.access.rates import STATE
from irm.access.security import security_policy
from irm.app import create_app
from tests.browser import chrome
from tests.browser.chrome import DESK, PHONE, Visitor
from tests.browser.test_passkeys import leave_the_desk
from tests.browser.town import Town, calm_rates, serving
from tests.fakes.gateway import HttpServer
from tests.fakes.identity_provider import SECRET, IdentityProvider


@dataclass(frozen=True)
class City:
    town: Town
    provider: IdentityProvider


@pytest.fixture
async def city(town: Town) -> AsyncIterator[City]:
    """The same town, which has an identity provider."""
    http = HttpServer()
    server = await http.start()
    provider = IdentityProvider(http, town.clock)
    app = create_app(town.settings, town.db, town.clock)
    app.state[STATE] = calm_rates(security_policy())
    async with serving(app) as port:
        url = f"http://127.0.0.1:{port}"
        provider.redirect = f"{url}/login/oidc/callback"
        app.state.settings = town.settings.model_copy(
            update={
                "public_url": url,
                "oidc_issuer": provider.issuer,
                "oidc_name": "鹰城统一身份认证平台",
                "oidc_client_id": provider.client_id,
                "oidc_secret": SecretStr(SECRET),
            }
        )
        yield City(replace(town, url=url), provider)
    server.close()
    await server.wait_closed()


async def sound(visitor: Visitor) -> None:
    assert await visitor.axe() == []
    assert await visitor.overflow() <= 0


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_linked_signed_in_and_out(browser: Browser, city: City, size: tuple[int, int]) -> None:
    city.provider.person.sub = f"410400-{size[0]}"
    async with chrome.visitor(browser, city.town, size=size) as visitor:
        page = visitor.page
        await visitor.sign_in("health1" if size == PHONE else "fund1")
        await visitor.go("/me/identities")
        await sound(visitor)
        await page.click("#add button")
        await page.wait_for_url("**/me/identities?done=linked")
        await sound(visitor)
        assert await page.get_by_text(city.provider.person.sub).count() == 1
        await visitor.go("/me")
        await sound(visitor)
        await page.click('form[action="/logout"] button')
        await page.wait_for_url("**/login?done=out")
        assert city.provider.asked("/logout") == 0, "who came by password is not led to the provider"
        await sound(visitor)
        await page.click('a[href^="/login/oidc"]')
        await page.wait_for_url(lambda url: "/login" not in url)
        await removed_after_showing_it_there(visitor, "health1" if size == PHONE else "fund1")
        await visitor.go("/me")
        await page.click('form[action="/logout"] button')
        await page.wait_for_url("**/login?done=out")
        assert city.provider.asked("/logout") == 1


async def removed_after_showing_it_there(visitor: Visitor, login: str) -> None:
    """An act that waits while its owner is led to the provider and back, and goes on by one press."""
    page = visitor.page
    await leave_the_desk(visitor.town, login)
    await visitor.go("/me/identities")
    await page.click('form[action$="/unlink"] button')
    await page.wait_for_selector('form[action="/me/proof/provider"]')
    await sound(visitor)
    await page.click('form[action="/me/proof/provider"] button')
    await page.wait_for_selector("#proven")
    await sound(visitor)
    await page.click("#proven button")
    await page.wait_for_url("**/me/identities?done=unlinked")
