"""A plan is changed: nothing of it gets lost, what was approved is approved again, two editors don't overwrite each other."""

import re
from html import unescape
from typing import Any

import pytest

from irm.access.policy import Role
from irm.drills.models import DrillRow
from tests import make
from tests.conftest import SignIn
from tests.feature.drills.conftest import City

pytestmark = pytest.mark.usefixtures("channels")
HTML = {"accept": "text/html"}


def shown_in(page: str) -> dict[str, Any]:
    """What a browser would send back if nobody touched anything."""
    page = page[page.index("<main") :]
    page = page[page.index('action="/drills/') :]
    page = page[: page.index("</form>")]
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        at = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in at or (at.get("type") in ("checkbox", "radio") and " checked" not in tag):
            continue
        if at["name"] == "organizations":
            values.setdefault("organizations", []).append(at["value"])
        else:
            values[at["name"]] = unescape(at.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        values[name] = unescape(text.removeprefix("\n"))
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        values[name] = chosen.group(1) if chosen else ""
    return values


async def test_saved_without_a_change_it_stays_approved(city: City, sign_in: SignIn) -> None:
    row = await city.approved()
    web = await sign_in(city.planner)
    page = await web.get(f"/drills/{row.number}/edit", headers=HTML)
    assert page.status_code == 200, page.text
    assert "须由他人重新批准" in page.text
    assert (await web.post(f"/drills/{row.number}/edit", data=shown_in(page.text))).status_code == 303
    again = await city.drill(row)
    assert (again.status, again.version, again.changed_by) == ("approved", row.version, None)


async def test_what_was_approved_and_is_changed_is_approved_again_by_somebody_else(city: City, sign_in: SignIn) -> None:
    row = await city.approved()
    web = await sign_in(city.leader)
    path = f"/drills/{row.number}"
    assert (await web.get(f"{path}/edit", headers=HTML)).status_code == 403, "who plays does not see what is coming"
    web = await sign_in(city.planner)
    form = shown_in((await web.get(f"{path}/edit", headers=HTML)).text)
    field = next(name for name in form if name.startswith(f"part_{city.second_evaluator.person_id}"))
    assert (await web.post(f"{path}/edit", data=form | {"title": "改了名称", field: ""})).status_code == 303
    again = await city.drill(row)
    assert (again.status, again.title, again.approved_by, again.version) == ("planned", "改了名称", None, 2)
    seen = (await web.get(f"/api/v1{path}")).json()
    assert str(city.second_evaluator.person_id) not in {one["person"] for one in seen["participants"]}
    assert (await web.post(f"{path}/actions", data={"action": "approve"})).status_code == 403
    await sign_in(city.leader)
    assert (await web.post(f"{path}/actions", data={"action": "approve"})).status_code == 303


async def test_who_changed_the_plan_does_not_approve_it(city: City, sign_in: SignIn) -> None:
    async with city.db.transaction() as tx:
        deputy = await make.account(tx, city.authority, Role.DUTY_LEADER)
    row = await city.planned()
    web = await sign_in(deputy)
    form = shown_in((await web.get(f"/drills/{row.number}/edit", headers=HTML)).text)
    assert (await web.post(f"/drills/{row.number}/edit", data=form | {"place": "机房二"})).status_code == 303
    assert (await web.post(f"/drills/{row.number}/actions", data={"action": "approve"})).status_code == 403
    await sign_in(city.leader)
    assert (await web.post(f"/drills/{row.number}/actions", data={"action": "approve"})).status_code == 303


async def test_two_editors_do_not_overwrite_each_other(city: City, sign_in: SignIn) -> None:
    row = await city.planned()
    web = await sign_in(city.planner)
    path = f"/drills/{row.number}/edit"
    form = shown_in((await web.get(path, headers=HTML)).text)
    assert (await web.post(path, data=form | {"place": "一"})).status_code == 303
    late = await web.post(path, data=form | {"place": "二"}, headers=HTML)
    assert late.status_code == 422
    assert "方案已被他人修改" in late.text
    assert 'value="二"' in late.text, "what was typed is kept"
    assert (await city.drill(row)).place == "一"


async def test_the_same_faults_as_in_a_new_plan(city: City, sign_in: SignIn) -> None:
    row = await city.planned()
    async with city.db.transaction() as tx:
        silent = await make.account(tx, city.vendor, Role.HANDLER, sms="", email="")
    web = await sign_in(city.planner)
    form = shown_in((await web.get(f"/drills/{row.number}/edit", headers=HTML)).text)
    wrong = form | {f"part_{silent.person_id}.{city.vendor}": "player", "scenario_source": "kind: x\n"}
    refused = await web.post(f"/drills/{row.number}/edit", data=wrong, headers=HTML)
    assert refused.status_code == 422
    assert "无法联系" in refused.text or "cannot be reached" in refused.text or "没有可用" in refused.text
    assert "scenario.yaml" not in (await city.drill(row)).scenario  # type: ignore[operator]  # it has one
    unchanged: DrillRow = await city.drill(row)
    assert unchanged.version == 1


async def test_what_has_begun_is_not_changed(city: City, sign_in: SignIn) -> None:
    row = await city.begun()
    web = await sign_in(city.planner)
    assert (await web.get(f"/drills/{row.number}/edit", headers=HTML)).status_code == 409
