"""Fifty incidents in a minute, one of them 特别重大: it rings at once and alone, the rest together (issue 4, story 7)."""

from irm.clock import FixedClock
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.night.city import HTML, City

MANY = 50
GRAVEST = 30
EVERYBODY = 100_000_000
"""Personal records: 特别重大 by the annex."""


async def test_the_gravest_rings_first_and_alone_the_rest_come_together_and_the_board_stays_readable(
    city: City, clock: FixedClock, reachable: Outside, drain: Drain
) -> None:
    numbers: list[str] = []
    for each in range(MANY):
        grave = {"facts": {"personal_records_leaked": EVERYBODY}} if each == GRAVEST else {}
        # Nothing but the target is known of the others: an address that the register does not know.
        target = {"kind": "unknown"} if each != GRAVEST else {"kind": "system", "system": "app-0"}
        where = await city.files(city.officer, title=f"host {each}", target=target, **grave)
        numbers.append(where.rpartition("/")[2])
        if each == GRAVEST:
            # Twenty-nine wait for their messages; not a second passes before this one is out.
            await drain()
            rang = [one for one in reachable.expect.forget() if one.phone == city.officer.telephone]
            alone = [one for one in rang if numbers[GRAVEST] in one.content]
            assert alone
            assert "起事件" not in alone[0].content, "it shares its message with no other"
            assert len(rang) < GRAVEST
        else:
            clock.tick(seconds=1)
    clock.tick(seconds=30)
    await drain()
    rest = [one for one in reachable.expect.forget() if one.phone == city.officer.telephone]
    assert len(rest) < MANY // 4, "what is not grave goes together"
    board = (await (await city.as_(city.officer)).get("/", headers=HTML)).text
    others = [board.index(one) for one in numbers if one != numbers[GRAVEST] and one in board]
    assert board.index(numbers[GRAVEST]) < min(others), "the gravest stands first"
    assert "further" in board, "the rest is folded"
