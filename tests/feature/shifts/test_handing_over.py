"""交接班: handed over at five to eight, taken at four past; refused; taken by nobody; taken by two at once."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from tests.conftest import SignIn
from tests.feature.shifts.conftest import API, EIGHT, HTML, Desk, at, board_needs, filed, handed_over


async def entries(db: Database, action: str) -> list[dict[str, Any]]:
    async with db.transaction() as tx:
        rows = await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == action))
        return [json.loads(body) for body in rows]


async def told(db: Database, handover: str) -> list[Any]:
    """Who was told, in order; within one message each person once."""
    async with db.transaction() as tx:
        rows = await tx.execute(
            select(DeliveryRow.page_key, DeliveryRow.person_id)
            .where(DeliveryRow.subject == f"roster/shift/{handover}", DeliveryRow.channel == "in_app")
            .order_by(DeliveryRow.created_at, DeliveryRow.id)
        )
        return [(key.rpartition("/")[2], person) for key, person in rows.all()]


async def test_a_clock_that_ended_in_between_is_shown_to_who_takes_over(
    sign_in: SignIn, desk: Desk, clock: FixedClock, db: Database
) -> None:
    at(clock, 4, 10)
    number = await filed(await sign_in(desk.night), "2026-11-21T04:00:00+08:00")
    at(clock, 7, 55)
    given = await handed_over(sign_in, desk)
    assert given["handover"]["due_at"] == EIGHT.isoformat().replace("+00:00", "Z")
    assert number in {one["about"] for one in given["matters"] if one["kind"] == "incident"}
    [due] = [one for one in given["matters"] if one["kind"] == "duty" and one["due_at"] == given["handover"]["due_at"]]
    at(clock, 8, 1)
    later = await filed(await sign_in(desk.spare), "2026-11-21T08:00:00+08:00")
    at(clock, 8, 4)
    client = await sign_in(desk.day)
    before = (await client.get(f"{API}/{given['handover']['id']}")).json()
    taken = (await client.post(f"{API}/{given['handover']['id']}/acceptance", json={"remark": "已阅"})).json()
    assert taken["handover"]["status"] == "taken"
    assert taken["answer"] == "已阅"
    assert taken["change"] == before["change"], "what was shown is what was kept"
    assert due["title"] in {one["title"] for one in taken["change"]["ran_out"]}
    assert later in {one["about"] for one in taken["change"]["new"] if one["kind"] == "incident"}
    assert taken["change"]["done"] == []
    clock.tick(minutes=20)
    again = (await client.get(f"{API}/{given['handover']['id']}")).json()
    assert (again["change"], again["matters"]) == (taken["change"], given["matters"]), "frozen"
    [entry] = await entries(db, "shift.taken")
    assert entry["ran_out"] == len(taken["change"]["ran_out"]) > 0
    [entry] = await entries(db, "shift.handed_over")
    assert entry["open"]["incident"] == 1
    assert "恢复" not in json.dumps(entry, ensure_ascii=False), "the note is private"
    assert await told(db, given["handover"]["id"]) == [
        ("waiting", desk.day.person_id),
        ("taken", desk.night.person_id),
    ]


async def test_a_second_tap_changes_nothing(sign_in: SignIn, desk: Desk, clock: FixedClock, db: Database) -> None:
    at(clock, 7, 55)
    first, second = await handed_over(sign_in, desk), await handed_over(sign_in, desk)
    assert first["handover"]["id"] == second["handover"]["id"]
    client = await sign_in(desk.day)
    for _ in range(2):
        answer = await client.post(f"{API}/{first['handover']['id']}/acceptance", json={})
        assert answer.status_code == 200, answer.text
        clock.tick(minutes=1)
    assert answer.json()["handover"]["answered_at"] == (EIGHT - timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
    assert [len(await entries(db, f"shift.{one}")) for one in ("handed_over", "taken")] == [1, 1]


async def test_refused_it_stays_with_who_gave_it(sign_in: SignIn, desk: Desk, clock: FixedClock, db: Database) -> None:
    at(clock, 7, 55)
    handover = (await handed_over(sign_in, desk))["handover"]["id"]
    client = await sign_in(desk.day)
    empty = await client.post(f"{API}/{handover}/refusal", json={"reason": " "})
    assert empty.status_code == 422
    for _ in range(2):
        refused = await client.post(f"{API}/{handover}/refusal", json={"reason": "清单与现场不符"})
        assert refused.json()["handover"]["status"] == "refused"
    assert (await client.post(f"{API}/{handover}/acceptance", json={})).status_code == 409
    assert await board_needs(sign_in, desk.day, "shift", "shift_late") == []
    assert await told(db, handover) == [("waiting", desk.day.person_id), ("refused", desk.night.person_id)]
    assert len(await entries(db, "shift.refused")) == 1
    assert (await handed_over(sign_in, desk))["handover"]["id"] != handover, "and is handed over anew"


async def test_what_nobody_takes_stands_red_on_the_desk_s_board(sign_in: SignIn, desk: Desk, clock: FixedClock) -> None:
    at(clock, 7, 55)
    await handed_over(sign_in, desk)
    [need] = await board_needs(sign_in, desk.day, "shift", "shift_late")
    assert need["kind"] == "shift"
    assert await board_needs(sign_in, desk.night, "shift", "shift_late") == []
    at(clock, 8, 14)
    assert await board_needs(sign_in, desk.night, "shift_late") == []
    at(clock, 8, 15)
    for who in (desk.night, desk.day, desk.idle):
        [need] = await board_needs(sign_in, who, "shift", "shift_late")
        assert need["kind"] == "shift_late"
    html = (await (await sign_in(desk.night)).get("/", headers=HTML)).text
    assert "need-shift_late need-red" in html
    for who in (desk.city, desk.stranger):
        assert await board_needs(sign_in, who, "shift", "shift_late") == []
    client = await sign_in(desk.day)
    await client.post(f"{need['href'].replace('/duty/handovers', API)}/acceptance", json={})
    assert await board_needs(sign_in, desk.day, "shift", "shift_late") == []


async def test_who_is_on_duty_may_take_it_too_and_nobody_else(sign_in: SignIn, desk: Desk, clock: FixedClock) -> None:
    at(clock, 7, 55)
    handover = (await handed_over(sign_in, desk))["handover"]["id"]
    for who, status in ((desk.night, 403), (desk.idle, 403), (desk.city, 404), (desk.stranger, 404)):
        answer = await (await sign_in(who)).post(f"{API}/{handover}/acceptance", json={})
        assert answer.status_code == status, who
    spare = await sign_in(desk.spare)
    assert (await spare.post(f"{API}/{handover}/refusal", json={"reason": "不"})).status_code == 403
    assert (await spare.post(f"{API}/{handover}/acceptance", json={})).json()["handover"]["status"] == "taken"
    late = await (await sign_in(desk.day)).post(f"{API}/{handover}/acceptance", json={})
    assert late.status_code == 409, "somebody was faster"


async def test_only_a_turn_of_the_roster_is_handed_over_and_only_to_its_people(
    sign_in: SignIn, desk: Desk, clock: FixedClock
) -> None:
    at(clock, 7, 55)
    for who, status in ((desk.idle, 403), (desk.day, 403), (desk.city, 404), (desk.stranger, 404)):
        asked = {"to": str(desk.spare.person_id), "organization": "bureau"}
        answer = await (await sign_in(who)).post(API, json=asked)
        assert answer.status_code == status, (who, answer.text)
    client = await sign_in(desk.night)
    for nobody in (desk.night, desk.idle, desk.stranger):
        assert (await client.post(API, json={"to": str(nobody.person_id)})).status_code == 422
    assert (await client.post(API, json={"to": str(desk.day.person_id), "note": "x" * 2001})).status_code == 422
    given = await handed_over(sign_in, desk)
    other = await client.post(API, json={"to": str(desk.spare.person_id)})
    assert (other.status_code, other.json()["code"]) == (409, "handover_waits")
    await client.post(f"{API}/{given['handover']['id']}/withdrawal")
    assert (await client.post(API, json={"to": str(desk.spare.person_id)})).status_code == 201


async def test_who_leaves_in_the_middle_of_a_turn_hands_over_at_once(
    sign_in: SignIn, desk: Desk, clock: FixedClock
) -> None:
    client = await sign_in(desk.night)
    html = (await client.get("/duty/handover", headers=HTML)).text
    assert html.index(str(desk.spare.person_id)) < html.index(str(desk.day.person_id)), "who is there stands first"
    given = (await client.post(API, json={"to": str(desk.spare.person_id)})).json()["handover"]
    assert given["due_at"] == given["given_at"]
    at(clock, 20, 1)
    assert (await (await sign_in(desk.day)).post(API, json={"to": str(desk.spare.person_id)})).status_code == 409


async def test_the_pages_of_both_sides_and_of_the_city(sign_in: SignIn, desk: Desk, clock: FixedClock) -> None:
    at(clock, 4, 10)
    number = await filed(await sign_in(desk.night), "2026-11-21T04:00:00+08:00")
    at(clock, 7, 55)
    client = await sign_in(desk.night)
    html = (await client.get("/duty/handover", headers=HTML)).text
    assert number in html
    assert "确认交班" in html
    form = {"to": str(desk.day.person_id), "note": "<b>盯住</b>门户", "organization": "bureau"}
    refused = await client.post("/duty/handover", data=form | {"to": ""}, headers=HTML)
    assert refused.status_code == 422
    assert "&lt;b&gt;盯住" in refused.text, "what was typed is kept"
    answer = await client.post("/duty/handover", data=form, headers=HTML)
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"].partition("?")[0]
    assert "撤回交班" in (await client.get(place, headers=HTML)).text
    assert "确认交班" not in (await client.get("/duty/handover", headers=HTML)).text
    assert place not in (await client.get("/todo", headers=HTML)).text
    client = await sign_in(desk.day)
    assert place in (await client.get("/todo", headers=HTML)).text
    html = (await client.get(place, headers=HTML)).text
    assert "交班后的变化" in html
    assert "&lt;b&gt;盯住" in html
    bad = await client.post(f"{place}/refusal", data={"reason": ""}, headers=HTML)
    assert (bad.status_code, "拒绝接班须说明理由" in bad.text) == (422, True)
    assert (await client.post(f"{place}/acceptance", data={"remark": ""}, headers=HTML)).status_code == 303
    done = (await client.get(f"{place}?done=taken", headers=HTML)).text
    assert "已接班" in done
    assert f"{place}/acceptance" not in done
    assert place in (await client.get("/duty/handover", headers=HTML)).text
    client = await sign_in(desk.city)
    assert number in (await client.get(place, headers=HTML)).text, "the cloud authority looks after the unit"
    assert place in (await client.get("/duty/handover?organization=bureau", headers=HTML)).text
    client = await sign_in(desk.stranger)
    for path in (place, "/duty/handover?organization=bureau"):
        assert (await client.get(path, headers=HTML)).status_code == 404
    assert (await client.get(f"{API}?organization=bureau")).status_code == 404


async def test_the_links_to_it(sign_in: SignIn, desk: Desk) -> None:
    client = await sign_in(desk.night)
    for path in ("/duty", "/duty/mine", "/me"):
        assert 'href="/duty/handover"' in (await client.get(path, headers=HTML)).text, path


async def test_the_list_of_a_desk(sign_in: SignIn, desk: Desk, clock: FixedClock) -> None:
    at(clock, 7, 55)
    given = (await handed_over(sign_in, desk))["handover"]
    for who, asked in ((desk.idle, ""), (desk.city, "?organization=bureau")):
        found = (await (await sign_in(who)).get(API + asked)).json()["handovers"]
        assert [one["id"] for one in found] == [given["id"]]
    assert (await (await sign_in(desk.city)).get(API)).json()["handovers"] == [], "its own desk's"
