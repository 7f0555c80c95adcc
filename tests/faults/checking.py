"""What must hold after a fault run, whatever was done to irm (DESIGN §11, promises 1 to 3). Pure: a snapshot of the database
against what the clients were answered and what the receivers got."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from irm.obligations import owed
from irm.obligations.policy import entry_policy, standing_of
from tests.faults.receivers import REFUSED, TAKEN
from tests.faults.snapshot import Row, Snapshot

UNDER_WAY: Final = timedelta(seconds=1)
"""The town goes on while it is judged: what was planned so shortly before the rows were read may not stand in them yet."""

MARKER: Final = re.compile(r"fault-run-\d+")
SLACK: Final = timedelta(seconds=5)
"""Between a moment and what a working irm has surely done about it."""
SENDS: Final = {"sms", "email"}
HANDED_OVER: Final = {"submitted", "receipted", "refused", "returned"}
Lines = Sequence[dict[str, Any]]


def faults_in(it: Snapshot, history: Lines) -> list[str]:
    checks: tuple[Callable[[Snapshot, Lines], Iterator[str]], ...] = (
        filings, duties, runs, messages, receivers, answers, reports, work, ledger, findings,
    )  # fmt: skip
    return [f"{check.__name__}: {fault}" for check in checks for fault in check(it, history)]


def _of(history: Lines, what: str) -> list[dict[str, Any]]:
    return [line for line in history if line["what"] == what]


def _entries(it: Snapshot) -> Counter[tuple[str, str]]:
    return Counter((one["action"], one["subject"]) for one in it.entries)


def filings(it: Snapshot, history: Lines) -> Iterator[str]:
    """Every filing that was answered with 2xx exists once and whole; every other one at most once, and whole."""
    by_marker: dict[str, list[Row]] = defaultdict(list)
    for row in it.filings:
        if (found := MARKER.search(row["text"])) is not None:
            by_marker[found[0]].append(row)
    numbers = {one["id"]: one["number"] for one in it.incidents}
    sent = {line["marker"] for line in _of(history, "filing")}
    for line in _of(history, "filed"):
        rows = by_marker.get(line["marker"], [])
        if not rows:
            yield f"{line['marker']} was accepted as {line['number']} and is lost"
        elif numbers.get(rows[0]["incident_id"]) != line["number"]:
            yield f"{line['marker']} was accepted as {line['number']} and lies elsewhere"
    for marker, rows in by_marker.items():
        if len(rows) > 1:
            yield f"{marker} was filed {len(rows)} times"
        if marker not in sent:
            yield f"{marker} was filed by nobody"
    yield from _wholes(it, [rows[0]["incident_id"] for rows in by_marker.values()])


def _wholes(it: Snapshot, incidents: Sequence[Any]) -> Iterator[str]:
    entries = _entries(it)
    numbers = {one["id"]: one["number"] for one in it.incidents}
    has = {
        name: Counter(row["incident_id"] for row in rows)
        for name, rows in (("part", it.parts), ("grading", it.gradings))
    }
    rules: dict[Any, set[str]] = defaultdict(set)
    for row in it.obligations:
        rules[row["incident_id"]].add(row["rule_id"])
    begun = Counter("/".join(row["subject"].split("/")[:2]) for row in it.runs)
    usual = Counter(frozenset(rules[one]) for one in incidents).most_common(1)
    for one in incidents:
        lacks = [name for name, count in has.items() if not count[one]]
        if entries["incident.filed", f"incident/{one}"] != 1:
            lacks.append("its one entry")
        if not begun[f"incident/{one}"]:
            lacks.append("a run")
        lacks += sorted(usual[0][0] - rules[one])
        if lacks:
            yield f"incident {numbers.get(one)} is not whole: {', '.join(lacks)}"


def duties(it: Snapshot, _history: Lines) -> Iterator[str]:
    """No obligation lost or doubled; no mark, limit or reminder early or forgotten."""
    entries = _entries(it)
    paths = {f"{row['subject']}/obligation/{row['id']}" for row in it.obligations}
    for row in it.obligations:
        path = f"{row['subject']}/obligation/{row['id']}"
        for action, most in (("opened", 1), ("due_soon", 1), ("overdue", 1)):
            if entries[f"obligation.{action}", path] > most:
                yield f"{path} was told {action} {entries[f'obligation.{action}', path]} times"
        if not entries["obligation.opened", path]:
            yield f"{path} has no entry of its opening"
        yield from _clock_of(it, row, path)
    opened = {subject for action, subject in entries if action == "obligation.opened"}
    for path in sorted(opened - paths):
        yield f"{path} was opened in the ledger and does not exist"
    due = {f"{row['subject']}/obligation/{row['id']}": row["due_at"] for row in it.obligations}
    for one in it.entries:
        if one["action"] == "obligation.overdue" and (at := due.get(one["subject"])) is not None and one["at"] < at:
            yield f"{one['subject']} was told overdue before its limit"


def _clock_of(it: Snapshot, row: Row, path: str) -> Iterator[str]:
    if row["status"] != "open":
        return
    term = owed.Term(
        row["kind"],
        standing_of(row["force"]),
        row["started_at"],
        row["arose_at"],
        row["due_at"],
        row["internal_due_at"],
    )
    marks = owed.marks(term, entry_policy().clocks)
    for mark in marks:
        if mark.at > it.now and mark.name in row["reminded"]:
            yield f"{path} was reminded of {mark.name} early"
    forgotten = owed.marks_due(term, entry_policy().clocks, row["reminded"], it.now - SLACK)
    if forgotten:
        yield f"{path} was never told {', '.join(mark.name for mark in forgotten)}"
    if row["overdue_at"] is None and owed.is_overdue(term, it.now - SLACK):
        yield f"{path} passed its limit unnoticed"


def runs(it: Snapshot, _history: Lines) -> Iterator[str]:
    entries = _entries(it)
    for row in it.runs:
        path = f"{row['subject']}/run/{row['id']}"
        if entries["run.started", path] != 1:
            yield f"{path} has {entries['run.started', path]} entries of its start"
        if row["status"] != "running":
            continue
        if row["unbegun"] and row["started_at"] < it.now - SLACK:
            yield f"{path} was never begun"
        if row["next_at"] is not None and row["next_at"] < it.now - SLACK:
            yield f"{path} has a timer of {row['next_at']} that did not fire"
        if row["unread"]:
            yield f"{path} has not read {row['unread']} of what it was told"


def messages(it: Snapshot, _history: Lines) -> Iterator[str]:
    """Each planned message is told in the ledger, leaves in its time, and says truly that it was sent."""
    entries = _entries(it)
    live = {row["key"] for row in it.jobs if row["done_at"] is None}
    attempts: dict[Any, list[Row]] = defaultdict(list)
    for each in it.attempts:
        attempts[each["delivery_id"]].append(each)
    for row in it.deliveries:
        path = f"{row['subject']}/delivery/{row['id']}"
        told = {action: entries[f"delivery.{action}", path] for action in ("planned", "skipped", "would_have", "sent")}
        if not (told["planned"] or told["skipped"] or told["would_have"]) or told["planned"] > 1:
            yield f"{path} has {told['planned']} entries of its planning"
        if told["sent"] != (row["sent_at"] is not None):
            yield f"{path} is {row['status']} and was told sent {told['sent']} times"
        if row["status"] in {"waiting", "sending"}:
            carrier = f"bundle/{row['bundle_id']}" if row["bundle_id"] else row["id"]
            if f"notify.deliver/{carrier}" not in live:
                yield f"{path} is {row['status']} and nothing is going to send it"
        for each in attempts[row["id"]]:
            if each["started_at"] < row["due_at"]:
                yield f"{path} was tried before its time"
    for action, subject in entries:
        if action.startswith("delivery.") and subject.rpartition("/")[2] not in _ids(it.deliveries):
            yield f"{subject} was told {action} and does not exist"


_seen: dict[int, frozenset[str]] = {}


def _ids(rows: list[Row]) -> frozenset[str]:
    """Of one list it is asked very often."""
    key = id(rows)
    if key not in _seen:
        _seen.clear()
        _seen[key] = frozenset(str(row["id"]) for row in rows)
    return _seen[key]


def _planned_at(known: str) -> datetime:
    """By the milliseconds of its id (RFC 9562 version 7)."""
    return datetime.fromtimestamp((UUID(known).int >> 80) / 1_000, UTC)


def receivers(it: Snapshot, history: Lines) -> Iterator[str]:
    """What was sent was received; what was received was to be sent; twice only where nobody could know, and then marked."""
    got: Counter[str] = Counter()
    surely: set[str] = set()
    for line in (*_of(history, "sms"), *_of(history, "mail")):
        if line["how"] != REFUSED:
            got[line["id"]] += 1
        if line["how"] == TAKEN:
            surely.add(line["id"])
    carried: dict[str, list[Row]] = defaultdict(list)
    for row in it.deliveries:
        carried[str(row["bundle_id"] or row["id"])].append(row)
        if row["channel"] in SENDS and row["status"] in {"sent", "delivered"}:
            known = str(row["bundle_id"] or row["id"])
            if known not in surely:
                yield f"delivery {row['id']} counts as sent and nobody got it"
    unsure = Counter(
        each["delivery_id"] for each in it.attempts if each["late"] or each["outcome"] in {None, "unknown"}
    )
    for known, times in got.items():
        rows = carried.get(known, [])
        if not rows:
            if len(known) == len("01939a3e-0000-7000-8000-000000000000") and _planned_at(known) < it.now - UNDER_WAY:
                yield f"{known} was received and was never planned"
            continue
        if times > 1 and not any(row["possibly_duplicate"] for row in rows):
            yield f"{known} was received {times} times, and nothing says so"
        if times - 1 > max(unsure[row["id"]] for row in rows):
            yield f"{known} was received {times} times, more often than anybody could be in doubt"


def answers(it: Snapshot, history: Lines) -> Iterator[str]:
    """An acknowledgement that was taken counts, once."""
    answered = {str(row["bundle_id"] or row["id"]) for row in it.deliveries if row["acknowledged_at"] is not None}
    for line in _of(history, "answered"):
        if line["outcome"] == "acknowledged" and line["id"] not in answered:
            yield f"{line['id']} was acknowledged and counts as unanswered"
    for (action, subject), times in _entries(it).items():
        if action == "delivery.acknowledged" and times > 1:
            yield f"{subject} was acknowledged {times} times"


def reports(it: Snapshot, history: Lines) -> Iterator[str]:
    """A report that was taken is handed over, or irm says that it could not be."""
    entries = _entries(it)
    by_id = {str(row["id"]): row for row in it.submissions}
    said = Counter(
        subject.rpartition("/")[2] for action, subject in entries.elements() if action == "submission.submitted"
    )
    tried = {subject.rpartition("/")[2] for action, subject in entries if action == "submission.not_sent"}
    for line in _of(history, "reported"):
        row = by_id.get(line["submission"])
        if row is None:
            yield f"report {line['submission']} was taken and is lost"
        elif row["status"] not in HANDED_OVER and line["means"] == "fax":
            yield f"report {line['submission']} was handed over by fax and is {row['status']}"
        elif row["status"] not in HANDED_OVER and line["submission"] not in tried and row["status"] == "draft":
            yield f"report {line['submission']} was given to the mail and is a draft again without a word"
    for row in it.submissions:
        if row["status"] in HANDED_OVER and said[str(row["id"])] != 1:
            yield f"report {row['id']} is {row['status']} and was told so {said[str(row['id'])]} times"


def work(it: Snapshot, _history: Lines) -> Iterator[str]:
    for row in it.jobs:
        if row["outcome"] == "dead":
            yield f"{row['name']} {row['id']} was given up: {row['last_error']}"
        if row["done_at"] is not None and row["outcome"] == "done" and row["done_at"] < row["first_run_at"]:
            yield f"{row['name']} {row['id']} was done {row['first_run_at'] - row['done_at']} early"
        is_free = row["lease_until"] is None or row["lease_until"] < it.now
        if row["done_at"] is None and row["run_at"] < it.now - 6 * SLACK and is_free and row["queue"] != "bulk":
            yield f"{row['name']} {row['id']} was due at {row['run_at']} and is not done"


def ledger(it: Snapshot, _history: Lines) -> Iterator[str]:
    """Every entry has its place in the tree, and every place its entry."""
    known = {row["id"] for row in it.entries}
    placed = Counter(row["entry_id"] for row in it.leaves)
    waiting = {row["entry_id"] for row in it.pending}
    if missing := known - placed.keys() - waiting:
        yield f"{len(missing)} entries have no place and wait for none"
    if alien := placed.keys() - known:
        yield f"{len(alien)} places have no entry"
    if twice := [one for one, times in placed.items() if times > 1]:
        yield f"{len(twice)} entries have two places"
    if both := waiting & placed.keys():
        yield f"{len(both)} entries wait for a place that they have"


def findings(it: Snapshot, _history: Lines) -> Iterator[str]:
    """irm's own auditor has nothing left to say."""
    for row in it.findings:
        yield f"the auditor says of {row['kind']} {row['what']}: due at {row['due_at']}, found at {row['found_at']}"
