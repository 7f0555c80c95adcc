"""What `make faults` calls broken: a night in which all went well, and each way in which something can be amiss."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.faults.checking import faults_in
from tests.faults.snapshot import Snapshot

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
HOUR = timedelta(hours=1)
INCIDENT, DUTY, RUN, SENT, PLANNED, REPORT = (UUID(int=n) for n in range(1, 7))
ROOT = f"incident/{INCIDENT}"

Night = tuple[Snapshot, list[dict[str, Any]]]


def a_good_night() -> Night:
    """One incident filed, paged, answered and reported; a second message waits for its time."""
    entries = [
        ("incident.filed", ROOT),
        ("obligation.opened", f"{ROOT}/obligation/{DUTY}"),
        ("run.started", f"{ROOT}/run/{RUN}"),
        ("delivery.planned", f"{ROOT}/delivery/{SENT}"),
        ("delivery.sent", f"{ROOT}/delivery/{SENT}"),
        ("delivery.acknowledged", f"{ROOT}/delivery/{SENT}"),
        ("delivery.planned", f"{ROOT}/delivery/{PLANNED}"),
        ("submission.submitted", f"{ROOT}/submission/{REPORT}"),
    ]
    night = Snapshot(
        NOW,
        incidents=[{"id": INCIDENT, "number": "SJ-1"}],
        filings=[{"id": UUID(int=20), "incident_id": INCIDENT, "text": "down fault-run-1"}],
        parts=[{"id": UUID(int=21), "incident_id": INCIDENT}],
        gradings=[{"id": UUID(int=22), "incident_id": INCIDENT}],
        obligations=[
            {
                "id": DUTY,
                "subject": ROOT,
                "incident_id": INCIDENT,
                "rule_id": "chain/city",
                "status": "open",
                "kind": "timed",
                "force": "部门规章",
                "started_at": NOW - 2.5 * HOUR,
                "arose_at": NOW - 2.5 * HOUR,
                "due_at": NOW + 1.5 * HOUR,
                "internal_due_at": None,
                "reminded": ["50"],
                "overdue_at": None,
            }
        ],
        runs=[
            {
                "id": RUN,
                "subject": ROOT,
                "status": "running",
                "next_at": NOW + HOUR,
                "started_at": NOW - HOUR,
                "unbegun": False,
                "unread": 0,
            }
        ],
        deliveries=[
            delivery(SENT, status="sent", sent_at=NOW - HOUR, acknowledged_at=NOW),
            delivery(PLANNED, due_at=NOW + HOUR),
        ],
        attempts=[{"delivery_id": SENT, "attempt": 1, "outcome": "sent", "late": False, "started_at": NOW - HOUR}],
        submissions=[{"id": REPORT, "subject": ROOT, "status": "submitted"}],
        jobs=[job(f"notify.deliver/{PLANNED}", run_at=NOW + HOUR)],
        entries=[
            {"id": UUID(int=100 + n), "at": NOW, "action": action, "subject": subject}
            for n, (action, subject) in enumerate(entries)
        ],
        leaves=[{"entry_id": UUID(int=100 + n)} for n in range(len(entries) - 1)],
        pending=[{"entry_id": UUID(int=100 + len(entries) - 1)}],
    )
    history = [
        {"what": "filing", "marker": "fault-run-1"},
        {"what": "filed", "marker": "fault-run-1", "number": "SJ-1"},
        {"what": "sms", "id": str(SENT), "how": "taken"},
        {"what": "answered", "id": str(SENT), "outcome": "acknowledged"},
        {"what": "reported", "submission": str(REPORT), "means": "fax"},
    ]
    return night, history


def delivery(known: UUID, **more: Any) -> dict[str, Any]:
    return {
        "id": known,
        "key": str(known),
        "subject": ROOT,
        "channel": "sms",
        "status": "waiting",
        "reason": None,
        "purpose": "page",
        "due_at": NOW - HOUR,
        "sent_at": None,
        "acknowledged_at": None,
        "possibly_duplicate": False,
        "bundle_id": None,
        **more,
    }


def job(key: str, **more: Any) -> dict[str, Any]:
    return {
        "id": UUID(int=50),
        "name": key.split("/", maxsplit=1)[0],
        "key": key,
        "queue": "urgent",
        "run_at": NOW,
        "first_run_at": NOW - HOUR,
        "done_at": None,
        "outcome": None,
        "lease_until": None,
        "last_error": None,
        **more,
    }


def test_a_good_night_has_no_fault() -> None:
    assert faults_in(*a_good_night()) == []


def _twice(night: Snapshot, _history: list[dict[str, Any]]) -> None:
    night.filings.append(dict(night.filings[0]))


def _received_again(_night: Snapshot, history: list[dict[str, Any]]) -> None:
    history.append({"what": "sms", "id": str(SENT), "how": "taken"})


def _drop(rows: str, at: int = 0) -> Callable[[Snapshot, Any], None]:
    return lambda night, _history: getattr(night, rows).pop(at)


def _set(rows: str, at: int = 0, **values: Any) -> Callable[[Snapshot, Any], None]:
    return lambda night, _history: getattr(night, rows)[at].update(values)


def _no_entry(action: str) -> Callable[[Snapshot, Any], None]:
    def do(night: Snapshot, _history: Any) -> None:
        night.entries[:] = [{**one, "action": "other"} if one["action"] == action else one for one in night.entries]

    return do


def _entry_twice(action: str) -> Callable[[Snapshot, Any], None]:
    def do(night: Snapshot, _history: Any) -> None:
        (one,) = [each for each in night.entries if each["action"] == action]
        night.entries.append({**one, "id": UUID(int=999)})
        night.leaves.append({"entry_id": UUID(int=999)})

    return do


AMISS: dict[str, tuple[Callable[..., Any], str]] = {
    "an accepted filing is gone": (_drop("filings"), "was accepted as SJ-1 and is lost"),
    "a filing is there twice": (_twice, "was filed 2 times"),
    "a filing lies in another incident": (_set("incidents", number="SJ-2"), "lies elsewhere"),
    "a filing that nobody made": (_set("filings", text="fault-run-9"), "was filed by nobody"),
    "no part": (_drop("parts"), "not whole: part"),
    "no grading": (_drop("gradings"), "not whole: grading"),
    "no run": (_drop("runs"), "not whole: a run"),
    "no entry of the filing": (_no_entry("incident.filed"), "its one entry"),
    "a duty is gone": (_drop("obligations"), "was opened in the ledger and does not exist"),
    "a duty without entry": (_no_entry("obligation.opened"), "no entry of its opening"),
    "a duty told twice": (_entry_twice("obligation.opened"), "was told opened 2 times"),
    "a mark forgotten": (_set("obligations", reminded=[]), "never told 50"),
    "a mark early": (_set("obligations", reminded=["50", "75"]), "reminded of 75 early"),
    "a limit passed unnoticed": (
        _set("obligations", due_at=NOW - HOUR, reminded=["50", "75", "90", "due"]),
        "passed its limit unnoticed",
    ),
    "a timer that did not fire": (_set("runs", next_at=NOW - HOUR), "did not fire"),
    "an answer not read": (_set("runs", unread=1), "has not read 1"),
    "a run never begun": (_set("runs", unbegun=True), "never begun"),
    "a page without a job": (_drop("jobs"), "nothing is going to send it"),
    "a page without entry": (_no_entry("delivery.planned"), "0 entries of its planning"),
    "a page that does not exist": (_drop("deliveries", 1), "was told delivery.planned and does not exist"),
    "sent without entry": (_no_entry("delivery.sent"), "was told sent 0 times"),
    "sent, told, and not recorded": (_set("deliveries", sent_at=None, status="failed"), "was told sent 1 times"),
    "sent before its time": (_set("attempts", started_at=NOW - 2 * HOUR), "tried before its time"),
    "sent, and nobody got it": (lambda _night, history: history.pop(2), "nobody got it"),
    "got twice without doubt": (_received_again, "more often than anybody could be in doubt"),
    "got twice without mark": (_received_again, "nothing says so"),
    "got, and never planned": (
        lambda _night, history: history.append({"what": "sms", "id": str(UUID(int=77)), "how": "taken"}),
        "never planned",
    ),
    "an answer forgotten": (_set("deliveries", acknowledged_at=None), "counts as unanswered"),
    "an answer counted twice": (_entry_twice("delivery.acknowledged"), "was acknowledged 2 times"),
    "a report is gone": (_drop("submissions"), "was taken and is lost"),
    "a report is a draft again": (_set("submissions", status="draft"), "is draft"),
    "a report without entry": (_no_entry("submission.submitted"), "told so 0 times"),
    "work given up": (_set("jobs", outcome="dead", done_at=NOW), "was given up"),
    "work done early": (_set("jobs", outcome="done", done_at=NOW - 2 * HOUR), "early"),
    "work not done": (_set("jobs", run_at=NOW - HOUR), "is not done"),
    "an entry without place": (_drop("leaves"), "have no place"),
    "a place without entry": (lambda night, _history: night.leaves.append({"entry_id": UUID(int=9)}), "have no entry"),
    "two places": (lambda night, _history: night.leaves.append(night.leaves[0]), "have two places"),
    "the auditor found something": (
        lambda night, _history: night.findings.append({"kind": "run", "what": "", "due_at": NOW, "found_at": NOW}),
        "the auditor says of run",
    ),
}


@pytest.mark.parametrize("case", AMISS)
def test_what_is_amiss_is_named(case: str) -> None:
    night, history = deepcopy(a_good_night())
    spoil, words = AMISS[case]
    spoil(night, history)
    found = faults_in(night, history)
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize(("outcome", "late"), [(None, False), ("unknown", False), ("sent", True)])
def test_in_doubt_a_message_may_come_twice_if_it_is_marked(outcome: str | None, late: bool) -> None:
    """The process died, the provider did not answer, or the lease ran out before the outcome was known."""
    night, history = a_good_night()
    _received_again(night, history)
    night.attempts.append(
        {"delivery_id": SENT, "attempt": 2, "outcome": outcome, "late": late, "started_at": NOW - HOUR}
    )
    night.deliveries[0]["possibly_duplicate"] = True
    assert faults_in(night, history) == []


def test_what_was_planned_after_the_rows_were_read_is_not_judged() -> None:
    night, history = a_good_night()
    later = UUID(int=(int(NOW.timestamp() * 1_000) + 5_000) << 80 | 7 << 76 | 2 << 62)
    history.append({"what": "sms", "id": str(later), "how": "taken"})
    assert faults_in(night, history) == []
