"""Findings over interface and pages: who may what, from entry to the second person's word."""

from typing import Any

import pytest
from sqlalchemy import event, text

from tests.feature.findings.conftest import City


async def test_from_entry_to_closing_over_the_interface(city: City) -> None:
    number = (await city.raised(is_major=True))["number"]
    planned = await city.act(city.lead, number, "plan", plan="扩容日志平台", person=str(city.lead.person_id))
    assert planned.json()["status"] == "planned", planned.text
    proof = await city.client.post(
        f"/api/v1/findings/{number}/attachments", files={"file": ("截图.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)}
    )
    assert proof.status_code == 201, proof.text
    handed = await city.act(city.lead, number, "hand-in", text="已扩容至 12 个月")
    assert handed.json()["status"] == "handed_in"
    own = await city.act(city.lead, number, "verify", accepted=True)
    assert own.status_code == 403, "the unit does not verify its own work"
    back = await city.act(city.officer, number, "verify", accepted=False, reason="截图看不出保存期限")
    assert (back.json()["status"], back.json()["returns"]) == ("planned", 1)
    await city.act(city.lead, number, "hand-in", text="补充截图")
    closed = (await city.act(city.second, number, "verify", accepted=True)).json()
    assert (closed["status"], closed["is_major"], len(closed["attachments"])) == ("closed", True, 1)
    for what, body in (
        ("plan", {"plan": "x"}),
        ("work", {"text": "x"}),
        ("day", {"due_on": "2027-01-01", "reason": "x"}),
    ):
        assert (await city.act(city.lead, number, what, **body)).status_code == 409, what


async def test_a_file_of_a_finding_is_read_by_those_concerned_and_nobody_else(city: City) -> None:
    number = (await city.raised())["number"]
    await city.sign_in(city.lead)
    kept = await city.client.post(
        f"/api/v1/findings/{number}/attachments", files={"file": ("证明.txt", "已整改".encode())}
    )
    link = f"/attachments/{kept.json()['id']}"
    for account, status in ((city.lead, 200), (city.officer, 200), (city.stranger, 404)):
        await city.sign_in(account)
        assert (await city.client.get(link)).status_code == status
    await city.sign_in(city.stranger)
    refused = await city.client.post(f"/api/v1/findings/{number}/attachments", files={"file": ("x.txt", b"x")})
    assert refused.status_code == 404


async def test_who_sees_which_finding_and_who_its_major_risk(city: City) -> None:
    number = (await city.raised(is_major=True))["number"]
    await city.sign_in(city.stranger)
    unseen = await city.client.get(f"/api/v1/findings/{number}")
    unknown = await city.client.get("/api/v1/findings/WT-2026-99999")
    assert (unseen.status_code, unseen.json()["detail"]) == (404, unknown.json()["detail"])
    assert (await city.client.get("/api/v1/findings")).json()["findings"] == []
    assert (await city.client.get(f"/findings/{number}")).status_code == 404
    for account, knows in ((city.lead, True), (city.reporter, None), (city.officer, True)):
        await city.sign_in(account)
        assert (await city.client.get(f"/api/v1/findings/{number}")).json()["is_major"] is knows
        assert ("重大风险隐患" in (await city.client.get(f"/findings/{number}")).text) is bool(knows)


async def test_units_enter_for_themselves_and_with_their_own_systems(city: City) -> None:
    await city.sign_in(city.lead)
    own = await city.client.post(
        "/api/v1/findings", json={"title": "弱口令", "systems": ["web"], "origin": "self_check"}
    )
    assert (own.status_code, own.json()["verifier"]) == (201, str(city.authority)), own.text
    foreign = await city.client.post("/api/v1/findings", json={"title": "弱口令", "organization": str(city.other)})
    assert foreign.status_code == 403
    for code in ("school", "no-such"):
        odd = await city.client.post("/api/v1/findings", json={"title": "弱口令", "systems": [code]})
        assert [one["field"] for one in odd.json()["errors"]] == ["systems"]
        assert code in odd.json()["errors"][0]["message"]
    await city.sign_in(city.reporter)
    assert (await city.client.post("/api/v1/findings", json={"title": "弱口令"})).status_code == 403


async def test_a_day_that_an_authority_set_moves_only_by_its_consent(city: City) -> None:
    number = (await city.raised(due_set_by=str(city.police), due_document="公网安〔2026〕8号"))["number"]
    refused = await city.act(city.lead, number, "day", due_on="2027-01-20", reason="设备未到货")
    assert [one["field"] for one in refused.json()["errors"]] == ["consent"]
    moved = await city.act(
        city.lead, number, "day", due_on="2027-01-20", reason="设备未到货", consent="公网安〔2026〕31号"
    )
    assert (moved.json()["due_on"], moved.json()["due_document"]) == ("2027-01-20", "公网安〔2026〕31号")


async def test_the_page_of_its_duty_leads_to_the_finding_and_takes_nothing_past_it(city: City) -> None:
    """Handed over or answered there, the duty and the finding would say different things."""
    number = (await city.raised(due_on="2026-12-20"))["number"]
    await city.act(city.lead, number, "plan", plan="更换口令策略", person=str(city.lead.person_id))
    (duty,) = [
        one for one in (await city.client.get("/api/v1/obligations")).json()["obligations"] if one["number"] == number
    ]
    page = await city.client.get(f"/obligations/{duty['id']}", headers={"accept": "text/html"})
    assert f'href="/findings/{number}"' in page.text
    assert f"/obligations/{duty['id']}/report" not in page.text
    begun = await city.client.post(f"/api/v1/obligations/{duty['id']}/report")
    assert (begun.status_code, begun.json()["code"]) == (409, "own_page")
    handed = (await city.act(city.lead, number, "hand-in", text="已更换")).json()
    assert handed["status"] == "handed_in", handed
    await city.sign_in(city.officer)
    answer = {"outcome": "received", "means": "irm"}
    own = await city.client.get("/api/v1/submissions")
    (paper,) = own.json()["submissions"]
    refused = await city.client.post(f"/api/v1/submissions/{paper['id']}/receipt", json=answer)
    assert (refused.status_code, refused.json()["code"]) == (409, "own_page")


async def test_filters_find_what_they_say(city: City) -> None:
    late = (await city.raised(due_on="2026-11-21", found_on="2026-11-01", title="甲"))["number"]
    other = (await city.raised(organization=str(city.other), systems=["school"], risk="low", title="乙"))["number"]
    city.clock.tick(days=1)

    async def found(**query: str) -> set[str]:
        got = await city.client.get("/api/v1/findings", params=query)
        return {one["number"] for one in got.json()["findings"]}

    await city.sign_in(city.officer)
    assert await found() == {late, other}
    assert await found(overdue="true") == {late}
    assert await found(organization=str(city.other)) == {other}
    assert await found(system="school") == await found(risk="low") == await found(text="乙") == {other}
    assert await found(system="no-such") == set()
    assert (await city.client.get("/api/v1/findings")).json()["counts"] == {"open": 2, "overdue": 1}
    page = await city.client.get("/findings", params={"overdue": "yes", "organization": "nonsense"})
    assert page.status_code == 200


async def test_the_same_on_pages(city: City) -> None:
    await city.sign_in(city.lead)
    form = {
        "title": "未启用双因素",
        "risk": "medium",
        "systems": ["oa", "web"],
        "found_on": "2026-11-20",
        "origin": "self_check",
    }
    entered = await city.client.post("/findings/new", data=form)
    assert entered.status_code == 303, entered.text
    path = entered.headers["location"]
    odd = await city.client.post("/findings/new", data=form | {"title": "", "found_on": "gestern"})
    assert (odd.status_code, odd.text.count("checked") >= 3) == (422, True), "nothing that was typed is lost"
    assert (await city.client.post(f"{path}/work", data={"text": "x", "act": "hand_in"})).status_code == 422
    plan = {"plan": "启用", "person": str(city.lead.person_id), "due_on": "2026-12-01"}
    assert (await city.client.post(f"{path}/plan", data=plan)).status_code == 303
    sent = await city.client.post(
        f"{path}/work", data={"text": "已启用", "act": "hand_in"}, files={"file": ("记录.txt", "记录".encode())}
    )
    assert sent.status_code == 303, sent.text
    await city.sign_in(city.officer)
    shown = (await city.client.get(path)).text
    assert "记录.txt" in shown
    assert (await city.client.post(f"{path}/verify", data={"act": "return"})).status_code == 422
    assert (await city.client.post(f"{path}/verify", data={"act": "accept"})).status_code == 303
    assert "已整改销号" in (await city.client.get(path)).text


@pytest.mark.parametrize("path", ["/findings", "/findings/new", "/findings/import"])
async def test_pages_open(city: City, path: str) -> None:
    await city.sign_in(city.lead)
    assert (await city.client.get(path)).status_code == 200


async def test_the_list_costs_the_same_for_five_and_for_forty(city: City, db: Any) -> None:
    async def cost() -> int:
        async with db.transaction() as tx:
            connection = await tx.connection()
            statements = []
            listener = lambda *args: statements.append(args[2])  # noqa: E731 - the same one is taken off
            event.listen(connection.sync_connection, "before_cursor_execute", listener)
            await city.client.get("/findings")
            event.remove(connection.sync_connection, "before_cursor_execute", listener)
        return len(statements)

    for number in range(5):
        await city.raised(title=f"问题 {number}")
    await city.client.get("/findings")
    few = await cost()
    async with db.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO finding (id, number, title, detail, origin, origin_label, risk, is_major, organization_id,"
                " verifier_id, found_on, status, returns, version, created_at)"
                " SELECT gen_random_uuid(), 'WT-2025-' || lpad(n::text, 5, '0'), 'x', '', 'other', '', 'low', false,"
                " :unit, :authority, '2025-01-01', 'open', 0, 1, now() FROM generate_series(1, 40) n"
            ),
            {"unit": city.other, "authority": city.authority},
        )
    assert await cost() == few


async def test_whoever_verifies_reads_the_day_though_the_duty_is_not_theirs(city: City) -> None:
    number = (await city.raised(verifier=str(city.tester)))["number"]
    await city.sign_in(city.assessor)
    page = await city.client.get(f"/findings/{number}", headers={"accept": "text/html"})
    assert page.status_code == 200, page.text
    day = page.text[page.text.index('id="day"') :]
    assert "2026-12-20" in day
    assert "尚未确定期限" not in day
