"""A page to many goes by the lot: what it costs does not grow with them, and each message still fares by itself."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import Database
from irm.jobs import JobRow, Resources
from irm.notify import service
from irm.notify.messages import About
from irm.notify.models import DeliveryAttemptRow, DeliveryRow
from irm.notify.plan import Address, Recipient, Resolution
from irm.notify.planning import Planned
from irm.notify.policy import bundling
from irm.performing_together import perform_all
from irm.wiring import WIRING
from tests import make
from tests.conftest import Drain
from tests.fakes.gateway import Answer, Request
from tests.fakes.outside import Outside
from tests.feature.notify.crowd import Crowd
from tests.statements import Sent, statements

pytestmark = pytest.mark.usefixtures("channels")


@dataclass
class Hall:
    """Many people who are all told one thing."""

    db: Database
    resources: Resources
    people: list[Recipient] = field(default_factory=list)

    async def fill(self, number: int, *more: str) -> "Hall":
        """`more`: channels beside the text message."""
        async with self.db.transaction() as tx:
            unit = await make.organization(tx)
            for n in range(len(self.people), len(self.people) + number):
                known = {"sms": f"1380000{n:04d}", "email": f"p{n}@city.test" if "email" in more else ""}
                person = await make.person(tx, unit, **known)
                ways = tuple(Address(channel, address) for channel, address in known.items() if address)
                self.people.append(Recipient(None, person, addresses=ways))
        return self

    async def told(self, how: Any = service.page, *, key: str = "all/alarm", **more: Any) -> Planned:
        async with self.db.transaction() as tx:
            given: dict[str, Any] = {
                "key": key,
                "targets": Resolution(tuple(self.people)),
                "via": ["sms"],
                "about": About("SJ-2026-000001", 1, "/incidents/SJ-2026-000001"),
                "subject": f"incident/{uuid4()}",
                "now": tx.clock.now(),
            }
            planned: Planned = await how(tx, **given | more)
        return planned

    async def sent(self) -> int:
        """Everything that is due, by the lot as the worker gets it. How many were done."""
        async with self.db.transaction() as tx:
            due = select(JobRow.id).where(JobRow.done_at.is_(None), JobRow.run_at <= tx.clock.now())
            ids = list(await tx.scalars(due.where(JobRow.name == "notify.deliver").order_by(JobRow.id)))
        return await perform_all(self.db, WIRING.jobs, self.resources, ids) if ids else 0

    async def rows(self) -> dict[str, DeliveryRow]:
        """By address."""
        async with self.db.transaction() as tx:
            return {row.address or "": row for row in await tx.scalars(select(DeliveryRow).order_by(DeliveryRow.id))}

    async def statuses(self) -> set[str]:
        return {row.status for row in (await self.rows()).values()}


@pytest.fixture
def hall(db: Database, resources: Resources) -> Hall:
    return Hall(db, resources)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the calls of a lot may end further apart than a lot waits for company."""
    monkeypatch.setattr("irm.performing_together.COMPANY_SECONDS", 5.0)


def by_phone(answers: dict[str, Answer]) -> Any:
    def provider(request: Request) -> Answer | None:
        return answers.get(request.json["phone"]) if request.path == "/sms" else None

    return provider


async def test_thirty_cost_no_more_questions_than_three(hall: Hall, outside: Outside, db: Database) -> None:
    """Planning, sending, and taking back what still waits when the first one confirms."""
    asked: dict[str, list[list[Sent]]] = {"planned": [], "sent": [], "confirmed": []}
    for number in (3, 30):
        await hall.fill(number - len(hall.people))
        await hall.told(key="warm/alarm")  # what is asked once by a process, and put together once
        await hall.sent()
        with statements(db.engine) as sent:
            planned = await hall.told(key=f"{number}/alarm")
        asked["planned"].append(sent)
        assert len(planned.waiting) == number
        with statements(db.engine) as sent:
            assert await hall.sent() == number
        asked["sent"].append(sent)
        waiting = (await hall.told(key=f"{number}/again")).waiting
        with statements(db.engine) as sent:
            async with db.transaction() as tx:
                now = tx.clock.now()
                who = hall.people[0].person_id
                await service.acknowledge(tx, waiting[0], by_person=who, means="page", at=now, now=now)
        asked["confirmed"].append(sent)
        assert await hall.sent() == number, "there is nothing left to do"
    for what, (few, many) in asked.items():
        assert len(few) == len(many), "\n".join([what, *(one.text for one in few), "", *(one.text for one in many)])
    assert len(outside.gateway.taken) == 2 * 3 + 27 + 30
    outside.expect.forget()


