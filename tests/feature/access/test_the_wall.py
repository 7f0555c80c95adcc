"""The second wall (ADR 18): the database itself shows a person only what their organizations are party to.

Who may read a row gets it also where they lock it; to a stranger it is not there; irm's own work sees all; a connection
that says nothing sees nothing. That it also stands in the whole city: tests/feature/access/test_whose_it_is.py.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from irm.access.policy import Role
from irm.actor import Actor
from irm.clock import FixedClock
from irm.db import Database, Tx, as_house
from irm.wiring import WIRING
from tests import make
from tests.conftest import DISAGREES, THE_NIGHT
from tests.server import Server

OF_THE_INCIDENT: Final = (
    "filing",
    "part",
    "grading",
    "level_assessment",
    "status_change",
    "discovery_change",
    "incident_note",
    "incident_role",
    "incident_handover",
    "merge",
)
OF_THE_REPORT: Final = ("submission", "submission_file", "receipt")
WALLED: Final = ("incident", *OF_THE_INCIDENT, *OF_THE_REPORT)
LATER: Final = THE_NIGHT + timedelta(hours=1)

ROWS: Final = """
INSERT INTO incident (id, number, title, status, exercise, discovered_at, reached, possible, packs, facts,
    created_at, merged_into_id)
    VALUES (:incident, 'SJ-1', 't', 'open', false, :at, 4, 4, '{}', '{}', :at, NULL), (:absorbed, 'SJ-2', 't',
    'merged', false, :at, 4, 4, '{}', '{}', :at, :incident);
INSERT INTO filing (id, incident_id, organization_id, means, text, known_at, target_kind, contact, received_at,
    recorded_at)
    VALUES (:filing, :incident, :unit, 'web', 't', :at, 'unknown', 'c', :at, :at);
INSERT INTO part (id, incident_id, organization_id, roles, known_at, known_basis, facts, reached, possible)
    VALUES (:part, :incident, :unit, '{}', :at, 'stated', '{}', 4, 4);
INSERT INTO grading (id, incident_id, at, reached, possible, packs, facts, trace)
    VALUES (gen_random_uuid(), :incident, :at, 4, 4, '{}', '{}', '[]');
INSERT INTO level_assessment (id, incident_id, level, reason, assessed_by, at, stage)
    VALUES (gen_random_uuid(), :incident, 4, 'r', :account, :at, 'review');
INSERT INTO status_change (id, incident_id, previous, status, reason, requested_by, at)
    VALUES (gen_random_uuid(), :incident, 'open', 'contained', 'r', :account, :at);
INSERT INTO discovery_change (id, incident_id, part_id, previous, moved_to, reason, requested_by, at)
    VALUES (gen_random_uuid(), :incident, :part, :at, :later, 'r', :account, :at);
INSERT INTO incident_note (id, incident_id, organization_id, written_by, at, sight, text)
    VALUES (gen_random_uuid(), :incident, :unit, :person, :at, 'own', 't');
INSERT INTO incident_role (id, incident_id, organization_id, role, person_id, since, named_by)
    VALUES (gen_random_uuid(), :incident, :unit, 'lead', :person, :at, :person);
INSERT INTO incident_handover (id, incident_id, organization_id, given_by, given_at, text, open, call_at)
    VALUES (gen_random_uuid(), :incident, :unit, :person, :at, 't', '{}', :later);
INSERT INTO merge (id, absorbed_id, main_id, reason, merged_by, at, absorbed_organizations, main_organizations,
    kept)
    VALUES (gen_random_uuid(), :absorbed, :incident, 'r', :account, :at, ARRAY[CAST(:vendor AS uuid)],
    ARRAY[CAST(:unit AS uuid)], '{}');
INSERT INTO blob (sha256, size, media_type, stored_at)
    VALUES (repeat('0', 64), 1, 'text/plain', :at);
INSERT INTO attachment (id, blob_sha256, subject, filename, uploaded_at)
    VALUES (:file, repeat('0', 64), 'submission/1', 'f', :at);
INSERT INTO submission (id, serial, report_id, form, subject, number, page, incident_id, organization_id,
    recipient_id, recipient_kind, status, ordinal, items, filled, newer, submitted_at, entered_afterwards,
    version, created_at, updated_at, exercise)
    VALUES (:report, 'S-1', :report, 'initial', 'incident/1', 'SJ-1', '/', :incident, :unit, :office,
    'cyberspace_office', 'submitted', 1, '{}', '{}', '{}', :at, false, 1, :at, :at, false);
INSERT INTO submission_file (submission_id, attachment_id, sha256)
    VALUES (:report, :file, repeat('0', 64));
INSERT INTO receipt (id, submission_id, outcome, standing, means, stated_at, recorded_at, entered_afterwards)
    VALUES (gen_random_uuid(), :report, 'received', 'confirmed', 'fax', :at, :at, false)
