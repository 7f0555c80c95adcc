"""Who can be reached, judged from weekly proofs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from irm.notify.reaching import Asked, judged

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
OFFICER, LEADER = UUID(int=1), UUID(int=2)
WEEK = timedelta(weeks=1)


def asked(weeks_ago: int, channel: str = "sms", means: str | None = None, who: UUID = OFFICER) -> Asked:
    at = NOW - weeks_ago * WEEK
    return Asked(who, channel, at, "sent", at + timedelta(hours=1) if means else None, means)


def test_who_answered_by_the_channel_itself_is_reached() -> None:
    [found] = judged([asked(1, means="sms_reply"), asked(0)], [OFFICER])
    assert found.proven_at == NOW - WEEK + timedelta(hours=1)
    assert [(way.channel, way.in_vain) for way in found.ways] == [("sms", 1)]
    assert not found.is_lost(NOW, 1), "he has answered a week ago"


def test_who_confirms_inside_irm_has_not_shown_that_the_sms_came() -> None:
    [found] = judged([asked(0, means="page")], [OFFICER])
    assert found.proven_at is None
    assert found.ways[0].in_vain == 1


def test_lost_is_who_is_silent_for_so_many_weeks_on_every_channel() -> None:
    silent = [asked(week, channel) for week in range(3) for channel in ("sms", "email")]
    [found] = judged(silent, [OFFICER])
    assert found.is_lost(NOW, 3)
    assert not found.is_lost(NOW, 4)
    [one_answers] = judged([*silent[1:], asked(0, "sms", "sms_reply")], [OFFICER])
    assert not one_answers.is_lost(NOW, 3)


def test_a_channel_that_is_new_is_not_lost_after_one_week_and_nor_is_its_person() -> None:
    [found] = judged([*(asked(week) for week in range(5)), asked(0, "wecom")], [OFFICER])
    assert not found.is_lost(NOW, 3)


def test_only_who_is_on_a_roster_is_judged() -> None:
    found = judged([asked(0), asked(0, who=LEADER)], [LEADER])
    assert [each.person_id for each in found] == [LEADER]
    assert judged([], [OFFICER]) == []
