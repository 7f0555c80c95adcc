"""A false alarm, before and after something was reported; withdrawn; open again after handling ended (issue 4, story 3)."""

from irm.clock import FixedClock
from tests.feature.night.city import CLOSING, CONSIDERABLE, CORRECTION, HTML, TO_CITY, TO_PROVINCE, City


async def test_before_anything_was_reported_two_persons_end_it_and_nobody_is_corrected(
    city: City, clock: FixedClock
) -> None:
    where = await city.files(city.officer)
    await city.says(city.officer, where, personal_records_leaked=CONSIDERABLE)
    clock.tick(minutes=20)
    asked = await city.moves(city.officer, where, "dismissed", "a drill of the vendor's own")
    assert asked["effective"] is False, "clocks ran"
    alone = await city.confirms(city.officer, where, "status", asked["waiting"])
    assert alone.status_code == 403
    assert {one.status for one in await city.duties(TO_PROVINCE)} == {"open"}
    assert (await city.confirms(city.leader, where, "status", asked["waiting"])).json()["status"] == "dismissed"
    assert {one.status for one in await city.duties(TO_PROVINCE)} == {"superseded"}
    assert {one.reason for one in await city.duties(TO_PROVINCE)} == {"a drill of the vendor's own"}
    assert await city.duties(CORRECTION) == []


async def test_what_was_reported_is_corrected_to_every_earlier_recipient(city: City, clock: FixedClock) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    clock.tick(minutes=10)
    province = await city.reports(unit, await city.duty(TO_PROVINCE))
    to_city = await city.reports(city.officer, await city.duty(TO_CITY), means="irm")
    clock.tick(minutes=30)
    asked = await city.moves(city.officer, where, "dismissed", "the vendor tested its backup")
    assert await city.duties(CORRECTION) == [], "nothing is corrected before it is decided"
    clock.tick(minutes=5)
    assert (await city.confirms(city.leader, where, "status", asked["waiting"])).is_success
    owed = await city.duties(CORRECTION)
    assert {(one.bearer, one.recipient) for one in owed} == {
        (city.units[0], city.province),
        (city.authority, city.city_office),
    }
    assert {(one.status, one.form, one.started_at) for one in owed} == {("open", "correction", clock.now())}

    # The draft says which report it corrects, what holds now and why; the unit hands it over, and it is met.
    client = await city.as_(unit)
    own = next(one for one in owed if one.bearer == city.units[0])
    draft = (await client.post(f"/api/v1/obligations/{own.id}/report")).json()
    items = await city.draft_items(draft["id"])
    serial = (await client.get(f"/api/v1/submissions/{province}")).json()["serial"]
    assert serial in items["corrected"]
    assert "误报" in items["corrected"]
    assert items["reason"] == "the vendor tested its backup"
    corrected = await city.reports(unit, own)
    await city.receipts(city.officer, corrected)
    assert (await city.duty(CORRECTION, bearer=city.units[0])).status == "met"
    page = await client.get(f"/obligations/{own.id}", headers=HTML)
    assert "the incident was a false alarm" in page.text
    assert (await city.duty(CORRECTION, bearer=city.authority)).status == "open", "each recipient is told for itself"
    assert to_city != province


async def test_without_a_clock_what_was_sent_still_needs_two(city: City) -> None:
    """A notice went to the police although nothing was owed; calling it a false alarm is no one person's word."""
    where = await city.files(city.officer, noticed_by_machine=False, target={"kind": "unknown"})
    assert (await city.assesses(city.officer, where, 4))["effective"]
    client = await city.as_(city.officer)
    draft = await client.post(f"{where}/submissions", json={"form": "notice", "recipient": str(city.police)})
    assert draft.status_code == 201, draft.text
    sent = await client.post(
        f"/api/v1/submissions/{draft.json()['id']}/submit",
        json={"means": "telephone", "items": {"text": "for information"}},
    )
    assert sent.status_code == 200, sent.text
    asked = await city.moves(city.officer, where, "withdrawn", "filed twice")
    assert asked["effective"] is False
    assert (await city.confirms(city.leader, where, "status", asked["waiting"])).json()["status"] == "withdrawn"
    assert [(one.bearer, one.recipient) for one in await city.duties(CORRECTION)] == [(city.authority, city.police)]


