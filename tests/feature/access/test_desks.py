"""A desk's numbers and addresses: entered and retired by the system administrator, read by everybody."""

from typing import Any

import pytest
from sqlalchemy import select

from irm.access.policy import AUTHORITY, Role
from irm.access.queries import addresses, organization_by_code
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from tests import make

HTML = {"accept": "text/html"}


class Two:
    """Whoever is signed in; one at a time."""

    def __init__(self, sign_in: Any, admin: make.Account, officer: make.Account) -> None:
        self.sign_in, self._admin, self._officer = sign_in, admin, officer

    async def admin(self) -> Any:
        return await self.sign_in(self._admin)

    async def officer(self) -> Any:
        return await self.sign_in(self._officer)


@pytest.fixture
async def desk(db: Database, sign_in: Any) -> Two:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY)
        await make.organization(tx, "cyberspace_office", code="cac", joined=False, telephone=None)
        admin = await make.account(tx, authority, Role.SYSTEM_ADMINISTRATOR)
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
    return Two(sign_in, admin, officer)


async def test_numbers_posts_and_addresses_over_the_api(db: Database, desk: Two) -> None:
    admin = await desk.admin()
    answer = await admin.patch("/api/v1/organizations/cac", json={"telephone": " 000-00000002 "})
    assert answer.status_code == 200, answer.text
    assert answer.json()["organization"]["telephone"] == "000-00000002"
    assert (await admin.post("/api/v1/organizations/cac/posts", json={"name": "值班室"})).status_code == 201
    given = {"channel": "telephone", "address": "000-00000012", "post": "值班室"}
    made = await admin.post("/api/v1/organizations/cac/addresses", json=given)
    assert made.status_code == 201, made.text
    read = (await admin.get("/api/v1/organizations/cac")).json()
    assert [(one["post"], one["address"]) for one in read["addresses"]] == [("值班室", "000-00000012")]
    path = f"/api/v1/organizations/cac/addresses/{made.json()['id']}"
    assert (await (await desk.officer()).delete(path)).status_code == 403
    admin = await desk.admin()
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).status_code == 404, "retired once"
    assert (await admin.get("/api/v1/organizations/cac")).json()["addresses"] == []
    async with db.transaction(SYSTEM) as tx:
        actions = set(await tx.scalars(select(LedgerEntryRow.action)))
    assert {"organization.desk_changed", "contact_address.added", "contact_address.retired"} <= actions


@pytest.mark.parametrize(
    ("what", "given", "status"),
    [
        ("addresses", {"channel": "pigeon", "address": "1"}, 422),
        ("addresses", {"channel": "email", "address": "  "}, 422),
        ("addresses", {"channel": "email", "address": "a\x00b"}, 422),
        ("addresses", {"channel": "email", "address": "1", "preference": 99_999_999_999}, 422),
        ("addresses", {"channel": "telephone", "address": "1", "post": "nowhere"}, 404),
        ("posts", {"name": ""}, 422),
    ],
)
async def test_odd_entries_are_refused(desk: Two, what: str, given: dict[str, Any], status: int) -> None:
    answer = await (await desk.admin()).post(f"/api/v1/organizations/cac/{what}", json=given)
    assert answer.status_code == status, answer.text


async def test_an_address_of_another_organization_is_not_found(db: Database, desk: Two) -> None:
    admin = await desk.admin()
    async with db.transaction(SYSTEM) as tx:
        await make.organization(tx, code="other")
    made = await admin.post("/api/v1/organizations/cac/addresses", json={"channel": "email", "address": "a@b.example"})
    assert (await admin.delete(f"/api/v1/organizations/other/addresses/{made.json()['id']}")).status_code == 404


async def test_the_page_enters_and_retires(db: Database, desk: Two) -> None:
    officer = await desk.officer()
    assert "未登记电话" in (await officer.get("/organizations/cac", headers=HTML)).text
    assert 'name="telephone"' not in (await officer.get("/organizations/cac", headers=HTML)).text
    admin = await desk.admin()
    token = {"csrf_token": admin.headers["x-csrf-token"]}

    async def send(what: str, **typed: str) -> Any:
        return await admin.post(f"/organizations/cac/{what}", data={**token, **typed}, headers=HTML)

    assert (
        await send("desk", telephone="000-00000002", fax="", email="no mailbox", postal_address="")
    ).status_code == 422
    saved = await send("desk", telephone="000-00000002", fax="", email="duty@cac.example", postal_address="")
    assert (saved.status_code, saved.headers["location"]) == (303, "/organizations/cac?done=desk")
    assert 'value="000-00000002"' in (await admin.get("/organizations/cac", headers=HTML)).text
    assert (await send("posts", name="值班室")).status_code == 303
    odd = await send("addresses", channel="sms", address="", preference="x")
    assert odd.status_code == 422
    assert (
        await send("addresses", channel="sms", address="00000000003", preference="2", post="值班室")
    ).status_code == 303
    page = (await admin.get("/organizations/cac", headers=HTML)).text
    assert "00000000003" in page
    async with db.transaction(SYSTEM) as tx:
        found = await organization_by_code(tx, "cac")
        assert await addresses(tx, organization_ids=[found.id]) == {}
    retire = page.split('/retire"')[0].rsplit('action="', 1)[1] + "/retire"
    assert (await admin.post(retire, data=token, headers=HTML)).status_code == 303
    assert "00000000003" not in (await admin.get("/organizations/cac", headers=HTML)).text


async def test_an_organization_is_entered_on_the_page(desk: Two) -> None:
    assert (await (await desk.officer()).get("/organizations/new", headers=HTML)).status_code == 403
    admin = await desk.admin()
    typed = {
        "csrf_token": admin.headers["x-csrf-token"],
        "code": "water",
        "name": "示例市水利局",
        "short_name": "",
        "kind": "using_unit",
        "tier": "city",
        "region": "990100",
        "joined": "yes",
        "telephone": "000-00000031",
    }
    odd = await admin.post("/organizations/new", data={**typed, "region": "99"}, headers=HTML)
    assert odd.status_code == 422
    assert "示例市水利局" in odd.text
    made = await admin.post("/organizations/new", data=typed, headers=HTML)
    assert (made.status_code, made.headers["location"]) == (303, "/organizations/water?done=made")
    page = (await admin.get("/organizations/water", headers=HTML)).text
    assert "示例市水利局" in page
    assert "000-00000031" in page


async def test_where_machines_are_called_is_not_for_everybody(db: Database, desk: Two) -> None:
    """The address of a webhook or a chat may hold its key: page and interface show it to whoever may change it."""
    admin = await desk.admin()
    secret = {"channel": "webhook", "address": "https://chat.example.invalid/hook?key=k3y"}
    assert (await admin.post("/api/v1/organizations/cac/addresses", json=secret)).status_code == 201
    number = {"channel": "telephone", "address": "000-00000012"}
    assert (await admin.post("/api/v1/organizations/cac/addresses", json=number)).status_code == 201
    assert "k3y" in (await admin.get("/api/v1/organizations/cac")).text
    officer = await desk.officer()
    for path in ("/api/v1/organizations/cac", "/organizations/cac", "/api/v1/organizations", "/organizations"):
        read = (await officer.get(path)).text
        assert "k3y" not in read, path
        assert "000-00000012" in read, path
