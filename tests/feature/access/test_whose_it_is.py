"""An organization never sees another's data, by any route (DESIGN §11, 5).

In the made-up city, which has lived for a year, strangers come to work: a unit, a vendor, an office, a tester, a county's
cloud authority, each holding every role at once. For every route of the table that names a subject: whoever owns it gets
it; to a stranger it looks as if it had never existed, whether they read it or would change it.
"""

import re
from collections.abc import AsyncIterator
from types import FunctionType
from typing import Final

import pytest
from litestar import Litestar
from sqlalchemy import text

from irm.access import policy
from irm.access.policy import AUTHORITY, Permission, Principal, Reach
from irm.access.principals import principal_of_token
from irm.access.wall import behind_its_wall
from irm.db import Tx
from irm.incidents import queries as incidents
from irm.incidents.filters import Filters
from irm.obligations import queries as obligations
from tests.conftest import DISAGREES
from tests.feature.access.living import NOW, Living, living_city
from tests.feature.access.subjects import COMMON, OWNED, READ_BY_ALL, Kind, Subject, kind_of
from tests.feature.access.walking import NOT_THERE, SAME_FOR_ALL, answer, body_of, names_in, owned, routes
from tests.server import Server

WRITERS: Final = ("using_unit", AUTHORITY)
"""Strangers who try to change something, too: one of those who see only their own, and one whose district is another."""
ANSWERED: Final = frozenset({200, 303})
"""303: leads on to where the matter stands now."""
NOT_YET: Final = re.compile(r".*{edition_id:uuid}/.*|.*{pack_id:uuid}/file")
"""Files that irm makes once it runs; here no worker does. Their pages, beside them, are there."""
NOT_EVERY_OWNER: Final = {
    "/drills/{number:str}/sheet": "only those who evaluate the drill have a sheet",
    "/api/v1/incidents/{number:str}/merge-preview": "asks for a second incident, too",
}
NEVER_HAPPENED: Final[dict[Kind, str]] = {
    ("approvals", "request_id"): "tests/feature/obligations/test_approval_faces.py",
    ("incidents", "number", "merge_id"): "tests/feature/incidents/test_merging.py",
    ("reports", "edition_id", "file_id"): "tests/feature/reports/test_forms.py",
    ("break-glass", "glass_id"): "tests/feature/access/test_break_glass.py",
    ("delegations", "delegation_id"): "tests/feature/access/test_delegation.py",
    ("me", "identity_id"): "tests/feature/access/test_linked_identities.py",
    ("me", "passkey_id"): "tests/feature/access/test_own_passkeys.py",
    ("drills", "number", "attachment"): "tests/feature/drills/test_faces.py",
    **dict.fromkeys(
        [
            ("rosters", "override_id"),
            ("swaps", "swap_id", "answer"),
            ("duty", "swap_id", "answer"),
            ("duty", "code", "what", "known"),
            ("duty", "feed_id"),
        ],
        "tests/feature/notify/test_keeping_a_roster.py",
    ),
    **dict.fromkeys(
        [("people", "import_id"), ("liaisons", "import_id"), ("staff", "import_id")],
        "tests/feature/systems/test_lists_of_the_directory.py",
    ),
    ("posts", "import_id"): "tests/feature/systems/test_post_list.py",
    ("organizations", "code", "person_id"): "tests/feature/oversight/test_vetting_papers.py",
    ("vetting", "paper_id"): "tests/feature/oversight/test_vetting_papers.py",
    ("alerts", "alert_id"): "tests/feature/alerts",
    ("duty", "handover_id"): "tests/feature/shifts",
    ("shift-handovers", "handover_id"): "tests/feature/shifts",
}
"""Kinds of which the made-up city has no row, and who tells of them; here strangers knock only with made-up numbers."""
BEHIND_THE_WALL: Final = frozenset({"incidents", "submissions"})
"""Rooms whose subjects the database itself hides from strangers (ADR 18)."""
THROUGH: Final = 3
"""Room and two places: something within something."""


