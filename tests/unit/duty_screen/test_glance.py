"""What a passer-by sees on the wall, and when it sounds."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from irm.duty_screen.glance import Case, Limit, glance
from irm.duty_screen.policy import screen_policy

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
HOUR = timedelta(hours=1)


def look(**more: Any) -> Any:
    calm: dict[str, Any] = {
        "now": NOW,
        "cases": (),
        "exercises": 0,
        "limits": (),
        "pages": 0,
        "on_duty": True,
        "until": None,
        "sending": True,
        "sounds_from": 2,
        "most": 3,
    }
    return glance(**(calm | more))


def test_a_calm_night_is_silent() -> None:
    found = look()
    assert (found.incidents, found.sounds, found.levels) == (0, (), ((1, 0), (2, 0), (3, 0), (4, 0)))


def test_a_grave_incident_sounds_until_somebody_has_it_in_hand() -> None:
    case = Case(uuid4(), 2, confirmed=False)
    assert look(cases=[case]).sounds == ("grave",)
    assert look(cases=[Case(case.id, 2, confirmed=True)]).sounds == ()
    assert look(cases=[Case(case.id, 3, confirmed=False)]).sounds == (), "a milder one does not"
    assert look(cases=[Case(case.id, 3, confirmed=False)], sounds_from=3).sounds == ("grave",), (
        "the city says from where"
    )


def test_a_page_that_waits_sounds_whatever_it_is_about() -> None:
    assert look(pages=1).sounds == ("page",)


def test_limits_stand_once_for_each_number_the_longest_over_first() -> None:
    limits = [
        Limit("SJ-2", NOW + 2 * HOUR),
        Limit("SJ-1", NOW + HOUR),
        Limit("SJ-1", NOW - HOUR),
        Limit("", NOW + 3 * HOUR),
        Limit("SJ-9", NOW + 9 * HOUR),
    ]
    found = look(limits=limits)
    assert [(one.number, one.n) for one in found.limits] == [("SJ-1", 2), ("SJ-2", 1), ("", 1)]
    assert found.limits[0].due_at == NOW - HOUR
    assert found.overdue == 1


def test_the_citys_figures_are_readable() -> None:
    assert screen_policy().stale_after_seconds > screen_policy().asks_every_seconds
