"""A list of findings from XLSX: looked at first, all or nothing, and only differences when read again."""

from typing import Any

from sqlalchemy import text

from tests.feature.findings.conftest import City, MakeList

HEAD = ["发现的问题", "责任单位", "涉及系统", "风险等级", "重大风险隐患", "整改期限"]
ROWS: list[list[Any]] = [
    ["审计日志保存不足六个月", "市住建局", "oa", "高风险", "是", "2026-12-20"],
    ["弱口令", "市住建局", "oa、web", "中风险", "否", None],
]


async def test_looked_at_first_nothing_is_written(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    seen = await city.send(xlsx(HEAD, ROWS), dry_run="true")
    assert (seen.status_code, seen.json()["new"], seen.json()["written"]) == (200, 2, False), seen.text
    assert (await city.client.get("/api/v1/findings")).json()["findings"] == []
    assert [one["number"] for one in seen.json()["rows"]] == [None, None]
    taken = (await city.send(xlsx(HEAD, ROWS))).json()
    assert (taken["new"], taken["written"]) == (2, True)
    found = (await city.client.get("/api/v1/findings")).json()["findings"]
    assert {(one["title"], one["risk"], len(one["systems"])) for one in found} == {
        ("审计日志保存不足六个月", "high", 1),
        ("弱口令", "medium", 2),
    }


async def test_read_again_only_what_differs_changes(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    await city.send(xlsx(HEAD, ROWS))
    same = (await city.send(xlsx(HEAD, ROWS))).json()
    assert (same["new"], same["changed"], same["same"]) == (0, 0, 2)
    changed = [ROWS[0], ["弱口令", "市住建局", "web", "高风险", "否", None]]
    again = (await city.send(xlsx(HEAD, changed), dry_run="true")).json()
    (row,) = [one for one in again["rows"] if one["what"] == "changed"]
    assert (set(row["changes"]), row["changes"]["systems"]) == ({"risk", "systems"}, ["oa, web", "web"])
    await city.send(xlsx(HEAD, changed))
    found = (await city.client.get("/api/v1/findings", params={"text": "弱口令"})).json()["findings"]
    assert [(one["risk"], [each["code"] for each in one["systems"]]) for one in found] == [("high", ["web"])]


async def test_the_same_words_for_several_systems_stay_several(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    alike = [["弱口令", "市住建局", "oa", "高", "否", None], ["弱口令", "市住建局", "web", "低", "否", None]]
    assert (await city.send(xlsx(HEAD, alike))).json()["new"] == 2
    again = (await city.send(xlsx(HEAD, alike[::-1]))).json()
    assert (again["new"], again["changed"], again["same"]) == (0, 0, 2), again
    more = (await city.send(xlsx(HEAD, [*alike, ["弱口令", "市住建局", "oa、web", "中", "否", None]]))).json()
    assert (more["new"], more["changed"], more["same"]) == (1, 0, 2), more
    found = (await city.client.get("/api/v1/findings", params={"text": "弱口令"})).json()["findings"]
    assert sorted((one["risk"], [each["code"] for each in one["systems"]]) for one in found) == [
        ("high", ["oa"]),
        ("low", ["web"]),
        ("medium", ["oa", "web"]),
    ]


async def test_faults_name_their_cells_and_nothing_is_taken(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    bad = [
        *ROWS,
        ["无此单位", "市某局", "oa", "高风险", None, None],
        ["别家系统", "市住建局", "school", "高风险", None, None],
        ["期限早于发现", "市住建局", "oa", "高风险", None, "2020-01-01"],
    ]
    refused = await city.send(xlsx(HEAD, bad))
    assert refused.status_code == 422
    assert {one["field"] for one in refused.json()["errors"]} == {"B4", "C5", "F6"}
    assert (await city.client.get("/api/v1/findings")).json()["findings"] == []
    odd = await city.send(
        xlsx(HEAD, [["x", "市住建局", "oa", "很高", None, None], ["", "市住建局", None, None, None, None]])
    )
    assert {one["field"] for one in odd.json()["errors"]} == {"D2", "A3"}
    assert (await city.send(b"no list at all")).status_code == 422
    both = await city.send(
        xlsx(HEAD, [["x", "市某局", "oa", "高", None, None], ["y", "市住建局", "oa", "很高", None, None]])
    )
    assert [one["field"] for one in both.json()["errors"]] == ["B2", "D3"], "all of it at once, row by row"


async def test_what_is_only_tried_takes_no_number(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    first = (await city.send(xlsx(HEAD, ROWS[:1]))).json()["rows"][0]["number"]
    await city.send(xlsx(HEAD, ROWS), dry_run="true")
    await city.send(xlsx(HEAD, [["无此单位", "市某局", "oa", "高风险", None, None], *ROWS]))
    second = (await city.send(xlsx(HEAD, ROWS))).json()["rows"][1]["number"]
    assert int(second[-5:]) == int(first[-5:]) + 1


async def test_a_day_that_stands_is_not_moved_by_a_list(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    await city.send(xlsx(HEAD, ROWS))
    moved = await city.send(xlsx(HEAD, [[*ROWS[0][:5], "2027-06-30"]]))
    assert [one["field"] for one in moved.json()["errors"]] == ["F2"]


async def test_a_unit_reads_in_its_own(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.stranger)
    refused = await city.send(xlsx(HEAD, ROWS))
    assert {one["field"] for one in refused.json()["errors"]} == {"A2", "A3"}


async def test_on_the_page_the_act_is_confirmed_by_what_was_seen(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    seen = await city.client.post("/findings/import", files={"file": ("问题项.xlsx", xlsx(HEAD, ROWS))})
    digest = seen.text.partition('name="sha256" value="')[2][:64]
    assert "弱口令" in seen.text
    taken = await city.client.post("/findings/import", data={"sha256": digest})
    assert taken.status_code == 200
    assert len((await city.client.get("/api/v1/findings")).json()["findings"]) == 2
    await city.sign_in(city.lead)
    stolen = await city.client.post("/findings/import", data={"sha256": digest})
    assert stolen.status_code == 422, "another's list is not taken by its hash"


async def test_the_findings_of_a_report_come_in_one_go(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.lead)
    body = {"system": "oa", "planned_on": "2026-11-20", "tester": str(city.tester)}
    number = (await city.client.post("/api/v1/assessments", json=body)).json()["number"]
    await city.sign_in(city.assessor)
    head = ["发现的问题", "风险等级", "重大风险隐患"]
    rows = [[f"问题 {n}", "高风险", "是" if n < 3 else "否"] for n in range(5)]
    path = f"/api/v1/assessments/{number}/findings/import"
    taken = await city.send(xlsx(head, rows), path)
    assert (taken.status_code, taken.json()["new"]) == (200, 5), taken.text
    typed = await city.client.post(f"/api/v1/assessments/{number}/findings", json={"title": "另一个"})
    assert (typed.status_code, typed.json()["organization"], typed.json()["origin_label"]) == (
        201,
        str(city.unit),
        number,
    )
    found = (await city.client.get("/api/v1/findings")).json()["findings"]
    assert {one["origin_label"] for one in found} == {number}, "a tester reads what its own test brought up"
    assert sum(bool(one["is_major"]) for one in found) == 3
    again = (await city.send(xlsx(head, rows), path)).json()
    assert (again["new"], again["same"]) == (0, 5)
    async with city.db.transaction() as tx:
        await tx.execute(
            text("UPDATE finding SET status = 'closed', closed_at = now() WHERE is_major AND title = '问题 0'")
        )
    await city.sign_in(city.lead)
    assert "3(1个已整改)" in (await city.client.get(f"/assessments/{number}")).text
    await city.sign_in(city.stranger)
    assert (await city.send(xlsx(head, rows), path)).status_code == 404


async def test_what_is_taken_away_can_be_read_in_again(city: City, xlsx: MakeList) -> None:
    await city.sign_in(city.officer)
    await city.send(xlsx(HEAD, ROWS))
    away = await city.client.get("/findings/export.xlsx")
    again = await city.send(away.content)
    assert (again.json()["same"], again.json()["changed"]) == (2, 0), again.text
    assert (await city.client.get("/findings/template.xlsx")).content[:2] == b"PK"
