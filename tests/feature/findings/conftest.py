"""A cloud authority, a police office, a tester and two units with systems; a list as people keep it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import Database
from irm.documents.tables import Page, write_pages
from tests import make

MakeList = Callable[[Sequence[str], Sequence[Sequence[Any]]], bytes]


@dataclass(frozen=True)
class City:
    client: httpx.AsyncClient
    sign_in: Any
    db: Database
    clock: FixedClock
    authority: UUID
    police: UUID
    unit: UUID
    other: UUID
    tester: UUID
    officer: make.Account
    lead: make.Account
    second: make.Account
    stranger: make.Account
    reporter: make.Account
    assessor: make.Account

    async def raised(self, **more: Any) -> dict[str, Any]:
        """Entered by the cloud authority against the unit."""
        await self.sign_in(self.officer)
        body = {"title": "审计日志保存不足六个月", "organization": str(self.unit), "risk": "high", "systems": ["oa"]}
        made = await self.client.post("/api/v1/findings", json=body | {"due_on": "2026-12-20"} | more)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def act(self, account: make.Account, number: str, what: str, **body: Any) -> httpx.Response:
        await self.sign_in(account)
        return await self.client.post(f"/api/v1/findings/{number}/{what}", json=body)

    async def send(self, content: bytes, path: str = "/api/v1/findings/import", **query: str) -> httpx.Response:
        return await self.client.post(path, params=query, files={"file": ("list.xlsx", content)})


@pytest.fixture
async def city(client: httpx.AsyncClient, sign_in: Any, db: Database, clock: FixedClock) -> City:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY, name="市政务云管理中心")
        police = await make.organization(tx, "public_security", joined=False)
        unit, other = await make.organization(tx, name="市住建局"), await make.organization(tx, name="市教育局")
        tester = await make.organization(tx, "assessor")
        await make.system(tx, unit, code="oa", name="协同办公")
        await make.system(tx, unit, code="web", name="门户网站")
        await make.system(tx, other, code="school", name="学籍管理")
        return City(
            client,
            sign_in,
            db,
            clock,
            authority,
            police,
            unit,
            other,
            tester,
            await make.account(tx, authority, Role.SECURITY_LEAD),
            await make.account(tx, unit, Role.SECURITY_LEAD),
            await make.account(tx, authority, Role.COMPLIANCE_OFFICER),
            await make.account(tx, other, Role.SECURITY_LEAD),
            await make.account(tx, unit, Role.REPORTER),
            await make.account(tx, tester, Role.ASSESSOR),
        )


@pytest.fixture
def xlsx() -> MakeList:
    def make_list(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
        return write_pages([Page("问题项", head, rows)])

    return make_list
