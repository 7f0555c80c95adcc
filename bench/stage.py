"""What every measurement stands on: an application in this process, who is signed in to it, and how often it asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import event

from irm.access.models import SessionRow
from irm.access.opaque import hashed
from irm.access.security import security_policy
from irm.access.sessions import COOKIE, open_session
from irm.app import create_app
from irm.clock import DatabaseClock
from irm.config import Settings
from irm.db import SYSTEM, Actor, Database

BASE = "http://irm.bench"


def application(home: Path, db: Database, clock: DatabaseClock) -> Any:
    return create_app(Settings(home=home, public_url=BASE), db, clock)


async def signed_in(app: Any, db: Database, account_id: UUID) -> httpx.AsyncClient:
    """A browser of this person; whoever asks for it closes it."""
    async with db.transaction(SYSTEM) as tx:
        token = await open_session(
            tx,
            account_id,
            policy=security_policy(),
            ip="127.0.0.1",
            user_agent="bench",
            actor=Actor("person", account_id),
            now=db.clock.now(),
        )
        session = await tx.get_one(SessionRow, hashed(token))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url=BASE,
        headers={"x-csrf-token": session.csrf_token, "accept": "text/html"},
        cookies={COOKIE: token},
        timeout=120,
    )


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """What is sent to the database inside the block."""
    sent: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_more: Any) -> None:
        sent.append(text)

    event.listen(db.engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(db.engine.sync_engine, "before_cursor_execute", hear)
