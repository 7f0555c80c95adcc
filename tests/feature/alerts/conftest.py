"""A city with a cloud authority on duty, a unit with a portal, and machines that watch it."""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from irm.access.policy import Role
from irm.alerts import sources
from irm.alerts.rule_versions import publish_rules
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.rules import service as rules
from tests import make

HTML = {"accept": "text/html"}
Register = Callable[..., Awaitable["Machine"]]


@dataclass
class Desk:
    """Who is there."""

    authority: Any
    unit: Any
    officer: make.Account
    administrator: make.Account
    security: make.Account
    unit_officer: make.Account


@dataclass
class Machine:
    """A registered source, as its own end of the line."""

    client: httpx.AsyncClient
    clock: FixedClock
    code: str
    secret: str
    headers: dict[str, str] = field(default_factory=dict)

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """With its secret as a bearer token."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        own = {"content-type": "application/json", "authorization": f"Bearer {self.secret}"} | headers
        return await self.client.post(f"/api/v1/intake/{self.code}", content=content, headers=own)

    async def sign(self, body: Any, *, name: str = "", age: int = 0, **headers: str) -> httpx.Response:
        """Signed as Standard Webhooks."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        name, moment = name or uuid4().hex, str(int(self.clock.now().timestamp()) - age)
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{name}.{moment}.".encode() + content, sha256).digest()
        own = {
            "content-type": "application/cloudevents+json",
            "webhook-id": name,
            "webhook-timestamp": moment,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }
        return await self.client.post(f"/api/v1/intake/{self.code}", content=content, headers=own | headers)


def firing(
    name: str = "DiskFull", *, status: str = "firing", starts: str = "2026-11-20T19:40:00Z", **labels: str
) -> Any:
    """One alert as Alertmanager sends it."""
    every = {"alertname": name, "severity": "critical", "instance": "10.2.3.4:9100"} | labels
    return {
        "status": status,
        "labels": every,
        "annotations": {"summary": f"{name} on {every['instance']}", "description": "The disk is full."},
        "startsAt": starts,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": sha256("|".join(f"{k}={v}" for k, v in sorted(every.items())).encode()).hexdigest()[:16],
    }


def webhook(*alerts: Any) -> Any:
    """Alertmanager's message, version 4."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "irm",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }


@pytest.fixture
async def desk(db: Database, clock: FixedClock) -> Desk:
    async with db.transaction(SYSTEM) as tx:
        await rules.publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        unit = await make.organization(tx, name="示例市人社局")
        await make.organization(tx, "cyberspace_office", joined=False)
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        unit_officer = await make.account(tx, unit, Role.DUTY_OFFICER)
        await make.system(tx, unit, code="portal", name="门户网站")
        await make.duty(tx, authority, officer.person_id)
        return Desk(
            authority,
            unit,
            officer,
            await make.account(tx, authority, Role.SYSTEM_ADMINISTRATOR),
            await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR),
            unit_officer,
        )


@pytest.fixture
def register(client: httpx.AsyncClient, db: Database, clock: FixedClock, settings: Settings, desk: Desk) -> Register:
    """`await register("alertmanager")`: a machine of the cloud authority that may speak of the portal."""

    async def run(kind: str = "alertmanager", code: str = "", **more: Any) -> Machine:
        given = {"systems": ("portal",), "unclassified": True} | more
        code = code or f"{kind}-one"
        async with db.transaction(SYSTEM) as tx:
            _, secret = await sources.register_source(
                tx,
                sources.Given(code, "政务云监控", kind, **given),
                by=None,
                actor=SYSTEM,
                home=settings.home,
                now=clock.now(),
            )
        bare = httpx.AsyncClient(transport=client._transport, base_url="http://irm.test")
        return Machine(bare, clock, code, secret)

    return run


@pytest.fixture
def city_rules(db: Database, clock: FixedClock) -> Callable[[str], Awaitable[None]]:
    async def run(text: str) -> None:
        async with db.transaction(SYSTEM) as tx:
            await publish_rules(tx, text, reason="nights", after=None, by=None, actor=SYSTEM, now=clock.now())

    return run
