"""Reports that wait for an approver, by what is asked: the page that called him only asks whether it arrived."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from irm.access.policy import Principal
from irm.db import Tx
from irm.exercise import clocks_of
from irm.exercise_clock import ExerciseClock
from irm.i18n import LOCALES, translator
from irm.obligations.approval_sight import Asked, asked_of, is_called, requests_at, waiting_for
from irm.overview.board import Need, Texts

PLACE: Final = "/approvals/"
CALLS: Final = frozenset({"page", "unanswered", "unreached"})


async def with_approvals(tx: Tx, principal: Principal, needs: Sequence[Need]) -> list[Need]:
    """What waits for the reader's own word stands once, with its answer; calls to others say what they are asked.

    A signature that is owed afterwards is a duty and stands among them."""
    waiting = [row for row in await waiting_for(tx, principal) if row.left_by is None]
    own = await asked_of(tx, [row for row in waiting if is_called(row, principal.person_id)])
    here = {one.page for one in own}
    calls = {need.href for need in needs if need.kind in CALLS and need.href.startswith(PLACE)}
    others = await asked_of(tx, await requests_at(tx, principal, [UUID(each.removeprefix(PLACE)) for each in calls]))
    titles = {one.page: _titles(one) for one in others}
    kept = [
        replace(need, title=titles[need.href]) if need.kind in CALLS and need.href in titles else need
        for need in needs
        if need.kind != "page" or need.href not in here
    ]
    clocks = await clocks_of(tx, {one.subject for one in own if one.exercise})
    return [*kept, *(_need(one, clocks.get(one.subject)) for one in own)]


def _titles(one: Asked) -> Texts:
    return {each: one.title(translator(each)) for each in LOCALES}


def _need(one: Asked, pace: ExerciseClock | None) -> Need:
    return Need(
        "approval",
        one.id,
        _titles(one),
        one.about,
        one.page,
        one.asked_at,
        one.severity,
        started_at=one.asked_at,
        due_at=one.limit_at,
        acute=True,
        exercise=one.exercise,
        pace=pace,
    )
