"""The main job with real processes, a real mail server, a real SMS gateway and the real clock (issue 2, Done when)."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from irm.ledger import leaf_hash
from tests.fakes.gateway import HttpServer
from tests.fakes.mail import MailServer
from tests.fakes.outside import CODE
from tests.system.processes import PATIENCE, Up, up

SECRET: Final = "shared-with-the-gateway"
LIBRARY: Final = Path(__file__).parents[2] / "irm" / "playbooks" / "library" / "report-chain.yaml"
OFFICERS: Final = {"duty1": "10000000101", "duty2": "10000000102"}
LEADER: Final = "10000000103"
DEPUTY: Final = "10000000104"
CITY_OFFICE: Final = "duty@cac-city.example.invalid"
READS: Final = (
    "read_systems", "read_incidents", "read_obligations", "read_submissions", "read_deliveries", "read_roster", "read_organizations",
)  # fmt: skip
ACTS: Final = ("file_incident", "submit_report", "record_receipt")


@dataclass
class World:
    irm: Up
    mail: MailServer
    gateway: HttpServer
    http: httpx.AsyncClient

    async def cli(self, *argv: str) -> Any:
        """A command of irm in the folder of `irm up`; its JSON."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("IRM_")}
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "irm.cli", *argv, "--json"],
            env=env | {"IRM_HOME": str(self.irm.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"irm {' '.join(argv)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    async def person(self, login: str) -> "Person":
        scopes = [word for scope in (*READS, *ACTS) for word in ("--scope", scope)]
        made = await self.cli("token", "create", login, "--name", "the night", *scopes)
        return Person(self.http, made["token"])

    def texts_to(self, phone: str) -> list[str]:
        return [taken.json["content"] for taken in self.gateway.taken if taken.json["phone"] == phone]


@dataclass
class Person:
    http: httpx.AsyncClient
    token: str

    async def get(self, path: str) -> Any:
        return self._read(await self.http.get(path, headers=self._headers()))

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._read(await self.http.post(path, json=body, headers=self._headers() | headers))

    async def patch(self, path: str, body: Any) -> Any:
        return self._read(await self.http.patch(path, json=body, headers=self._headers()))

    async def owed(self, number: str, rule: str) -> Any:
        """The one duty of this rule in this incident."""
        found = (await self.get(f"/api/v1/incidents/{number}/obligations"))["obligations"]
        matching = [one for one in found if one["rule"].endswith(rule)]
        assert len(matching) == 1, [(one["rule"], one["bearer"]["name"], one["recipient"]["name"]) for one in found]
        return matching[0]

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        assert answer.status_code < 300, (
            f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:1500]}"
        )
        return answer.json() if answer.content else None


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    mail, gateway = MailServer(), HttpServer()
    servers = [await mail.start(), await gateway.start()]
    outside = {"IRM_SMTP_URL": mail.url, "IRM_SMS_URL": gateway.url("/sms"), "IRM_SMS_SECRET": SECRET}
    try:
        with up(folder / "home", IRM_DEMO="true", **outside) as irm:
            await asyncio.to_thread(irm.ready)
            async with httpx.AsyncClient(base_url=irm.url, timeout=30) as http:
                yield World(irm, mail, gateway, http)
    finally:
        for server in servers:
            server.close()


