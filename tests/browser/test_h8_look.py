"""Temporary: look at the incident pages."""
import asyncio
from tests.browser.chrome import DESK, PHONE
from tests.browser.story import file_incident

async def test_look(town, visit):
    async with visit(size=PHONE) as unit:
        await unit.sign_in("fund1")
        await unit.go("/report"); await unit.page.screenshot(path="/tmp/h8shots/gate-phone.png", full_page=True)
        await unit.go("/report/new?classified=no"); await unit.page.screenshot(path="/tmp/h8shots/form-phone.png", full_page=True)
        number = await file_incident(unit)
    await town.drain()
    town.clock.tick(minutes=16); await town.drain()
    async with visit(size=DESK) as officer:
        await officer.sign_in("duty1")
        await officer.go("/report/new?classified=no"); await officer.page.screenshot(path="/tmp/h8shots/form-desk.png", full_page=True)
        await officer.go(f"/incidents/{number}")
        await officer.page.screenshot(path="/tmp/h8shots/show-desk.png", full_page=True)
        await officer.page.click("details.why summary")
        await officer.page.screenshot(path="/tmp/h8shots/show-desk-open.png", full_page=True)
        print("AXE", await officer.axe(), officer.faults, await officer.overflow())
        await officer.go("/incidents"); await officer.page.screenshot(path="/tmp/h8shots/list-desk.png", full_page=True)
    async with visit(size=PHONE, theme="dark", locale="en") as officer:
        await officer.sign_in("duty1")
        await officer.go(f"/incidents/{number}")
        await officer.page.screenshot(path="/tmp/h8shots/show-phone-dark-en.png", full_page=True)
        print("AXE", await officer.axe(), officer.faults, await officer.overflow())
        await officer.go("/incidents"); await officer.page.screenshot(path="/tmp/h8shots/list-phone-dark-en.png", full_page=True)
