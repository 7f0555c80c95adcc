"""Posts of a unit: entered, held, given up; what is lacking, vacant or in the wrong hands is shown and hinders nothing."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm import jobs
from irm.access import engagements, service
from irm.access.engaging import Engagement
from irm.access.policy import AUTHORITY, Role
from irm.access.staff_post_models import PostHoldingRow
from irm.clock import SHANGHAI, FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from tests import make
from tests.conftest import Drain, SignIn

API = "/api/v1/posts"
FIREWALL = {"name": "防火墙管理员", "kind": "network_administrator", "is_key": True, "duties": "策略变更\n月度核查"}


@pytest.fixture
async def town(db: Database) -> dict[str, Any]:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY, code="data")
        unit = await make.organization(tx, code="health", name="市卫生健康委员会")
        small = await make.organization(tx, code="archive")
        vendor = await make.organization(tx, "vendor", code="cloud")
        await make.system(tx, unit, level=3)
        await make.system(tx, small, level=2)
        return {
            "unit": unit,
            "small": small,
            "vendor": vendor,
            "authority": await make.account(tx, authority, Role.SECURITY_LEAD),
            "auditor": await make.account(tx, authority, Role.AUDIT_ADMINISTRATOR),
            "sysadmin": await make.account(tx, authority, Role.SYSTEM_ADMINISTRATOR),
            "lead": await make.account(tx, unit, Role.SECURITY_LEAD),
            "duty": await make.account(tx, unit, Role.DUTY_OFFICER),
            "archivist": await make.account(tx, small, Role.SECURITY_LEAD),
            "seller": await make.account(tx, vendor, Role.SECURITY_LEAD),
        }


async def entered(client: httpx.AsyncClient, name: str, kind: str, whose: str = "health", *who: str) -> str:
    answer = await client.post(API, json={"organization": whose, "name": name, "kind": kind})
    assert answer.status_code == 201, answer.text
    post = str(answer.json()["id"])
    for one in who:
        assert (await client.post(f"{API}/{post}/holders", json={"name": one})).status_code == 201
    return post


async def of(client: httpx.AsyncClient, code: str) -> dict[str, Any]:
    answer = await client.get(API, params={"organization": code})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["organizations"]
    return dict(found)


def day(clock: FixedClock) -> date:
    return clock.now().astimezone(SHANGHAI).date()


def amiss(unit: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["what"], one["kind"]) for one in unit["findings"]]


async def test_a_unit_of_level_three_is_told_which_posts_it_lacks(town: dict[str, Any], sign_in: SignIn) -> None:
    lead = await sign_in(town["lead"])
    before = await of(lead, "health")
    assert (before["level"], amiss(before)) == (
        3,
        [
            ("missing", "security_chief"),
            ("missing", "system_administrator"),
            ("missing", "audit_administrator"),
            ("missing", "security_administrator"),
        ],
    )
    assert {one["status"] for one in before["findings"]} == {"unverified"}, "nobody here has read the standard"
    await entered(lead, "系统管理岗", "system_administrator", "health", "张三")
    await entered(lead, "安全主管", "security_chief")
    after = await of(lead, "health")
    assert amiss(after) == [
        ("missing", "audit_administrator"),
        ("missing", "security_administrator"),
        ("vacant", "security_chief"),
    ]
    page = (await lead.get("/posts")).text
    assert "缺岗" in page
    assert "空岗" in page
    assert "张三" in page
    archivist = await sign_in(town["archivist"])
    assert amiss(await of(archivist, "archive")) == [], "a unit of level two needs none of them by name"


async def test_whoever_holds_two_that_exclude_each_other_is_named_and_entered_all_the_same(
    town: dict[str, Any], sign_in: SignIn
) -> None:
    lead = await sign_in(town["lead"])
    network = await entered(lead, "网络管理岗", "network_administrator")
    security = await entered(lead, "安全管理岗", "security_administrator")
    one = (await lead.post(f"{API}/{network}/holders", json={"name": "李四"})).json()
    assert one["conflicts"] == []
    two = await lead.post(f"{API}/{security}/holders", json={"person": one["person"]})
    assert two.status_code == 201
    (conflict,) = two.json()["conflicts"]
    assert (conflict["what"], set(conflict["posts"])) == ("conflict", {network, security})
    assert "8.1.7.2" in conflict["source"]
    assert "李四" in conflict["text"]
    assert ("conflict", "security_administrator") in amiss(await of(lead, "health"))
    shown = (await lead.get(f"/posts/{security}?done=taken")).text
    assert "兼任冲突" in shown
    archivist = await sign_in(town["archivist"])
    both = [await entered(archivist, name, f"{name}_administrator", "archive") for name in ("network", "security")]
    person = (await archivist.post(f"{API}/{both[0]}/holders", json={"name": "王五"})).json()["person"]
    held = await archivist.post(f"{API}/{both[1]}/holders", json={"person": person})
    assert held.json()["conflicts"] == [], "that rule is of level three; the archive's systems are of level two"
    audit = await entered(archivist, "audit", "audit_administrator", "archive")
    held = await archivist.post(f"{API}/{audit}/holders", json={"person": person})
    assert len(held.json()["conflicts"]) == 1, "who administers and who audits are kept apart everywhere"


async def test_who_held_a_post_when_stays_on_record(
    town: dict[str, Any], sign_in: SignIn, db: Database, clock: FixedClock
) -> None:
    lead = await sign_in(town["lead"])
    made = await lead.post(API, json={"organization": "health"} | FIREWALL)
    where = f"{API}/{made.json()['id']}"
    first = await lead.post(f"{where}/holders", json={"name": "赵六", "since": "2025-03-01"})
    assert first.status_code == 201
    (held,) = (await lead.get(where)).json()["holders"]
    wrong = await lead.delete(f"{where}/holders/{held['id']}", params={"until": "2025-02-28"})
    assert wrong.json()["errors"][0]["field"] == "until", "the last day lies before the first"
    ahead = (day(clock) + timedelta(days=1)).isoformat()
    assert (await lead.delete(f"{where}/holders/{held['id']}", params={"until": ahead})).status_code == 422
    assert (await lead.delete(f"{where}/holders/{held['id']}", params={"until": "2026-10-31"})).status_code == 204
    again = await lead.delete(f"{where}/holders/{held['id']}")
    assert again.status_code == 404, "given up once"
    person = first.json()["person"]
    assert (await lead.post(f"{where}/holders", json={"person": person})).status_code == 201, "and may come back"
    twice = await lead.post(f"{where}/holders", json={"person": person})
    assert twice.json()["errors"][0]["field"] == "person"
    changed = await lead.put(where, json=FIREWALL | {"name": "边界防护岗", "is_key": False})
    assert changed.status_code == 204
    shown = (await lead.get(where)).json()
    assert (shown["name"], shown["is_key"], shown["duties"]) == ("边界防护岗", False, FIREWALL["duties"])
    assert [(one["name"], one["since"], one["until"]) for one in shown["before"]] == [
        ("赵六", "2025-03-01", "2026-10-31")
    ]
    assert (await lead.delete(where)).status_code == 204
    gone = (await lead.get(where)).json()
    assert (gone["is_abolished"], gone["holders"], len(gone["before"])) == (True, [], 2)
    assert (await lead.put(where, json=FIREWALL)).status_code == 404
    assert (await of(lead, "health"))["posts"] == []
    await entered(lead, "边界防护岗", "other")
    async with db.transaction(SYSTEM) as tx:
        entries = await tx.execute(
            select(LedgerEntryRow.action, LedgerEntryRow.body).where(LedgerEntryRow.action.startswith("staff_post."))
        )
        told = [(row.action, row.body) for row in entries]
        private = set(await tx.scalars(select(LedgerPrivateRow.value)))
    assert {action for action, _ in told} == {
        "staff_post.entered",
        "staff_post.changed",
        "staff_post.abolished",
        "staff_post.taken",
        "staff_post.given_up",
    }
    assert "边界防护岗" not in "".join(body for _, body in told)
    assert "边界防护岗" in private


async def test_whoever_leaves_holds_nothing_any_more(
    town: dict[str, Any], sign_in: SignIn, db: Database, clock: FixedClock, drain: Drain
) -> None:
    lead = await sign_in(town["lead"])
    post = await entered(lead, "值班岗", "duty")
    await lead.post(f"{API}/{post}/holders", json={"person": str(town["duty"].person_id)})
    by_name = await entered(lead, "其他岗", "other", "health", "编外人员")
    clock.tick(hours=1)
    async with db.transaction(SYSTEM) as tx:
        await service.end_role(
            tx,
            person_id=town["duty"].person_id,
            organization_id=town["unit"],
            role=Role.DUTY_OFFICER,
            actor=SYSTEM,
            now=clock.now(),
        )
    lead = await sign_in(town["lead"])
    assert ("vacant", "duty") in amiss(await of(lead, "health")), "at once, before it is written down"
    shown = (await lead.get(f"{API}/{post}")).json()
    assert (shown["holders"], [one["until"] for one in shown["before"]]) == ([], [day(clock).isoformat()])
    for _ in range(2):
        async with db.transaction(SYSTEM) as tx:
            await jobs.schedule(tx, "access.end_posts_of_leavers", {}, run_at=clock.now())
        await drain()
    async with db.transaction(SYSTEM) as tx:
        ended = list(await tx.scalars(select(PostHoldingRow).where(PostHoldingRow.ended_at.is_not(None))))
        entries = await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "staff_post.given_up"))
        told = list(entries)
    assert len(ended) == len(told) == 1
    assert '"why":"left"' in told[0]
    assert (await lead.get(f"{API}/{by_name}")).json()["holders"], "who was entered by name alone has not left"
    clock.tick(minutes=1)
    back = await lead.post(f"{API}/{post}/holders", json={"person": str(town["duty"].person_id)})
    assert back.status_code == 201, "somebody who lost every role in irm may work there all the same"
    assert (await lead.get(f"{API}/{post}")).json()["holders"]


async def test_with_a_contract_end_the_posts_of_a_vendors_staff(
    town: dict[str, Any], sign_in: SignIn, db: Database, clock: FixedClock
) -> None:
    today = day(clock)
    async with db.transaction(SYSTEM) as tx:
        person = await make.person(tx, town["vendor"])
        term = Engagement("HT-1", date(2026, 1, 1), today, None, None, "", None)
        await engagements.state(tx, town["vendor"], person, term, actor=SYSTEM, now=clock.now())
    seller = await sign_in(town["seller"])
    post = await entered(seller, "数据库岗", "database_administrator", "cloud")
    assert (await seller.post(f"{API}/{post}/holders", json={"person": str(person)})).status_code == 201
    assert amiss(await of(seller, "cloud")) == [], "the last day of the contract is a day of work"
    clock.tick(days=1)
    seller = await sign_in(town["seller"])
    assert amiss(await of(seller, "cloud")) == [("vacant", "database_administrator")]


async def test_its_own_people_keep_them_and_the_authority_and_the_auditor_see_the_citys(
    town: dict[str, Any], sign_in: SignIn
) -> None:
    lead = await sign_in(town["lead"])
    post = await entered(lead, "网络管理岗", "network_administrator", "health", "李四")
    holding = (await lead.get(f"{API}/{post}")).json()["holders"][0]["id"]
    duty = await sign_in(town["duty"])
    assert (await of(duty, "health"))["posts"], "who is on duty reads"
    assert (await duty.post(f"{API}/{post}/holders", json={"name": "某人"})).status_code == 403
    assert "/posts/new" not in (await duty.get("/posts")).text
    for who in ("authority", "auditor"):
        reader = await sign_in(town[who])
        assert "health" in {one["organization"] for one in (await reader.get(API)).json()["organizations"]}
    auditor = await sign_in(town["auditor"])
    assert (await auditor.put(f"{API}/{post}", json=FIREWALL)).status_code == 403
    sysadmin = await sign_in(town["sysadmin"])
    assert (await sysadmin.get(API)).status_code == 403
    stranger = await sign_in(town["archivist"])
    assert {one["organization"] for one in (await stranger.get(API)).json()["organizations"]} <= {"archive"}
    assert (await stranger.get(API, params={"organization": "health"})).status_code == 403
    assert (await stranger.post(API, json={"organization": "health"} | FIREWALL)).status_code == 403
    for answer in (
        await stranger.get(f"{API}/{post}"),
        await stranger.get(f"/posts/{post}"),
        await stranger.put(f"{API}/{post}", json=FIREWALL),
        await stranger.post(f"{API}/{post}/holders", json={"name": "某人"}),
        await stranger.delete(f"{API}/{post}/holders/{holding}"),
        await stranger.delete(f"{API}/{post}"),
        await stranger.post(f"/posts/{post}/abolish"),
        await stranger.post(f"/posts/{post}/holders/{holding}/end"),
    ):
        assert answer.status_code == 404
        assert "网络管理岗" not in answer.text
    own = await entered(stranger, "网络管理岗", "network_administrator", "archive")
    assert (await stranger.delete(f"{API}/{own}/holders/{holding}")).status_code == 404
    foreign = await stranger.post(f"{API}/{own}/holders", json={"person": str(town["lead"].person_id)})
    assert foreign.json()["errors"][0]["field"] == "person", "people of another organization hold nothing here"


async def test_a_role_for_one_system_opens_no_posts(town: dict[str, Any], sign_in: SignIn, db: Database) -> None:
    async with db.transaction(SYSTEM) as tx:
        system = await make.system(tx, town["unit"])
        limited = await make.account(tx, town["unit"], Role.SECURITY_LEAD, systems=[system])
    client = await sign_in(limited)
    assert (await client.get(API)).json()["organizations"] == []
    assert (await client.get(API, params={"organization": "health"})).status_code == 403
    assert (await client.post(API, json={"organization": "health"} | FIREWALL)).status_code == 403


async def test_the_pages_enter_take_end_change_and_say_what_is_wrong(
    town: dict[str, Any], sign_in: SignIn, db: Database
) -> None:
    lead = await sign_in(town["lead"])
    form = {"organization": "health", "name": "系统管理岗", "kind": "system_administrator", "duties": ""}
    empty = (await lead.get("/posts/new", params={"organization": "health", "kind": "audit_administrator"})).text
    assert 'value="审计管理员"' in empty, "a post that is lacking comes filled in"
    wrong = await lead.post("/posts/new", data=form | {"kind": "gardener", "duties": "甲" * 4001})
    assert wrong.status_code == 422
    assert 'value="系统管理岗"' in wrong.text, "nothing typed is lost"
    made = await lead.post("/posts/new", data=form)
    assert made.status_code == 303
    where = made.headers["location"].partition("?")[0]
    assert "岗位已登记" in (await lead.get(made.headers["location"])).text
    twice = await lead.post("/posts/new", data=form)
    assert twice.status_code == 422
    assert (await lead.post(f"{where}/holders", data={"since": ""})).status_code == 422
    nobody = await lead.post(f"{where}/holders", data={"person": str(town["archivist"].person_id)})
    assert nobody.status_code == 422
    long = await lead.post(f"{where}/holders", data={"new_name": "钱" * 201})
    assert long.status_code == 422
    assert 'id="e-new_name"' in long.text, "beside the field where it was typed"
    taken = await lead.post(f"{where}/holders", data={"new_name": "钱七", "since": "2026-01-05"})
    assert taken.status_code == 303
    page = (await lead.get(where)).text
    assert "2026-01-05" in page
    async with db.transaction(SYSTEM) as tx:
        holding = await tx.scalar(select(PostHoldingRow.id))
    early = await lead.post(f"{where}/holders/{holding}/end", data={"until": "2025-01-01"})
    assert early.status_code == 422
    assert (await lead.post(f"{where}/holders/{holding}/end", data={"until": "2026-03-01"})).status_code == 303
    changed = await lead.post(where, data=form | {"name": "系统运维岗", "is_key": "yes"})
    assert changed.status_code == 303
    page = (await lead.get(where)).text
    assert "系统运维岗" in page
    assert "关键岗位" in page
    assert "钱七" in page, "who held it stays"
    assert (await lead.post(f"{where}/abolish")).status_code == 303
    assert "已撤销" in (await lead.get(where)).text


async def test_an_authority_looks_through_the_city_page_by_page(
    town: dict[str, Any], sign_in: SignIn, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        for number in range(25):
            unit = await make.organization(tx, code=f"unit-{number:02}", name=f"unit {number:02}")
            await make.system(tx, unit, level=3)
    client = await sign_in(town["authority"])
    seen: list[str] = []
    where = "/posts?lacking=yes"
    for _ in range(4):
        page = await client.get(where)
        assert page.status_code == 200
        seen += [line.partition('"')[0] for line in page.text.split("/posts/new?organization=")[1:]]
        if 'rel="next"' not in page.text:
            break
        where = page.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    codes = {one.partition("&")[0] for one in seen}
    assert {f"unit-{number:02}" for number in range(25)} <= codes
    assert "archive" not in codes, "nothing is amiss there"
    found = (await client.get("/posts", params={"text": "unit 07"})).text
    assert "unit 07" in found
    assert "unit 08" not in found
