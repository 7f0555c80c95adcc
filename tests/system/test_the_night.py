"""The main job with real processes, a real mail server, a real SMS gateway and the real clock (issue 2, Done when)."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from irm.db import HOUSE
from irm.ledger import leaf_hash
from tests.fakes.outside import CODE
from tests.system.world import CITY_OFFICE, DEPUTY, LEADER, OFFICERS, SECRET, Person, World, a_filing, eventually, world

LIBRARY: Final = Path(__file__).parents[2] / "irm" / "playbooks" / "library" / "report-chain.yaml"


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
        await it.cli("playbook", "publish", str(impatient(open_folder)), "--reason", "a short night", "--now")
        unit, officer = await it.person("fund1"), await it.person("duty1")

        # A unit files; the level and its rule come back at once.
        body = a_filing()
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
    house = {"server_settings": HOUSE}
    engine = create_async_engine(
        it.irm.running["environment"]["IRM_DATABASE_URL"], poolclass=NullPool, connect_args=house
    )
    async with engine.connect() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        entries = (
            await connection.execute(
                text("SELECT id, at, actor, action, subject, body, leaf_hash FROM ledger_entry ORDER BY at, id")
            )
        ).all()
        private = (await connection.execute(text("SELECT entry_id, path, salt, value FROM ledger_private"))).all()
        waiting = set(await connection.scalars(text("SELECT entry_id FROM ledger_pending")))
        places = (
            await connection.execute(text("SELECT index AS place, entry_id FROM ledger_leaf ORDER BY index"))
        ).all()
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
    assert [one.place for one in places] == list(range(len(places))), "the tree has no hole"
    assert places, "the sequencer has run"
    in_tree = {one.entry_id for one in places}
    assert in_tree.isdisjoint(waiting)
    assert {entry.id for entry in entries} <= in_tree | waiting, "every entry is in the tree or waits for it"

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
