"""Own organization, other system: whoever holds roles for named systems only is a stranger to all else of their own desk.

In organizations of the made-up city somebody holds every role at once, but for one system that was registered today. For every
route that names a subject of their own organization, and every list, it is as if it had never been. And the other way round:
limited to what a subject concerns, they get what their colleague without limit gets.
"""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from irm.access.addressed import MATTERS, systems_addressed
from irm.access.policy import AUTHORITY
from tests import make
from tests.feature.access.living import Living, limited_member, living_city
from tests.feature.access.subjects import COMMON, OWNED, READ_BY_ALL, Kind, Subject, found_of, kind_of
from tests.feature.access.walking import NOT_THERE, SAME_FOR_ALL, answer, body_of, names_in, owned, routes
from tests.server import Server

LIMITED: Final = ("using_unit", "vendor", "cyberspace_office", AUTHORITY)
"""Kinds of organizations in which somebody works for one system only."""
WRITERS: Final = ("using_unit", AUTHORITY)
ROWS: Final = 4
ABOUT_NONE: Final = frozenset(
    {"authorizations", "break-glass", "delegations", "duty", "editions", "liaisons", "me", "organizations", "people"}
    | {"posts", "reports", "rosters", "screens", "shift-handovers", "staff", "swaps", "tokens", "vetting"}
)
"""Rooms whose subjects concern no system. Every other room is in `addressed.MATTERS`, or this test fails."""
OF_ONESELF: Final = frozenset(
    {("systems", "import_id"), ("organizations", "import_id"), ("evidence", "pack_id"), ("evidence-packs", "pack_id")}
)
"""A list that somebody brings, or a pack that somebody has had made, is theirs alone."""


@pytest.fixture(scope="module")
async def living(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    async with living_city(server, tmp_path_factory.mktemp("other")) as made:
        yield made


@pytest.fixture(scope="module")
async def places(living: Living) -> dict[str, UUID]:
    """Organizations of the city, the one of each kind that has most to hide."""
    async with living.db.transaction() as tx:
        rows = await tx.execute(
            text(
                "SELECT DISTINCT ON (kind) kind, organization.id FROM organization"
                " LEFT JOIN part ON part.organization_id = organization.id"
                " WHERE kind = ANY(:kinds) AND organization.id = ANY(:known)"
                " GROUP BY kind, organization.id ORDER BY kind, count(part.id) DESC"
            ),
            {"kinds": list(LIMITED), "known": list(living.members)},
        )
        return dict(rows.all())


async def test_to_whoever_works_for_another_system_it_looks_as_if_it_had_never_been(
    living: Living, places: dict[str, UUID]
) -> None:
    wrong, tried = [], 0
    for kind, place in places.items():
        rows, headers = await _rows_of(living, place), await _newcomer(living, place)
        writing = owned(living.app, reading=False) if kind in WRITERS else []
        for method, path in (*owned(living.app, reading=True), *writing):
            subject = kind_of(path)
            if not rows[subject] or subject in OF_ONESELF or subject[:2] in READ_BY_ALL:
                continue
            body = body_of(living.schema, method, path)
            unknown = await answer(living, method, path, None, headers, body)
            got = await answer(living, method, path, rows[subject][0], headers, body)
            tried += 1
            if got != unknown or (method == "GET" and unknown[0] not in NOT_THERE and path not in SAME_FOR_ALL):
                wrong.append((kind, method, path, got[0], unknown[0], got[1][:200]))
    assert tried > 300, "nothing was tried"
    assert not wrong, "\n".join(str(one) for one in wrong)


async def test_no_list_names_what_concerns_another_system(living: Living, places: dict[str, UUID]) -> None:
    wrong, names = [], names_in(living.rows)
    for kind, place in places.items():
        rows, headers = await _rows_of(living, place), await _newcomer(living, place)
        hidden = names | names_in(rows)
        for method, path, _ in routes(living.app):
            if method != "GET" or kind_of(path) or path == "/live":
                continue
            got = await living.client.get(path, headers=headers)
            assert got.status_code < 500, (kind, path)
            told = sorted(name for name in hidden if name in got.text)
            if told:
                wrong.append((kind, path, told[:5]))
    assert not wrong, "\n".join(str(one) for one in wrong)


async def test_whoever_works_for_the_system_gets_what_concerns_it(living: Living, places: dict[str, UUID]) -> None:
    """As their colleague without limit does, and their pages name nothing of their organization that concerns others only."""
    wrong, got_it, refused = [], 0, 0
    for kind, place in places.items():
        rows, known = await _rows_of(living, place), dict[frozenset[UUID], dict[str, str]]()
        hidden = await _names_by_systems(living, rows)
        for method, path in owned(living.app, reading=True):
            for one in rows[kind_of(path)][:2]:
                if kind_of(path) in OF_ONESELF or path in SAME_FOR_ALL:
                    continue
                systems = await _systems(living, path, one)
                if systems and systems not in known:
                    known[systems] = await limited_member(living, place, systems)
                if not systems:
                    continue
                theirs = await living.client.request(method, one.path(path), headers=known[systems])
                whole = await living.client.request(method, one.path(path), headers=living.members[place])
                others = {name for another, name in hidden if systems.isdisjoint(another) and name in theirs.text}
                others -= set(one.places.values())
                if others:
                    wrong.append((kind, path, "names", sorted(others)[:5]))
                got_it += theirs.status_code == 200
                refused += theirs.status_code in NOT_THERE
                if theirs.status_code != whole.status_code:
                    wrong.append((kind, path, theirs.status_code, whole.status_code))
    assert got_it > 50, (got_it, refused)
    assert not wrong, "\n".join(str(one) for one in wrong)


def test_every_room_with_subjects_says_which_systems_they_concern() -> None:
    rooms = {(kind[0], kind[1]) for kind in OWNED if kind not in COMMON and kind not in OF_ONESELF}
    assert {one for one in rooms if one not in MATTERS and one[0] not in ABOUT_NONE} == set()


async def _newcomer(living: Living, place: UUID) -> dict[str, str]:
    """Headers of somebody who works there for a system of theirs that was registered today and that nothing has happened to."""
    async with living.db.transaction() as tx:
        system = await make.system(tx, place)
    return await limited_member(living, place, [system])


async def _rows_of(living: Living, place: UUID) -> dict[Kind, list[Subject]]:
    async with living.db.transaction() as tx:
        return {kind: await found_of(tx, kind, place, most=ROWS) for kind in OWNED}


async def _names_by_systems(living: Living, rows: dict[Kind, list[Subject]]) -> list[tuple[frozenset[UUID], str]]:
    """Which systems each number or id of these rows concerns."""
    found = []
    for kind, some in rows.items():
        template = f"/{kind[0]}/{{{kind[1]}}}"
        for one in some:
            if kind[:2] in MATTERS and kind not in OF_ONESELF:
                systems = await _systems(living, template, one)
                found += [(systems, name) for name in names_in({kind: [one]})]
    return found


async def _systems(living: Living, path: str, one: Subject) -> frozenset[UUID]:
    async with living.db.transaction() as tx:
        places = {name: _value(value) for name, value in one.places.items()}
        return await systems_addressed(tx, path, places)


def _value(text_: str) -> object:
    try:
        return UUID(text_)
    except ValueError:
        return text_