@pytest.fixture(scope="module")
async def living(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    """Loaded once for all of this file; whatever a stranger tries changes nothing."""
    async with living_city(server, tmp_path_factory.mktemp("whose")) as made:
        yield made


def test_every_route_with_a_subject_says_whose_it_is(application: Litestar) -> None:
    silent = {kind_of(path) for _, path, _ in routes(application) if kind_of(path)} - {*OWNED, *COMMON}
    assert silent == set(), "write into subjects.py whose it is"


async def test_whoever_owns_it_gets_it(living: Living) -> None:
    """Without this the next tests would prove nothing: the rows are there, and the addresses lead to them."""
    wrong = []
    for method, path in owned(living.app, reading=True):
        found = [one for one in living.rows[kind_of(path)] if one.whose in living.members]
        answers = []
        for one in found:
            got = await living.client.request(method, one.path(path), headers=living.members[one.whose])
            answers.append(got.status_code)
            if got.status_code in ANSWERED:
                break
        if found and not {*answers} & ANSWERED and path not in NOT_EVERY_OWNER:
            wrong.append((path, answers))
    unexplained = [one for one in wrong if not NOT_YET.fullmatch(one[0])]
    assert not unexplained, "\n".join(str(one) for one in unexplained)
    never = {kind for kind, rows in living.rows.items() if not rows}
    assert never <= set(NEVER_HAPPENED), "\n".join(str(one) for one in never)


async def test_to_a_stranger_it_looks_as_if_it_had_never_been(living: Living) -> None:
    """Read or written: the answer is that for a number which nobody ever gave, to the letter."""
    wrong = []
    for turn, (kind, headers) in enumerate(living.strangers.items()):
        writing = owned(living.app, reading=False) if kind in WRITERS else []
        for method, path in (*owned(living.app, reading=True), *writing):
            body = body_of(living.schema, method, path)
            rows = living.rows[kind_of(path)]
            unknown = await answer(living, method, path, None, headers, body)
            if method == "GET" and unknown[0] not in NOT_THERE and path not in SAME_FOR_ALL:
                wrong.append((kind, method, path, unknown[0], "answers to what is not there"))
            if rows:
                got = await answer(living, method, path, rows[turn % len(rows)], headers, body)
                if got[0] in NOT_THERE and kind_of(path)[:2] in READ_BY_ALL:
                    continue  # that it exists is no secret; that it is somebody else's, is said
                if got != unknown:
                    wrong.append((kind, method, path, got[0], unknown[0], got[1][:300], unknown[1][:300]))
    assert not wrong, "\n".join(str(one) for one in wrong)
    assert await _deeds(living) <= {"access.refused"}, "whoever tried has changed something"


async def test_no_list_names_what_is_not_ones_own(living: Living) -> None:
    """Every page and list without a subject, read by every stranger, names no row that belongs to somebody."""
    names = names_in(living.rows)
    assert len(names) > 50, "nothing to find"
    wrong = []
    for kind, headers in living.strangers.items():
        for method, path, _ in routes(living.app):
            if method != "GET" or kind_of(path) or path == "/live":
                continue
            got = await living.client.get(path, headers=headers)
            assert got.status_code < 500, (kind, path)
            told = sorted(name for name in names if name in got.text)
            if told:
                wrong.append((kind, path, told[:5]))
    assert not wrong, "\n".join(str(one) for one in wrong)


async def test_nobody_reaches_anothers_through_ones_own(living: Living) -> None:
    """Its own incident in the address, and another organization's report, task or file behind it."""
    wrong, tried = [], 0
    for method, path in owned(living.app, reading=True):
        kind = kind_of(path)
        if len(kind) < THROUGH:
            continue
        mine = [one for one in living.rows[kind] if one.whose in living.members]
        for one in mine:
            for other in living.rows[kind]:
                if other.whose == one.whose or other.places[kind[-1]] == one.places[kind[-1]]:
                    continue
                mixed = Subject({**other.places, kind[1]: one.places[kind[1]]}, one.whose)
                got = await living.client.request(method, mixed.path(path), headers=living.members[one.whose])
                tried += 1
                if got.status_code not in NOT_THERE:
                    wrong.append((mixed.path(path), got.status_code))
    assert tried > 0
    assert not wrong, "\n".join(str(one) for one in wrong)


async def test_a_stranger_finds_nothing_even_where_the_policy_says_yes_to_everything(
    living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`reach` and `may` are sabotaged; the database still shows no row. Without its wall, everything is there."""
    _sabotage(monkeypatch)
    reading = [
        (method, path) for method, path in owned(living.app, reading=True) if kind_of(path)[0] in BEHIND_THE_WALL
    ]
    tried, wrong = 0, []
    for kind, headers in living.strangers.items():
        for method, path in reading:
            for row in living.rows[kind_of(path)][:2]:
                got = await answer(living, method, path, row, headers, {})
                tried += 1
                if got[0] not in NOT_THERE and path not in SAME_FOR_ALL:
                    wrong.append((kind, path, got[0], got[1][:200]))
    assert tried > 100
    assert not wrong, "\n".join(str(one) for one in wrong)
    monkeypatch.setattr("irm.access.wall.wall", lambda _principal: None)
    number = living.rows["incidents", "number"][0].places["number"]
    shown = await living.client.get(f"/api/v1/incidents/{number}", headers=living.strangers["vendor"])
    assert shown.status_code == 200, "the sabotage opens nothing: what stands above proves nothing"


async def test_the_wall_hides_nothing_that_the_policy_shows(living: Living) -> None:
    """Everybody of the city, asked with the wall and without it, gets the same incidents, parts, filings and reports."""
    behind = 0
    for headers in living.members.values():
        async with living.db.transaction() as tx:
            by = await principal_of_token(tx, headers["authorization"].removeprefix("Bearer "), now=NOW)
            assert by is not None
            without = await _all_that_is_read(tx, by)
        walled = behind_its_wall(by)
        async with living.db.transaction(walled.actor) as tx:
            assert await _all_that_is_read(tx, walled) == without
        behind += len(without) if walled.actor.sees is not None else 0
    assert behind > 10, "nobody behind a wall has anything to read"


async def test_who_is_a_party_is_what_the_rows_of_the_year_say(living: Living) -> None:
    async with living.db.transaction() as tx:
        assert (await tx.execute(DISAGREES)).all() == []
        roles = set(await tx.scalars(text("SELECT DISTINCT role FROM party")))
    assert roles >= {"part", "reported_to", "sender", "recipient", "spoken_for"}


def _sabotage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody may everything; only the wall still asks what is true. Rooms import the names, so the code is changed."""
    true_reach = FunctionType(policy.reach.__code__, vars(policy))
    monkeypatch.setattr("irm.access.wall.reach", true_reach)

    def everywhere(principal: Principal, permission: Permission) -> Reach:
        return Reach(everything=True)

    monkeypatch.setattr(policy.reach, "__code__", everywhere.__code__)
    monkeypatch.setattr(Reach, "covers", lambda _self, _resource: True)


async def _all_that_is_read(tx: Tx, by: Principal) -> set[str]:
    """By the rooms' own questions, which ask the policy."""
    listed, _ = await incidents.incidents(tx, by, Filters(), limit=500)
    found = {one.number for one in listed}
    for number in sorted(found):
        sight = await incidents.sight_of(tx, number, by)
        found |= {f"part {one.id}" for one in await incidents.parts_of(tx, sight)}
        found |= {f"filing {one.id}" for one in await incidents.filings_of(tx, sight)}
    far = policy.reach(by, Permission.READ_SUBMISSIONS)
    subjects = await tx.scalars(text("SELECT DISTINCT subject FROM obligation WHERE status <> 'open'"))
    for subject in sorted(subjects):
        found |= {f"report {one.serial}" for one in await obligations.submissions_of(tx, subject, reach=far)}
    return found


async def _deeds(living: Living) -> set[str]:
    """What the ledger says that strangers did."""
    async with living.db.transaction() as tx:
        done = await tx.execute(
            text(
                "SELECT DISTINCT action FROM ledger_entry JOIN api_token ON actor = 'token/' || api_token.id"
                " JOIN account ON account.id = account_id JOIN membership USING (person_id)"
                " WHERE membership.organization_id = ANY(:strangers)"
            ),
            {"strangers": living.places},
        )
        return {action for (action,) in done}