"""
"""One row in every table behind the wall, and nothing that only a service would add."""


@dataclass(frozen=True)
class Scene:
    db: Database
    unit: UUID
    """Has a part in the incident and has sent a report of it."""
    vendor: UUID
    """Had a part in what was merged into it."""
    office: UUID
    """Received the report."""
    stranger: UUID
    incident: UUID
    absorbed: UUID


@pytest.fixture(scope="module")
async def scene(server: Server) -> AsyncIterator[Scene]:
    name = "irm_wall_" + uuid4().hex[:8]
    server.create(name)
    db = Database.connect(server.url(name), clock=FixedClock(THE_NIGHT), wiring=WIRING, pool_size=1)
    try:
        yield await scene_in(db)
    finally:
        await db.dispose()
        server.drop(name)


async def scene_in(db: Database) -> Scene:
    names = ("incident", "absorbed", "filing", "part", "report", "file")
    known: dict[str, Any] = {name: uuid4() for name in names} | {"at": THE_NIGHT, "later": LATER}
    async with db.transaction() as tx:
        kinds = {"unit": "using_unit", "vendor": "vendor", "office": "cyberspace_office", "stranger": "using_unit"}
        for name, kind in kinds.items():
            known[name] = await make.organization(tx, kind)
        writer = await make.account(tx, known["unit"], Role.DUTY_OFFICER)
        known |= {"account": writer.id, "person": writer.person_id}
        for statement in ROWS.split(";"):
            await tx.execute(text(statement), known)
    return Scene(db, *(known[name] for name in ("unit", "vendor", "office", "stranger", "incident", "absorbed")))


async def locked(scene: Scene, table: str, *organizations: UUID | None) -> int:
    """How many rows somebody of these organizations gets to lock; None: irm itself."""
    sees = None if organizations == (None,) else frozenset(one for one in organizations if one)
    async with scene.db.transaction(Actor("person", uuid4(), sees=sees)) as tx:
        rows = await tx.execute(text(f"SELECT 1 FROM {table} FOR UPDATE SKIP LOCKED"))
        return len(rows.all())


@pytest.mark.parametrize("table", WALLED)
async def test_a_row_that_is_seen_can_be_locked_and_to_a_stranger_it_is_not_there(scene: Scene, table: str) -> None:
    """With a policy for SELECT alone, `FOR UPDATE SKIP LOCKED` gives no row and no error: a page lost in silence."""
    assert await locked(scene, table, None) == (2 if table == "incident" else 1)
    assert await locked(scene, table, scene.unit) == 1
    assert await locked(scene, table, scene.stranger, scene.unit) == 1
    assert await locked(scene, table, scene.stranger) == 0
    assert await locked(scene, table) == 0


@pytest.mark.parametrize("table", WALLED)
async def test_whoever_received_a_report_sees_it_and_that_the_incident_is_there(scene: Scene, table: str) -> None:
    """The number of what was merged into it means the same incident: it, too, is there for them."""
    seen = 2 if table == "incident" else int(table in OF_THE_REPORT)
    assert await locked(scene, table, scene.office) == seen


async def test_who_had_a_part_in_what_was_merged_still_finds_it_under_its_number(scene: Scene) -> None:
    assert await locked(scene, "incident", scene.vendor) == 1
    assert await locked(scene, "merge", scene.vendor) == 1
    assert await locked(scene, "submission", scene.vendor) == 0


async def test_a_stranger_changes_and_removes_nothing(scene: Scene) -> None:
    async with scene.db.transaction(Actor("person", uuid4(), sees=frozenset({scene.stranger}))) as tx:
        for table in WALLED:
            rows = await tx.execute(text(f"DELETE FROM {table} RETURNING 1"))
            assert rows.all() == []
        changed = await tx.execute(text("UPDATE incident SET title = 'mine' RETURNING 1"))
        assert changed.all() == []


async def test_every_table_behind_the_wall_has_all_four_policies_and_stands_in_this_story(scene: Scene) -> None:
    async with scene.db.transaction() as tx:
        rows = await tx.execute(
            text("SELECT tablename, array_agg(cmd::text ORDER BY cmd) FROM pg_policies GROUP BY tablename")
        )
        found = {table: list(commands) for table, commands in rows}
        walled = set(await tx.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'")))
    assert set(found) == walled == set(WALLED)
    assert all(commands == ["DELETE", "INSERT", "SELECT", "UPDATE"] for commands in found.values()), found


@pytest.mark.parametrize("table", ["job", "delivery", "run", "task", "obligation", "ledger_entry", "roster", "shift"])
async def test_what_irm_works_by_stands_behind_no_wall(scene: Scene, table: str) -> None:
    async with scene.db.transaction() as tx:
        walled = await tx.scalar(text("SELECT relrowsecurity FROM pg_class WHERE relname = :table"), {"table": table})
    assert walled is False


async def test_a_connection_that_says_nothing_sees_nothing_and_nothing_stays_of_the_transaction_before(
    scene: Scene,
) -> None:
    engine = create_async_engine(scene.db.engine.url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            assert await counted(connection) == 0
            await connection.rollback()
            mine = {"mine": "{" + str(scene.unit) + "}"}
            await connection.execute(text("SELECT set_config('irm.organizations', :mine, true)"), mine)
            assert await counted(connection) == 2
            await connection.rollback()
            assert await connection.scalar(text("SELECT current_setting('irm.organizations', true)")) == ""
            assert await counted(connection) == 0
            await connection.execute(text("RESET ALL"))
            assert await counted(connection) == 0
    finally:
        await engine.dispose()


async def test_a_process_of_the_release_before_works_on_until_it_is_replaced(scene: Scene) -> None:
    """It says nothing of walls: were it shown nothing, its worker would lose pages in silence."""
    named = {"server_settings": {"application_name": "irm"}}
    engine = create_async_engine(scene.db.engine.url, poolclass=NullPool, connect_args=named)
    try:
        async with engine.connect() as connection:
            assert await counted(connection) == 3
    finally:
        await engine.dispose()


async def test_whoever_gets_a_connection_next_stands_behind_their_own_wall(scene: Scene) -> None:
    """The pool has one connection; a person, a stranger and irm itself take turns on it."""
    for _ in range(2):
        for organizations, seen in (((scene.unit,), 1), ((scene.stranger,), 0), ((None,), 2), ((), 0)):
            assert await locked(scene, "incident", *organizations) == seen


async def test_the_house_in_a_persons_transaction_sees_all_and_leaves_the_wall_standing(scene: Scene) -> None:
    async with scene.db.transaction(Actor("person", uuid4(), sees=frozenset({scene.stranger}))) as tx:

        async def seen() -> int:
            return await counted(await tx.connection())

        async with as_house(tx):
            assert await seen() == 3
            async with as_house(tx):
                assert await seen() == 3
            assert await seen() == 3
        assert await seen() == 0
        with pytest.raises(LookupError):
            async with as_house(tx):
                raise LookupError
        assert await seen() == 0
        with pytest.raises(ProgrammingError):
            await _fails_in_the_house(tx)
        assert await seen() == 0


async def _fails_in_the_house(tx: Tx) -> None:
    async with tx.begin_nested(), as_house(tx):
        await tx.execute(text("SELECT 1 FROM no_such_table"))


async def test_nobody_makes_themselves_a_party(scene: Scene) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with scene.db.transaction() as tx:
            await tx.execute(text("INSERT INTO party SELECT id, :me, 'part' FROM incident"), {"me": scene.stranger})


@pytest.mark.parametrize(
    ("statement", "organization", "seen"),
    [
        ("UPDATE part SET organization_id = :stranger", "stranger", 1),
        ("UPDATE part SET organization_id = :stranger", "unit", 0),
        ("DELETE FROM part WHERE NOT EXISTS (SELECT 1 FROM discovery_change WHERE part_id = part.id)", "unit", 1),
        ("UPDATE submission SET status = 'draft'", "office", 0),
        ("UPDATE submission SET recipient_id = :stranger", "stranger", 2),
        ("UPDATE merge SET undo_by = merged_by, undo_at = at, undone_at = at", "vendor", 0),
        ("UPDATE merge SET undo_by = merged_by, undo_at = at, undone_at = at", "office", 1),
        (
            "INSERT INTO submission_party (submission_id, organization_id) SELECT id, :stranger FROM submission",
            "unit",
            1,
        ),
    ],
)
async def test_who_is_a_party_follows_every_change(scene: Scene, statement: str, organization: str, seen: int) -> None:
    """In a transaction that is taken back: parts move, reports are taken back, merges are undone."""
    async with scene.db.engine.connect() as connection:
        await connection.execute(text(statement), {"stranger": scene.stranger} if ":stranger" in statement else {})
        assert (await connection.execute(DISAGREES)).all() == []
        who = {"mine": "{" + str(getattr(scene, organization)) + "}"}
        await connection.execute(
            text("SELECT set_config('irm.sees_all', 'off', true), set_config('irm.organizations', :mine, true)"), who
        )
        assert await connection.scalar(text("SELECT count(*) FROM incident")) == seen


async def counted(connection: AsyncConnection) -> int:
    """Incidents and reports that this connection sees."""
    both = text("SELECT (SELECT count(*) FROM incident) + (SELECT count(*) FROM submission)")
    return int(await connection.scalar(both) or 0)
