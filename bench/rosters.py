"""Five hundred rosters worked out for ninety days, in seconds of one core: `python -m bench.rosters`.

Each has a day and a night layer, somebody standing by and a leader, somebody on leave and two overrides; nothing is stored.
"""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from bench.house import Found, tell
from bench.pure import seconds
from irm.notify.roster import SHANGHAI, gaps
from irm.notify.rosters.rotation import Rotation, Seat
from irm.notify.rosters.working_out import Definition, Leave, Override, Turn, worked_out
from irm.rules.workdays import WorkCalendar

ROSTERS: Final = 500
DAYS: Final = timedelta(days=90)
FROM: Final = date(2026, 9, 1)
BEGINS: Final = datetime(2026, 11, 23, tzinfo=SHANGHAI)
HOUR: Final = timedelta(hours=1)


def roster(number: int) -> Definition:
    people = [UUID(int=number * 100 + each + 1) for each in range(9)]
    seats = tuple((Seat(each),) for each in people)
    leave = Leave(people[1], BEGINS + 240 * HOUR, BEGINS + 480 * HOUR)
    swapped = (BEGINS + 24 * HOUR, BEGINS + 32 * HOUR)
    return Definition(
        (
            Rotation("day", FROM, seats[:5], starts="08:00", ends="20:00"),
            Rotation("night", FROM, seats[2:6], starts="20:00", ends="08:00"),
            Rotation("backup", FROM, seats[5:8], unit="week"),
            Rotation("leader", FROM, seats[6:], days="working", unit="week"),
        ),
        leaves=(leave,),
        overrides=(
            Override("replace", "day", *swapped, Seat(people[4])),
            Override("add", "backup", *swapped, Seat(people[8])),
        ),
    )


def measure() -> list[Found]:
    rosters = [roster(number) for number in range(ROSTERS)]
    calendar = WorkCalendar(frozenset({2026, 2027}))
    turns: list[Turn] = []

    def all_of_them() -> None:
        turns.clear()
        for each in rosters:
            turns.extend(worked_out(each, BEGINS, BEGINS + DAYS, calendar))

    took = seconds(all_of_them)
    holes = sum(len(gaps(worked_out(each, BEGINS, BEGINS + DAYS, calendar), BEGINS, BEGINS + DAYS)) for each in rosters)
    words = f"{took:.2f} s for {len(turns):,} turns, {holes} gaps"
    return [tell("", f"{ROSTERS} rosters for {DAYS.days} days", took, words, floor="1 s", most=1)]


if __name__ == "__main__":
    measure()
