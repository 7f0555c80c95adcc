from datetime import UTC, datetime, timedelta
from uuid import UUID

from irm.incidents.shares import Concerned, involve

KNOWN = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
RECEIVED = KNOWN + timedelta(minutes=11)
AUTHORITY, VENDOR, UNIT, OTHER, ELSEWHERE = (UUID(int=n) for n in range(1, 6))
SYSTEM = Concerned(UUID(int=100), operator=UNIT, owner=UNIT, users=frozenset({OTHER}), maintainers=frozenset({VENDOR}))
KINDS = {AUTHORITY: "cloud_authority", VENDOR: "vendor", UNIT: "using_unit", OTHER: "using_unit"}
JOINED = frozenset({AUTHORITY, VENDOR, UNIT, OTHER})


def parts(*systems: Concerned, filer: UUID, joined: frozenset[UUID] = JOINED) -> dict[UUID, tuple[str, ...]]:
    found = involve(
        systems,
        filer=filer,
        known_at=KNOWN,
        received_at=RECEIVED,
        authorities={AUTHORITY},
        joined=joined,
        kinds=KINDS,
    )
    for one in found:
        stated = one.organization == filer
        assert (one.known_at, one.basis) == ((KNOWN, "stated") if stated else (RECEIVED, "notified"))
    return {one.organization: one.roles for one in found}


def test_everybody_behind_the_system_gets_a_part() -> None:
    assert parts(SYSTEM, filer=VENDOR) == {
        AUTHORITY: ("cloud_authority",),
        UNIT: ("operator", "owner", "using_unit"),
        OTHER: ("using_unit",),
        VENDOR: ("maintainer", "vendor", "reporter"),
    }


def test_without_a_system_filer_and_authority_remain() -> None:
    assert parts(filer=UNIT) == {AUTHORITY: ("cloud_authority",), UNIT: ("using_unit", "reporter")}


def test_the_authority_files_itself() -> None:
    assert parts(filer=AUTHORITY) == {AUTHORITY: ("cloud_authority", "reporter")}


def test_who_has_not_joined_gets_no_part() -> None:
    assert UNIT not in parts(SYSTEM, filer=VENDOR, joined=JOINED - {UNIT})
    assert ELSEWHERE not in parts(filer=ELSEWHERE)


def test_systems_add_up_in_one_part() -> None:
    second = Concerned(UUID(int=101), operator=UNIT, owner=AUTHORITY)
    found = involve(
        [SYSTEM, second],
        filer=UNIT,
        known_at=KNOWN,
        received_at=RECEIVED,
        authorities={AUTHORITY},
        joined=JOINED,
        kinds=KINDS,
    )
    assert next(one for one in found if one.organization == UNIT).systems == {SYSTEM.id, second.id}
