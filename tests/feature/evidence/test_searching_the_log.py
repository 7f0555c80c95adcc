"""The audit administrator searches the ledger: who, of which organization, what, about what, when, from where; and takes
it away with the checkpoint. Every action has words in both languages."""

import ast
import io
import re
import zipfile
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from irm.access.policy import Role
from irm.access.sessions import COOKIE
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.evidence import sequencer
from irm.evidence.keys import signer_of
from irm.evidence.queries import words_of
from irm.ledger import LedgerEntryRow
from irm.wiring import JOBS, WIRING
from tests import make
from tests.architecture.sources import modules
from tests.conftest import SignIn
from tests.feature.evidence.conftest import City

ACTION: Final = re.compile(r"[a-z_]+\.[a-z_]+")
NO_ACTIONS: Final = re.compile(
    r".*\.(id|yaml|txt|sqlite)|(irm|caller|target)\..*|system\.is_filed|wecom\..*"
    r"|alert\.(source|kind|severity|title|grouping|system|resource|category|count|received)|alerts\.rules|roster\.swap_"
)
"""What looks like an action in a module that records, and is a column, a file, a logger, a field of a form."""
API: Final = "/api/v1/ledger/entries"


@pytest.fixture
async def desk(db: Database, city: City, sign_in: SignIn, settings: Settings, clock: FixedClock) -> httpx.AsyncClient:
    """Yesterday the officer began a session from 10.20.0.7; today the log is read. Signed in: the audit administrator."""
    from irm.access.security import security_policy
    from irm.access.sessions import open_session
    from irm.db import Actor

    async with db.transaction() as tx:
        auditor = await make.account(tx, city.authority, Role.AUDIT_ADMINISTRATOR)
        person = Actor("person", city.officer.person_id, city.authority)
        policy = security_policy()
        await open_session(
            tx, city.officer.id, policy=policy, ip="10.20.0.7", user_agent="-", actor=person, now=clock.now()
        )
    clock.tick(days=1)
    async with db.transaction() as tx:
        person = Actor("person", city.unit_duty.person_id, city.unit)
        await open_session(
            tx, city.unit_duty.id, policy=policy, ip="10.99.0.1", user_agent="-", actor=person, now=clock.now()
        )
        await sequencer.bring_up_to_date(tx, signer_of(settings.home), clock.now())
    signed: httpx.AsyncClient = await sign_in(auditor)
    assert COOKIE in signed.cookies
    return signed


async def found(desk: httpx.AsyncClient, **wanted: Any) -> list[tuple[str, str]]:
    answer = await desk.get(API, params={"action": "session.opened", **wanted})
    assert answer.status_code == 200, answer.text
    return [(one["actor"], one["subject"]) for one in answer.json()["entries"]]


async def test_by_whom_of_which_organization_when_and_from_where(
    desk: httpx.AsyncClient, city: City, clock: FixedClock, db: Database
) -> None:
    officer = (f"person/{city.officer.person_id}", f"account/{city.officer.id}")
    unit = (f"person/{city.unit_duty.person_id}", f"account/{city.unit_duty.id}")
    today = (clock.now() + timedelta(hours=8)).date()
    yesterday = today - timedelta(days=1)
    assert {officer, unit} <= set(await found(desk))
    assert await found(desk, who=city.officer.login) == [officer]
    assert await found(desk, who=officer[0]) == [officer]
    assert await found(desk, who="nobody at all") == []
    assert unit in await found(desk, organization=str(city.unit))
    assert officer not in await found(desk, organization=str(city.unit))
    assert officer in await found(desk, until=yesterday)
    assert unit not in await found(desk, until=yesterday)
    assert officer not in await found(desk, since=today)
    assert await found(desk, address="10.20.0.7") == [officer]
    assert await found(desk, address="10.20.") == [officer]
    assert await found(desk, address="10.20.0") == [], "a beginning ends with a dot: 10.2 is not 10.20"
    assert await found(desk, subject=officer[1]) == [officer]


async def test_on_the_page_with_what_was_typed(desk: httpx.AsyncClient, city: City) -> None:
    page = await desk.get("/ledger/entries", params={"who": city.officer.login, "address": "10.20."})
    assert page.status_code == 200
    assert "10.20.0.7" in page.text
    assert "10.99.0.1" not in page.text
    assert f'value="{city.officer.login}"' in page.text
    backwards = await desk.get("/ledger/entries", params={"since": "2026-11-20", "until": "2026-11-01"})
    assert (backwards.status_code, "截止日期早于起始日期" in backwards.text) == (422, True)
    assert (await desk.get("/ledger/entries", params={"since": "soon"})).status_code == 422


async def test_taken_away_with_the_checkpoint_and_that_is_an_entry(
    desk: httpx.AsyncClient, city: City, db: Database
) -> None:
    wanted = {"address": "10.20.0.7"}
    sheet = await desk.get("/ledger/entries/export", params=wanted)
    assert sheet.status_code == 200, sheet.text
    book = load_workbook(io.BytesIO(sheet.content))
    entries, checkpoint = book.worksheets
    rows = list(entries.iter_rows(values_only=True))
    assert len(rows) == 2
    assert {"登录", "session.opened", "10.20.0.7", f"account/{city.officer.id}"} <= set(rows[1])
    note = (await desk.get("/api/v1/ledger")).json()["checkpoint"]
    assert str(note["size"]) in {str(row[0]) for row in checkpoint.iter_rows(values_only=True)}
    packed = await desk.get(f"{API}/export", params={"form": "csv", **wanted})
    package = zipfile.ZipFile(io.BytesIO(packed.content))
    assert sorted(package.namelist()) == ["checkpoint.note", "entries.csv"]
    assert "10.20.0.7" in package.read("entries.csv").decode("utf-8-sig")
    async with db.transaction() as tx:
        bodies = await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "ledger.read"))
        assert sum('"what":"export"' in body and '"count":1' in body for body in bodies) == 2
    assert (await desk.get("/ledger/entries/export", params={"form": "doc"})).status_code == 422


async def test_more_than_a_file_holds_is_refused(desk: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from irm.evidence import audit_export

    monkeypatch.setattr(audit_export, "MOST", 1)
    answer = await desk.get(f"{API}/export")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "since")


async def test_no_action_without_a_word(db: Database) -> None:
    """Whatever a module that records names as an action; `test_words.py` holds that each word has its Chinese."""
    async with db.transaction() as tx:
        words = words_of(tx)
    assert WIRING.providers, "nobody brings words"
    silent = {
        f"{module.name}: {node.value}"
        for module in modules()
        if "Event(" in module.text
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ACTION.fullmatch(node.value)
        if node.value not in words and node.value not in JOBS and not NO_ACTIONS.fullmatch(node.value)
    }
    assert silent == set(), "irm/evidence/action_words.py, or the words of the room's provider"
