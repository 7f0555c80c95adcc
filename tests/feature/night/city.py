"""A city at night: the cloud authority, a vendor, three units on one host, the offices that are reported to; and its acts,
each by API as the one who does it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.playbooks.publishing import publish_library
from tests import make

URL = "/api/v1/incidents"
HTML = {"accept": "text/html", "accept-language": "en"}
HOST = "10.20.0.7"
TO_PROVINCE = "cac-2025-reporting/other-operator"
WITHIN_AN_HOUR = "cac-2025-reporting/cii-operator"
TO_CITY = "city-chain/city-cyberspace-office"
VENDOR_TELLS = "city-chain/vendor-cloud-authority"
UNIT_TELLS = "city-chain/unit-cloud-authority"
CLOSING = "cac-2025-reporting/closing"
CORRECTION = "irm/correction"
GRAVE = 10_000_000
"""Personal records leaked that make an incident 重大."""
CONSIDERABLE = 1_000_000


@dataclass(frozen=True)
class Duty:
    """What a test asks of an obligation."""

    id: UUID
    rule: str
    bearer: UUID
    recipient: UUID | None
    status: str
    started_at: Any
    due_at: Any
    overdue_at: Any
    born_late: bool
    generation: int
    form: str
    reason: str | None


class City:
    def __init__(self, db: Database, clock: FixedClock, sign_in: Callable[[Any], Awaitable[httpx.AsyncClient]]) -> None:
        self.db, self.clock, self._sign_in = db, clock, sign_in

    async def begin(self, *, cii: str = "no") -> "City":
        async with self.db.transaction(SYSTEM) as tx:
            await publish_library(tx, actor=SYSTEM, now=self.clock.now())
            self.authority = await make.organization(tx, "cloud_authority")
            self.city_office = await make.organization(tx, "cyberspace_office")
            self.province = await make.organization(
                tx, "cyberspace_office", tier="province", joined=False, region="410000"
            )
            self.police = await make.organization(tx, "public_security", joined=False)
            self.vendor = await make.organization(tx, "vendor")
            self.units = [await make.organization(tx, "using_unit") for _ in range(3)]
            self.systems = [
                await make.system(
                    tx,
                    unit,
                    code=f"app-{place}",
                    cii=cii,
                    users=600_000,
                    personal_records=20_000_000,
                    portal_rank="prefecture",
                    maintainer_ids=[self.vendor],
                    user_ids=[unit],
                    resources=[("address", HOST)],
                )
                for place, unit in enumerate(self.units)
            ]
            self.officer = await make.account(tx, self.authority, Role.DUTY_OFFICER, locale="en")
            self.leader = await make.account(tx, self.authority, Role.DUTY_LEADER, locale="en")
            self.vendor_duty = await make.account(tx, self.vendor, Role.DUTY_OFFICER, locale="en")
            self.unit_duty = [await make.account(tx, unit, Role.DUTY_OFFICER, locale="en") for unit in self.units]
            self.office = await make.account(tx, self.city_office, Role.REGULATOR, locale="en")
            await make.duty(tx, self.authority, self.officer.person_id, hours=72)
            await make.duty(tx, self.vendor, self.vendor_duty.person_id, hours=72)
            for one in self.unit_duty:
                await make.duty(tx, one.organization_id, one.person_id, hours=72)
        return self

    # -- acts, each as the one who does it

    async def as_(self, who: make.Account) -> httpx.AsyncClient:
        client = await self._sign_in(who)
        client.headers["accept-language"] = "en"
        return client

    async def files(self, who: make.Account, *, minutes_ago: float = 0, **more: Any) -> str:
        """The incident's address. Known now unless `minutes_ago`; of the first unit's system unless `target` names another."""
        given = {
            "classified": "no",
            "text": "Files are encrypted; a note asks for ransom.",
            "target": {"kind": "system", "system": "app-0"},
            "known_at": (self.clock.now() - timedelta(minutes=minutes_ago)).isoformat(),
            "category": "malware",
            "subcategory": "ransomware",
            "contact": "duty desk 555-0100",
        }
        answer = await (await self.as_(who)).post(URL, json={**given, **more})
        assert answer.status_code == 201, answer.text
        return f"{URL}/{answer.json()['number']}"

    async def says(self, who: make.Account, where: str, **facts: Any) -> None:
        answer = await (await self.as_(who)).patch(f"{where}/facts", json={"facts": facts})
        assert answer.status_code == 200, answer.text

    async def assesses(self, who: make.Account, where: str, level: int, reason: str = "as the facts stand") -> Any:
        answer = await (await self.as_(who)).post(f"{where}/assessments", json={"level": level, "reason": reason})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def moves(self, who: make.Account, where: str, status: str, reason: str = "as agreed at the desk") -> Any:
        answer = await (await self.as_(who)).post(f"{where}/status", json={"status": status, "reason": reason})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def knew(self, who: make.Account, where: str, minutes_ago: float, **more: Any) -> httpx.Response:
        """Corrects a moment of knowledge."""
        known_at = (self.clock.now() - timedelta(minutes=minutes_ago)).isoformat()
        return await (await self.as_(who)).post(f"{where}/discovery", json={"known_at": known_at, **more})

    async def confirms(self, who: make.Account, where: str, kind: str, waiting: Any, *, yes: bool = True) -> Any:
        client = await self.as_(who)
        return await client.post(f"{where}/{kind}/{waiting}/confirmation", json={"confirmed": yes})

    async def reports(self, who: make.Account, duty: Duty, *, means: str = "telephone", **more: Any) -> UUID:
        """Writes what the duty asks for and hands it over."""
        client = await self.as_(who)
        draft = await client.post(f"/api/v1/obligations/{duty.id}/report")
        assert draft.status_code == 201, draft.text
        needed = {one["key"]: one["text"] or "as told" for one in draft.json()["items"] if one["needed"]}
        sent = await client.post(
            f"/api/v1/submissions/{draft.json()['id']}/submit", json={"means": means, "items": needed, **more}
        )
        assert sent.status_code == 200, sent.text
        return UUID(draft.json()["id"])

    async def receipts(self, who: make.Account, submission: UUID) -> None:
        answer = await (await self.as_(who)).post(
            f"/api/v1/submissions/{submission}/receipt", json={"outcome": "received", "means": "telephone"}
        )
        assert answer.status_code == 201, answer.text

    async def shown(self, who: make.Account, where: str) -> Any:
        answer = await (await self.as_(who)).get(where)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # -- what is owed

    async def duties(self, rule: str | None = None, *, bearer: UUID | None = None) -> list[Duty]:
        """In the order in which they arose."""
        which = select(ObligationRow).order_by(ObligationRow.id).execution_options(populate_existing=True)
        which = which.where(ObligationRow.incident_id.is_not(None))
        if rule is not None:
            which = which.where(ObligationRow.rule_id == rule)
        if bearer is not None:
            which = which.where(ObligationRow.bearer_id == bearer)
        async with self.db.transaction() as tx:
            return [
                Duty(
                    row.id,
                    row.rule_id,
                    row.bearer_id,
                    row.recipient_id,
                    row.status,
                    row.started_at,
                    row.due_at,
                    row.overdue_at,
                    row.born_late,
                    row.generation,
                    row.form,
                    row.reason,
                )
                for row in await tx.scalars(which)
            ]

    async def duty(self, rule: str, *, bearer: UUID | None = None) -> Duty:
        """The newest of its kind."""
        found = await self.duties(rule, bearer=bearer)
        assert found, f"nothing is owed under {rule}"
        return found[-1]

    async def draft_items(self, submission: Any) -> dict[str, str]:
        async with self.db.transaction() as tx:
            row = await tx.get_one(SubmissionRow, UUID(str(submission)), populate_existing=True)
            return {key: str(text) for key, text in row.items.items()}
