"""A passkey in a real browser, with Chromium's virtual authenticator: added, signed in with, after a password, shown again, lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Browser
from sqlalchemy import select, update

from irm.access.models import AccountRow, SessionRow
from irm.access.rates import STATE
from irm.access.security import security_policy
from irm.app import create_app
from tests.browser import chrome
from tests.browser.chrome import PHONE, Visitor
from tests.browser.town import Town, calm_rates, serving


@pytest.fixture
async def named(town: Town) -> AsyncIterator[Town]:
    """The same town under a name: to a number no browser gives a passkey."""
    app = create_app(town.settings, town.db, town.clock)
    app.state[STATE] = calm_rates(security_policy())
    async with serving(app) as port:
        url = f"http://localhost:{port}"
        app.state.settings = town.settings.model_copy(update={"public_url": url})
        yield replace(town, url=url)


async def plug_in(visitor: Visitor) -> tuple[Any, str]:
    """A device that keeps keys and verifies its user at once."""
    devtools = await visitor.context.new_cdp_session(visitor.page)
    await devtools.send("WebAuthn.enable", {"enableUI": False})
    traits = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": traits})
    return devtools, made["authenticatorId"]


async def leave_the_desk(town: Town, login: str) -> None:
    """For so long that a dangerous act asks again; the clock is every story's."""
    async with town.db.transaction() as tx:
        mine = select(AccountRow.id).where(AccountRow.login == login).scalar_subquery()
        await tx.execute(update(SessionRow).where(SessionRow.account_id == mine).values(proven_at=None))


async def removed_after_showing_it(visitor: Visitor) -> None:
    """The last act that a passkey proves is its own end."""
    page = visitor.page
    await leave_the_desk(visitor.town, "health1")
    await visitor.go("/me/passkeys")
    await page.click('#list form[action$="/remove"] button')
    await page.wait_for_selector("form[data-passkey]:not([hidden])")
    await sound(visitor)
    assert [one for one in visitor.faults if "403" not in one] == [], "the browser notes that the act waits"
    visitor.faults.clear()
    await page.click("form[data-passkey] button")
    await page.wait_for_url("**/me/passkeys?done=removed")


async def sound(visitor: Visitor) -> None:
    assert await visitor.axe() == []
    assert await visitor.overflow() <= 0


async def test_from_the_first_passkey_to_the_last(browser: Browser, named: Town) -> None:
    async with chrome.visitor(browser, named, size=PHONE) as visitor:
        page = visitor.page
        devtools, device = await plug_in(visitor)
        await visitor.sign_in("health1")
        await visitor.go("/me/passkeys")
        await sound(visitor)
        await page.fill("#i-name", "值班室安全密钥")
        await page.click("#add button")
        await page.wait_for_selector("form[data-passkey]:not([hidden])")
        await sound(visitor)
        await page.click("form[data-passkey] button")
        await page.wait_for_url("**/me/passkeys?done=added")
        assert "值班室安全密钥" in await page.inner_text("#list")
        await sound(visitor)

        await visitor.context.clear_cookies(name="irm_session")
        await visitor.go("/login?next=/me")
        await sound(visitor)
        await page.click("form[data-passkey] button")
        await page.wait_for_url("**/me")
        assert "值班室安全密钥" in await page.inner_text("#factor")

        await visitor.context.clear_cookies(name="irm_session")
        await visitor.go("/login")
        await page.fill('input[name="login"]', "health1")
        await page.fill('input[name="password"]', named.passwords["health1"])
        await page.click('form[action="/login"] button')
        await page.wait_for_url("**/login/code*")
        await sound(visitor)
        await page.click("form[data-passkey] button")
        await page.wait_for_url(lambda url: "/login" not in url)

        await removed_after_showing_it(visitor)
        await visitor.context.clear_cookies(name="irm_session")
        await visitor.go("/login")
        await devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
        await page.click("form[data-passkey] button")
        await page.wait_for_selector("[data-passkey-said]:not([hidden])")
        assert "重试" in await page.inner_text("[data-passkey-said]")
        await devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
        assert visitor.faults == [], "nothing that the policy for content forbids, and no fault of a script"
        await page.click("form[data-passkey] button")
        await page.wait_for_selector(".notice-warn")
        assert "未通过验证" in await page.inner_text(".notice-warn")


async def test_at_a_number_the_page_says_why_not(browser: Browser, town: Town) -> None:
    async with chrome.visitor(browser, town, size=PHONE) as visitor:
        await visitor.go("/login")
        assert await visitor.page.locator("form[data-passkey]").count() == 0
        await visitor.sign_in("duty1")
        await visitor.go("/me/passkeys")
        assert "域名" in await visitor.page.inner_text("#add")
        await sound(visitor)
        assert visitor.faults == []
