"""Pages to people whom nobody else calls, planned straight into a database without a city; and who takes them along."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select

from irm import broker
from irm.access.policy import Role
from irm.db import SYSTEM, Database
from irm.handing_over import Lot
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.views import Delivery
from tests import make
from tests.fakes.gateway import HttpServer

SENT: Final = ("sent", "delivered")
PAGED: Final = ("sms", "email")


@dataclass(frozen=True)
class Page:
    """One delivery on its way. `job`: what a worker is told to look at."""

    delivery: UUID
    job: UUID
    subject: str
    address: str


async def page(db: Database, *, channel: str = "sms", people: int = 1) -> list[Page]:
    """One page to each of so many new people."""
    subject = f"incident/{uuid4()}"
    async with db.transaction(SYSTEM) as tx:
        await service.note_channels(tx, dict.fromkeys(PAGED, True), now=db.clock.now())
        authority = await make.organization(tx, "cloud_authority")
        called = [await make.person(tx, authority, Role.DUTY_OFFICER) for _ in range(people)]
        found = await queries.resolve(tx, [f"person({one})" for one in called], {}, db.clock.now())
        planned = await service.page(
            tx,
            key=f"{uuid4()}/alarm",
            targets=found,
            via=[channel],
            about=About("SJ-2026-000001", 2, "/incidents/SJ-2026-000001", "门户被篡改"),
            subject=subject,
            now=db.clock.now(),
        )
    pages = []
    for delivery in planned.waiting:
        async with db.transaction(SYSTEM) as tx:
            job = await tx.scalar(select(JobRow.id).where(JobRow.key == f"notify.deliver/{delivery}"))
            going = await queries.delivery(tx, delivery)
        assert job is not None
        assert going is not None
        assert going.address is not None
        pages.append(Page(delivery, job, subject, going.address))
    assert len(pages) == people
    return pages


async def wake(broker_url: str, page: Page) -> None:
    """What a dispatcher does: the worker that listens there is told to look."""

    def hand() -> None:
        line = broker.connect(broker_url)
        broker.hand(line, [Lot((page.job,), "urgent", 1)])
        line.client.close()

    await asyncio.to_thread(hand)


async def shown(db: Database, page: Page) -> Delivery:
    async with db.transaction(SYSTEM) as tx:
        found = await queries.delivery(tx, page.delivery)
    assert found is not None
    return found


async def is_sent(db: Database, page: Page) -> bool:
    return (await shown(db, page)).status in SENT


async def are_sent(db: Database, pages: list[Page]) -> bool:
    """Every one of them, by one look."""
    async with db.transaction(SYSTEM) as tx:
        sent = await tx.scalars(
            select(DeliveryRow.id).where(
                DeliveryRow.id.in_([one.delivery for one in pages]), DeliveryRow.status.in_(SENT)
            )
        )
        return len(sent.all()) == len(pages)


async def told(db: Database, page: Page, action: str) -> int:
    """How often the ledger says this of the page."""
    async with db.transaction(SYSTEM) as tx:
        entries = await tx.scalars(
            select(LedgerEntryRow.id).where(
                LedgerEntryRow.action == action, LedgerEntryRow.subject.contains(str(page.delivery))
            )
        )
        return len(entries.all())


def taken(gateway: HttpServer, page: Page) -> int:
    """How often the gateway was given this page, by its idempotency key."""
    return sum(one.headers.get("idempotency-key") == str(page.delivery) for one in gateway.taken)
