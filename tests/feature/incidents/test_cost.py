"""What a filing costs in statements: a number that may only fall."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from irm import release
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from tests.feature.incidents.conftest import City

URL: Final = "/api/v1/incidents"
MOST: Final = 73


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """What is sent to the database inside the block, one text for each round trip."""
    sent: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_more: Any) -> None:
        if "SAVEPOINT" not in text:  # the harness's own
            sent.append(text)

    event.listen(engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", hear)


async def test_a_filing_costs_few_statements(
    engine: AsyncEngine, db: Database, clock: FixedClock, sign_in: Any, city: City, filing: Any
) -> None:
    """Two parts, five duties with four reminders each, two of them met by the filing itself, the library's playbooks."""
    async with db.transaction(SYSTEM) as tx:
        await release.publish(tx, actor=SYSTEM, now=clock.now())
    client = await sign_in(city.vendor_duty)
    await client.post(URL, json=filing())
    with statements(engine) as sent:
        answer = await client.post(URL, json=filing())
    assert answer.status_code == 201, answer.text
    assert len(sent) <= MOST, "\n".join([f"{len(sent)} statements", *(text.replace("\n", " ")[:500] for text in sent)])