async def test_an_incident_open_again_takes_an_unsent_correction_back_and_corrects_a_sent_one(
    city: City, clock: FixedClock
) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    await city.reports(unit, await city.duty(TO_PROVINCE))
    await city.reports(city.officer, await city.duty(TO_CITY), means="irm")
    clock.tick(minutes=30)
    asked = await city.moves(city.officer, where, "dismissed", "a test")
    await city.confirms(city.leader, where, "status", asked["waiting"])
    clock.tick(minutes=5)
    sent = await city.duty(CORRECTION, bearer=city.units[0])
    await city.reports(unit, sent)
    clock.tick(minutes=5)
    await city.moves(city.officer, where, "open", "no test: a second host is encrypted")
    taken_back = await city.duties(CORRECTION, bearer=city.authority)
    assert [one.status for one in taken_back] == ["superseded"], "the city's office still believes the first report"
    anew = await city.duties(CORRECTION, bearer=city.units[0])
    assert [one.status for one in anew] == ["submitted", "open"], "the province was told that it was nothing"
    draft = (await (await city.as_(unit)).post(f"/api/v1/obligations/{anew[-1].id}/report")).json()
    assert "重新处置" in (await city.draft_items(draft["id"]))["corrected"]


async def test_open_again_after_handling_ended_the_closing_report_is_owed_anew(city: City, clock: FixedClock) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    await city.reports(unit, await city.duty(TO_PROVINCE))
    clock.tick(hours=5)
    await city.moves(city.officer, where, "handled", "restored from backup")
    first = await city.duty(CLOSING)
    assert (first.status, first.started_at) == ("open", clock.now())
    clock.tick(hours=30)
    await city.moves(city.officer, where, "open", "the attacker is back")
    (ended,) = await city.duties(CLOSING)
    assert (ended.status, ended.reason) == ("superseded", "the attacker is back")
    assert await city.duties(CORRECTION) == [], "what was reported of it holds"
    clock.tick(hours=2)
    await city.moves(city.officer, where, "handled", "rebuilt from scratch")
    again = await city.duties(CLOSING)
    assert [one.status for one in again] == ["superseded", "open"]
    assert again[-1].started_at == clock.now()
    assert again[-1].due_at > first.due_at
    assert again[-1].generation == 2


async def test_a_closing_report_handed_over_says_nothing_of_the_second_end(city: City, clock: FixedClock) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    await city.reports(unit, await city.duty(TO_PROVINCE))
    await city.moves(city.officer, where, "handled", "restored")
    closing = await city.reports(unit, await city.duty(CLOSING))
    clock.tick(hours=1)
    await city.moves(city.officer, where, "open", "it is back")
    clock.tick(hours=1)
    await city.moves(city.officer, where, "handled", "restored again")
    clock.tick(hours=1)
    await city.receipts(city.officer, closing)  # the receipt of the first comes late
    assert [one.status for one in await city.duties(CLOSING)] == ["met", "open"]


async def test_what_was_overtaken_can_still_be_refused(city: City, clock: FixedClock) -> None:
    """Asked to be a false alarm; then every part declares its handling ended. Nobody is left with a question for ever."""
    where = await city.files(city.unit_duty[0])
    asked = await city.moves(city.officer, where, "dismissed", "nothing there")
    clock.tick(minutes=5)
    assert (await city.moves(city.officer, where, "handled", "something was there"))["status"] == "handled"
    late = await city.confirms(city.leader, where, "status", asked["waiting"])
    assert late.status_code == 409
    refused = await city.confirms(city.leader, where, "status", asked["waiting"], yes=False)
    assert refused.status_code == 200, refused.text
    assert (await city.shown(city.officer, where))["waiting"] == []