async def test_everybody_has_a_code_of_his_own_and_who_is_known_is_not_told_twice(hall: Hall, outside: Outside) -> None:
    await hall.fill(5)
    first = await hall.told()
    assert (len(first.waiting), first.reached, first.repeated) == (5, 5, False)
    again = await hall.told()
    assert (again.waiting, again.reached, again.repeated) == ((), 0, True)
    await hall.fill(2)
    more = await hall.told()
    assert (len(more.waiting), more.reached, more.repeated) == (2, 2, False)
    assert await hall.sent() == 7
    for each in hall.people:
        sms = outside.expect.sms(each.addresses[0].address)
        assert sms.code == (await hall.rows())[sms.phone].reply_code
    outside.expect.nothing()


async def test_a_page_that_tells_one_by_two_numbers_of_one_handset_asks_for_one_code(
    hall: Hall, outside: Outside
) -> None:
    """Two people who share a telephone answer with the page's one code, as they did one by one."""
    await hall.fill(1)
    async with hall.db.transaction() as tx:
        person = await make.person(tx, await make.organization(tx))
    hall.people.append(Recipient(None, person, addresses=hall.people[0].addresses))
    await hall.told()
    assert await hall.sent() == 2
    number = hall.people[0].addresses[0].address
    assert outside.expect.sms(number).code == outside.expect.sms(number).code


async def test_of_a_lot_each_message_fares_by_itself(hall: Hall, outside: Outside, clock: FixedClock) -> None:
    await hall.fill(4)
    refused, broken, *well = [each.addresses[0].address for each in hall.people]
    outside.gateway.provider = by_phone({refused: Answer(400), broken: Answer(503)})
    await hall.told()
    assert await hall.sent() == 4
    rows = await hall.rows()
    assert {rows[each].status for each in well} == {"sent"}
    assert (rows[refused].status, rows[refused].reason) == ("failed", "refused")
    assert rows[broken].status == "waiting"
    outside.gateway.provider = None
    clock.tick(seconds=5)
    assert await hall.sent() == 1
    assert (await hall.rows())[broken].status == "sent"
    async with hall.db.transaction() as tx:
        kept = await tx.execute(select(DeliveryAttemptRow.delivery_id, DeliveryAttemptRow.outcome))
    assert sorted(outcome or "" for _, outcome in kept) == ["failed", "refused", "sent", "sent", "sent"]
    outside.expect.forget()


async def test_a_worker_that_dies_with_a_lot_in_its_hands_leaves_no_message_behind(
    hall: Hall, outside: Outside, clock: FixedClock
) -> None:
    """They may have gone out, all of them: each is sent again, and says so."""
    await hall.fill(3)
    await hall.told()
    never = asyncio.Event()
    outside.gateway.always = Answer(until=never)
    working = asyncio.create_task(hall.sent())
    while len(outside.gateway.taken) < 3:  # noqa: ASYNC110 - the provider has them, and answers nothing
        await asyncio.sleep(0.02)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    outside.gateway.always = Answer()
    assert await hall.sent() == 0, "its lease runs"
    clock.tick(seconds=31)
    assert await hall.sent() == 3
    assert {(row.status, row.possibly_duplicate) for row in (await hall.rows()).values()} == {("sent", True)}
    never.set()
    outside.expect.forget()


async def test_a_lot_that_was_sent_by_two_says_so(hall: Hall, outside: Outside, clock: FixedClock) -> None:
    """The first worker was frozen until its lease was over; what it sent counts as an attempt, and as perhaps a second one."""
    await hall.fill(2)
    await hall.told()
    thaw = asyncio.Event()
    outside.gateway.always = Answer(until=thaw)
    frozen = asyncio.create_task(hall.sent())
    while len(outside.gateway.taken) < 2:  # noqa: ASYNC110 - the provider has them, and answers nothing
        await asyncio.sleep(0.02)
    outside.gateway.always = Answer()
    clock.tick(seconds=31)
    assert await hall.sent() == 2
    async with hall.db.transaction() as tx:
        for row in await tx.scalars(select(DeliveryRow)):
            row.possibly_duplicate = False  # as the second attempt marked it: now the late answer alone has to
    thaw.set()
    await frozen
    assert {(row.status, row.possibly_duplicate) for row in (await hall.rows()).values()} == {("sent", True)}
    async with hall.db.transaction() as tx:
        kept = await tx.execute(select(DeliveryAttemptRow.attempt, DeliveryAttemptRow.late))
        assert sorted(tuple(each) for each in kept) == [(1, True), (1, True), (2, False), (2, False)]
    outside.expect.forget()


async def test_what_was_confirmed_while_a_lot_was_on_its_way_is_marked_so(
    hall: Hall, outside: Outside, clock: FixedClock
) -> None:
    await hall.fill(3)
    planned = await hall.told()
    go_on = asyncio.Event()
    outside.gateway.always = Answer(until=go_on)
    working = asyncio.create_task(hall.sent())
    while len(outside.gateway.taken) < 3:  # noqa: ASYNC110 - the provider has them, and answers nothing
        await asyncio.sleep(0.02)
    async with hall.db.transaction() as tx:
        now = clock.now()
        who = hall.people[0].person_id
        await service.acknowledge(tx, planned.waiting[0], by_person=who, means="page", at=now, now=now)
    go_on.set()
    assert await working == 3
    assert {(row.status, row.crossed) for row in (await hall.rows()).values()} == {("sent", True)}
    outside.expect.forget()


