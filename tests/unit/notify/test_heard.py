"""What a synthetic message proves, and when it has not come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from irm.notify.heard import Heard, Sent, Verdict, judged

AT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
WITHIN = timedelta(minutes=4)
SECOND = timedelta(seconds=1)


def verdict(after: timedelta, **sent: object) -> Verdict | None:
    given_: dict[str, object] = {"status": "waiting", "sent_at": None, "answered_at": None, "echo": False}
    return judged(Sent(AT, **(given_ | sent)), now=AT + after, within=WITHIN)


@pytest.mark.parametrize(
    ("sent", "how"),
    [
        ({"status": "sent", "sent_at": AT + SECOND}, Heard.ACCEPTED),
        ({"status": "delivered", "sent_at": AT + SECOND}, Heard.RECEIVED),
        ({"status": "sent", "sent_at": AT + SECOND, "answered_at": AT + 2 * SECOND, "echo": True}, Heard.ANSWERED),
        ({"status": "waiting", "answered_at": AT + WITHIN, "echo": True}, Heard.ANSWERED),
    ],
)
def test_no_more_is_said_than_was_proven(sent: dict[str, object], how: Heard) -> None:
    found = verdict(WITHIN, **sent)
    assert found is not None
    assert found.how == how


def test_what_is_expected_back_is_not_heard_by_being_taken() -> None:
    taken: dict[str, object] = {"status": "delivered", "sent_at": AT + SECOND, "echo": True}
    assert verdict(WITHIN, **taken) is None, "it still has time"
    assert verdict(WITHIN + SECOND, **taken) == Verdict(Heard.NOT)


@pytest.mark.parametrize("status", ["waiting", "sending", "failed", "skipped", "cancelled"])
def test_what_did_not_go_has_its_time_and_then_is_missed(status: str) -> None:
    assert verdict(WITHIN, status=status) is None
    assert verdict(WITHIN + SECOND, status=status) == Verdict(Heard.NOT)


def test_late_is_not_heard() -> None:
    assert verdict(WITHIN + 2 * SECOND, status="sent", sent_at=AT + WITHIN + SECOND) == Verdict(Heard.NOT)
    back: dict[str, object] = {"status": "sent", "sent_at": AT, "echo": True, "answered_at": AT + WITHIN + SECOND}
    assert verdict(WITHIN + 2 * SECOND, **back) == Verdict(Heard.NOT)


MOMENTS = st.none() | st.integers(0, 600).map(lambda seconds: AT + seconds * SECOND)


@given(
    st.sampled_from(["waiting", "sending", "sent", "delivered", "failed"]), MOMENTS, MOMENTS, st.booleans(), st.data()
)
def test_once_judged_it_stays_judged(
    status: str, sent_at: datetime | None, answered_at: datetime | None, echo: bool, data: st.DataObject
) -> None:
    sent = Sent(AT, status, sent_at if status in ("sent", "delivered") else None, answered_at, echo=echo)
    if status in ("sent", "delivered") and sent_at is None:
        return
    early, more = data.draw(st.integers(600, 900)), data.draw(st.integers(0, 900))
    first = judged(sent, now=AT + early * SECOND, within=WITHIN)
    assert first is not None
    assert judged(sent, now=AT + (early + more) * SECOND, within=WITHIN) == first
