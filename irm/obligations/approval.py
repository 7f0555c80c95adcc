"""Who is asked to approve a report, and whether it may leave before anybody has (先报后批). Pure.

All moments are of one clock: the wall's, or in a drill the drill's. `standing` is the whole truth about one report at one
moment; docs/approvals.md prints its table, and a test holds every line of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID


class Verdict(StrEnum):
    FREE = "free"
    """The city asks for no approval of this form by this organization."""
    APPROVED = "approved"
    ASK = "ask"
    """Nobody was asked yet about this text."""
    WAIT = "wait"
    """Somebody is asked; a standing authorization is on record and its moment has not come."""
    FETCH = "fetch"
    """Somebody is asked and no authorization is on record: the approvers must be fetched."""
    AUTHORIZED = "authorized"
    """It may leave under the standing authorization; the signature is owed afterwards."""
    UNSIGNED = "unsigned"
    """No authorization, but this form never waits for a signature: it may leave, and the signature is owed afterwards."""
    CORRECT = "correct"
    """An approver gave exactly this text back: it is corrected first."""

    @property
    def may_leave(self) -> bool:
        return self in (Verdict.FREE, Verdict.APPROVED, Verdict.AUTHORIZED, Verdict.UNSIGNED)

    @property
    def is_before_approval(self) -> bool:
        """It may leave, and the signature is then owed."""
        return self in (Verdict.AUTHORIZED, Verdict.UNSIGNED)


@dataclass(frozen=True)
class Rung:
    """One step of the chain: who is asked, for how long before the next one is asked too."""

    role: str
    within: timedelta
    people: tuple[UUID, ...] = ()
    """Nobody: this rung takes no time."""


@dataclass(frozen=True)
class Question:
    """What decides whether a report may leave now."""

    needed: bool
    """The city asks for an approval."""
    never_waits: bool
    """An initial report is owed by law; a signature is the city's own matter."""
    approved: bool
    returned: bool
    asked: bool
    authorized: bool
    """A standing authorization for this form is on record and in force."""
    exhausted: bool
    half_gone: bool


def verdict(of: Question) -> Verdict:
    if not of.needed:
        return Verdict.FREE
    if of.approved:
        return Verdict.APPROVED
    if of.returned:
        return Verdict.CORRECT
    is_time = of.exhausted or of.half_gone
    if is_time and of.authorized:
        return Verdict.AUTHORIZED
    if is_time and of.never_waits:
        return Verdict.UNSIGNED
    if not of.asked:
        return Verdict.ASK
    return Verdict.WAIT if of.authorized else Verdict.FETCH


def begins(rungs: Sequence[Rung], asked_at: datetime) -> tuple[datetime, ...]:
    """When each rung is asked; one moment more than there are rungs: when the chain is exhausted."""
    moments = [asked_at]
    for rung in rungs:
        moments.append(moments[-1] + (rung.within if rung.people else timedelta(0)))
    return tuple(moments)


def asked_rung(rungs: Sequence[Rung], asked_at: datetime, now: datetime) -> int | None:
    """Which rung has its time now; None: the chain is exhausted. Before it began: the first that has anybody."""
    moments = begins(rungs, asked_at)
    for place, rung in enumerate(rungs):
        if rung.people and now < moments[place + 1]:
            return place
    return None


def half_of(started_at: datetime, due_at: datetime) -> datetime:
    return started_at + (due_at - started_at) / 2


def print_of(form: str, items: Mapping[str, Any]) -> str:
    """SHA-256 of what is approved: the form and its items, without blanks around them and without empty ones.

    The official document number, the means and the files that go with it are no part of it.
    """
    lines = [form]
    for key in sorted(items):
        text = str(items[key] or "").replace("\r\n", "\n").strip()
        if text:
            lines.append(f"{key}\x1f{text}")
    return sha256("\x1e".join(lines).encode()).hexdigest()