async def test_forty_duties_of_one_officer_that_come_in_one_lot_are_one_message(
    db: Database, clock: FixedClock, resources: Resources, outside: Outside
) -> None:
    crowd = await Crowd(db, clock).begin()
    hall = Hall(db, resources)
    for n in range(12):
        await crowd.owed(f"OA-{n:02d}")
    clock.tick(seconds=30)
    assert await hall.sent() == 12
    outside.expect.nothing()
    assert await hall.sent() == 1, "the message that carries them has its own job"
    assert "12项应办事项" in outside.expect.sms(crowd.officer.telephone).content
    outside.expect.nothing()


async def test_who_went_with_the_first_message_of_a_lot_does_not_go_with_the_second(
    db: Database,
    clock: FixedClock,
    resources: Resources,
    outside: Outside,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = replace(bundling(), most=3)
    monkeypatch.setattr("irm.notify.bundles.bundling", lambda: policy)
    crowd = await Crowd(db, clock).begin()
    hall = Hall(db, resources)
    for n in range(5):
        await crowd.owed(f"OA-{n:02d}")
    clock.tick(seconds=30)
    await hall.sent()
    await drain()  # the messages that carry them
    said = {outside.expect.sms(crowd.officer.telephone).content.split("，")[0] for _ in range(2)}
    assert said == {"【IRM】3项应办事项（OA-00、OA-01、OA-02）", "【IRM】2项应办事项（OA-03、OA-04）"}
    outside.expect.nothing()


async def test_a_lot_of_notices_to_one_number_keeps_to_what_a_number_may_get(
    hall: Hall, outside: Outside, clock: FixedClock
) -> None:
    await hall.fill(1)
    for n in range(25):
        await hall.told(service.notice, key=f"news/{n}")
    await hall.sent()
    assert len(outside.expect.forget()) == 20
    async with hall.db.transaction() as tx:
        later = list(await tx.scalars(select(JobRow.run_at).where(JobRow.done_at.is_(None), JobRow.channel == "sms")))
    assert later == [clock.now() + timedelta(seconds=600)] * 5


async def test_a_lot_whose_provider_is_left_alone_goes_another_way(
    hall: Hall, outside: Outside, clock: FixedClock
) -> None:
    """Pages by mail at once; notices wait until somebody may ask the provider again."""
    await hall.fill(6, "email")
    outside.gateway.always = Answer(503)
    await hall.told(key="first/alarm")
    await hall.sent()  # six failures in a row: the circuit is open
    outside.gateway.always = Answer()
    asked = len(outside.gateway.taken)
    await hall.told(key="second/alarm")
    notices = await hall.told(service.notice, key="second/news")
    await hall.sent()
    assert len(outside.gateway.taken) == asked
    async with hall.db.transaction() as tx:
        second = list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.page_key == "second/alarm")))
        waits = await tx.scalars(select(DeliveryRow.status).where(DeliveryRow.id.in_(notices.waiting)))
        assert set(waits) == {"waiting"}
    assert {(row.channel, row.reason) for row in second} == {("sms", "circuit_open"), ("email", None)}
    clock.tick(seconds=61)
    await hall.sent()
    assert len(outside.gateway.taken) == asked + 1, "one of the lot asks whether the provider is back"
    for _ in range(3):
        await hall.sent()
        clock.tick(seconds=15)
    assert await left(hall, notices.waiting) == {"sent"}
    outside.expect.forget()


async def test_a_provider_that_took_one_of_a_lot_is_there(hall: Hall, outside: Outside) -> None:
    """Seven numbers of a lot fail; the circuit opens after five in a row, and the next page would have gone by mail."""
    await hall.fill(8, "email")
    *broken, _ = [each.addresses[0].address for each in hall.people]
    outside.gateway.provider = by_phone({each: Answer(503) for each in broken})
    await hall.told()
    await hall.sent()
    outside.gateway.provider = None
    await hall.told(key="next/alarm")
    await hall.sent()
    async with hall.db.transaction() as tx:
        of_next = select(DeliveryRow.channel, DeliveryRow.status).where(DeliveryRow.page_key == "next/alarm")
        assert {tuple(each) for each in await tx.execute(of_next)} == {("sms", "sent")}
    outside.expect.forget()


async def left(hall: Hall, ids: Sequence[UUID]) -> set[str]:
    async with hall.db.transaction() as tx:
        return set(await tx.scalars(select(DeliveryRow.status).where(DeliveryRow.id.in_(ids))))
