"""The demo's outbox: what was sent, and answering an SMS from it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.notify import catcher, queries
from irm.notify.models import DeliveryRow
from tests.conftest import Drain, SignIn
from tests.feature.notify.desk import Desk

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}


@pytest.fixture
async def catching(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """(SMTP address, HTTP address) of a running catcher."""
    import socket

    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    stopping = asyncio.Event()
    store = catcher.Store(tmp_path / "catcher")
    running = asyncio.create_task(catcher.run(ports[0], ports[1], store, stopping))
    async with httpx.AsyncClient() as probe_client:
        for _ in range(100):
            try:
                await probe_client.get(f"http://127.0.0.1:{ports[1]}/healthz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    yield f"smtp://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
    stopping.set()
    await running
    store.close()


class TestOutbox:
    @pytest.fixture
    def settings(self, settings: Settings, catching: tuple[str, str]) -> Settings:
        smtp, http = catching
        return settings.model_copy(update={"smtp_url": smtp, "sms_url": f"{http}/sms", "catcher_url": http})

    async def test_what_was_sent_is_shown_and_an_sms_can_be_answered(
        self, desk: Desk, sign_in: SignIn, drain: Drain, db: Database
    ) -> None:
        delivery = await desk.page(desk.authority, via=["sms", "email"])
        await drain()
        client = await sign_in(desk.officer)
        shown = await client.get("/outbox", headers=HTML)
        assert shown.status_code == 200
        assert "请登录处理" in shown.text
        assert 'href="/a/' in shown.text
        async with db.transaction() as tx:
            [sms] = [
                each for each in await queries.deliveries_of(tx, f"incident/{desk.incident}") if each.channel == "sms"
            ]
            row = await tx.get(DeliveryRow, sms.id)
            assert row is not None
            code = row.reply_code
        assert f'value="{code}"' in shown.text
        done = await client.post("/outbox/reply", data={"phone": desk.officer.telephone, "content": code}, headers=HTML)
        assert done.headers["location"] == "/outbox?kind=sms&answered=acknowledged"
        told = await client.get(done.headers["location"], headers=HTML)
        assert "回复已确认该通知" in told.text
        async with db.transaction() as tx:
            found = await queries.delivery(tx, delivery)
            assert found is not None
            assert found.acknowledged_means == "sms_reply"

    async def test_without_javascript_and_without_code_it_says_that_nothing_was_confirmed(
        self, desk: Desk, sign_in: SignIn
    ) -> None:
        client = await sign_in(desk.officer)
        done = await client.post("/outbox/reply", data={"phone": "13911112222", "content": "收到"}, headers=HTML)
        assert done.headers["location"].endswith("answered=unknown_number")


async def test_without_the_demos_catcher_there_is_no_outbox(desk: Desk, sign_in: SignIn) -> None:
    client = await sign_in(desk.officer)
    assert (await client.get("/outbox", headers=HTML)).status_code == 404


async def test_a_catcher_that_is_away_is_said_to_be(
    desk: Desk, db: Database, clock: FixedClock, settings: Settings
) -> None:
    from irm.errors import Unavailable
    from irm.notify import outbox

    with pytest.raises(Unavailable):
        await outbox.caught("http://127.0.0.1:9")