async def eventually(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The first truthy answer of `look`, which may be a coroutine function."""
    limit = time.monotonic() + seconds
    while True:
        found = look()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < limit, f"waited {seconds} s for {what}"
        await asyncio.sleep(0.1)


def impatient(folder: Path) -> Path:
    """The library's chain with a first rung of two seconds."""
    source = LIBRARY.read_text()
    shortened = source.replace("every: 5m, within: 15m", "within: 2s", 1)
    assert shortened != source
    path = folder / "report-chain.yaml"
    path.write_text(shortened)
    return path


async def test_filed_paged_climbed_acknowledged_reported_proven(open_folder: Path) -> None:
    async with world(open_folder) as it:
        await it.cli("playbook", "publish", str(impatient(open_folder)))
        unit, officer = await it.person("fund1"), await it.person("duty1")

        # A unit files; the level and its rule come back at once.
        body = {
            "classified": "no",
            "text": "service is down since the night, several pages show foreign content",
            "target": {"kind": "system", "system": "fund"},
            "known_at": datetime.now(UTC).isoformat(),
            "contact": "000-00000024",
        }
        filed = await unit.post("/api/v1/incidents", body, **{"Idempotency-Key": "night-1"})
        number = filed["number"]
        assert filed["levels"]["possible"] <= 3
        again = await unit.post("/api/v1/incidents", body, **{"Idempotency-Key": "night-1"})
        assert again["number"] == number, "the same key files nothing twice"

        # The officer on duty is called by SMS and mail; nobody answers; after two seconds the leader is called.
        await eventually(lambda: [phone for phone in OFFICERS.values() if it.texts_to(phone)], "an SMS to the officer")
        (on_duty,) = [login for login, phone in OFFICERS.items() if it.texts_to(phone)]
        await eventually(
            lambda: any(one.recipient == f"{on_duty}@demo.example.invalid" for one in it.mail.taken),
            "a mail to the officer",
        )
        (called,) = await eventually(lambda: it.texts_to(LEADER), "an SMS to the leader")
        assert number in called

        # The leader answers with the code; the climbing stops.
        code = CODE.search(called)
        assert code is not None
        reply = await it.http.post(
            "/api/v1/sms/inbound", json={"phone": LEADER, "content": code[1]}, headers={"x-irm-secret": SECRET}
        )
        assert reply.json()["outcome"] == "acknowledged", reply.text
        forged = await it.http.post("/api/v1/sms/inbound", json={"phone": LEADER, "content": code[1]})
        assert forged.status_code == 401

        # The municipal report goes out by mail; its receipt stops the city's clock, and not the province's.
        city = await officer.owed(number, "city-cyberspace-office")
        province = await unit.owed(number, "other-operator")
        assert (city["recipient"]["tier"], province["recipient"]["tier"]) == ("city", "province")
        draft = await officer.post(f"/api/v1/obligations/{city['id']}/report")
        await officer.post(f"/api/v1/submissions/{draft['id']}/submit", {"means": "mail", "items": needed(draft)})
        letter = await eventually(
            lambda: [one for one in it.mail.taken if one.recipient == CITY_OFFICE], "the report at the municipal office"
        )
        assert number in letter[0].subject + letter[0].text

        async def handed_over() -> bool:
            shown = await officer.get(f"/api/v1/submissions/{draft['id']}")
            return bool(shown["status"] == "submitted")

        await eventually(handed_over, "the mail to count as submitted")
        receipt = {"outcome": "received", "means": "telephone", "received_by": "desk", "number": "C-1"}
        await officer.post(f"/api/v1/submissions/{draft['id']}/receipt", receipt)
        assert (await officer.owed(number, "city-cyberspace-office"))["status"] == "met"
        still = await unit.owed(number, "other-operator")
        assert (still["status"], still["clock"]["state"]) == ("open", "running")

        # The provincial report goes by fax; its receipt stops the clock.
        draft = await unit.post(f"/api/v1/obligations/{province['id']}/report")
        await unit.post(f"/api/v1/submissions/{draft['id']}/submit", {"means": "fax", "items": needed(draft)})
        await unit.post(f"/api/v1/submissions/{draft['id']}/receipt", receipt | {"number": "P-1"})
        done = await unit.owed(number, "other-operator")
        assert (done["status"], done["clock"]["state"]) == ("met", "stopped")
        assert done["early_seconds"] > 0
        assert not done["born_late"]

        # After the answer nobody further up was called.
        assert not it.texts_to(DEPUTY)
        await check_ledger(it, officer, number)
        assert (await asyncio.to_thread(it.irm.interrupt)) < 10


def needed(draft: Any) -> dict[str, str]:
    """What the form asks for and irm could not know."""
    return {item["key"]: item["text"] or "under investigation" for item in draft["items"] if item["needed"]}


async def check_ledger(it: World, officer: Person, number: str) -> None:
    """Every entry hashes to its leaf, every private value to its commitment, and the story is whole and in order."""
    engine = create_async_engine(it.irm.running["environment"]["IRM_DATABASE_URL"], poolclass=NullPool)
    async with engine.connect() as connection:
        entries = (
            await connection.execute(
                text("SELECT id, at, actor, action, subject, body, leaf_hash FROM ledger_entry ORDER BY at, id")
            )
        ).all()
        private = (await connection.execute(text("SELECT entry_id, path, salt, value FROM ledger_private"))).all()
        pending = await connection.scalar(text("SELECT count(*) FROM ledger_pending"))
        incident = await connection.scalar(text("SELECT id FROM incident WHERE number = :n"), {"n": number})
    await engine.dispose()
    bodies = {}
    for entry in entries:
        assert bytes(entry.leaf_hash) == leaf_hash(
            entry.id, entry.at, entry.actor, entry.action, entry.subject, entry.body
        ), entry
        bodies[entry.id] = json.loads(entry.body)
    for value in private:
        committed = bodies[value.entry_id]["private"][value.path]
        assert committed == sha256(bytes(value.salt) + value.value.encode()).hexdigest()
    assert pending == len(entries), "nothing has been sequenced, nothing is missing from the list"

    story = [entry.action for entry in entries if entry.subject.startswith(f"incident/{incident}")]
    for action in (
        "incident.filed", "incident.graded", "obligation.opened", "run.started", "delivery.planned", "delivery.sent",
        "delivery.acknowledged", "submission.drafted", "submission.submitted", "submission.receipted", "obligation.met",
    ):  # fmt: skip
        assert action in story, f"{action} is not in the ledger: {sorted(set(story))}"
    assert story.count("delivery.acknowledged") == 1
    submitted = [
        bodies[entry.id]["form"]
        for entry in entries
        if entry.action == "submission.submitted" and entry.subject.startswith(f"incident/{incident}")
    ]
    assert sorted(submitted) == ["filing", "initial", "initial"], (
        "the filing itself met the unit's duty to the authority"
    )
    assert story.count("submission.receipted") == 2
    assert story.index("incident.filed") < story.index("incident.graded") < story.index("delivery.sent")
    assert story.index("delivery.sent") < story.index("delivery.acknowledged")
    shown = (await officer.get(f"/api/v1/incidents/{number}/timeline"))["entries"]
    assert {entry["action"] for entry in shown} & {"incident.filed", "delivery.acknowledged"}
