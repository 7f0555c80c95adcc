"""Planned changes of the made-up year: announced, agreed or returned, carried out, tested anew, some called off."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from irm.db import Tx
from irm.demo.past import Act, Past
from irm.demo.reporting import hand_over, receipt
from irm.evidence.service import attach
from irm.obligations.queries import obligations_of, submissions_of
from irm.oversight import queries as changes, service as oversight
from irm.oversight.change_subjects import path_of
from irm.oversight.service import NewChange

RETEST: Final = "assessment_report"
NOTICE: Final = "change_notice"
LATE: Final = "late"


def add_changes(past: Past, story: Mapping[str, Any]) -> None:
    for one in story["changes"]:
        told = {**one, "file": story["files"]["change"]}
        past.add(past.working(one["days"], "09:40"), f"change {one['title']}", _changed(past, told, story["retested"]))


def _changed(past: Past, one: Mapping[str, Any], retested: str) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        by = await past.principal(tx, one["by"])
        start = past.moment(one["days"] - one["ahead"], "22:00")
        change = await oversight.plan_change(
            tx,
            NewChange(
                title=one["title"],
                system_id=past.city.systems["platform"],
                by_id=past.city.organizations[past.city.homes[one["by"]]],
                planned_start=start,
                planned_until=start + timedelta(hours=5),
                kind=one["kind"],
                risk=one["risk"],
                is_major=one["major"],
                detail=one["detail"],
                contact=f"{by.name} 000-00000011",
            ),
            actor=by.actor,
            now=now,
        )
        if one["answer"] != "none":
            past.add(now + timedelta(hours=2), f"plan of {one['title']}", _plan_handed(past, change, one))
            returned = one["answer"] == "returned"
            answer = _plan_answered(past, change, note=one["note"] if returned else "")
            past.add(now + timedelta(hours=7), f"answer {one['title']}", answer)
            if returned:
                past.add(now + timedelta(days=1), f"again {one['title']}", _plan_handed(past, change, one))
                past.add(now + timedelta(days=1, hours=5), f"answer {one['title']}", _plan_answered(past, change))
        if one.get("end") == "cancelled":
            past.add(now + timedelta(days=4), f"cancelled {one['title']}", _called_off(past, change, one))
        elif "end" in one:
            past.add(start + timedelta(hours=6), f"done {one['title']}", _done(past, change, one))
        if one.get("tell") == LATE:
            past.add(start + timedelta(hours=3), f"told late {one['title']}", _told(past, change, one))
        if "retested" in one:
            at = past.working(one["retested"], "16:20")
            past.add(at, f"tested anew {one['title']}", _tested_anew(past, change, retested))

    return act


def _plan_handed(past: Past, change: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by, now = await past.principal(tx, one["by"]), past.clock.now()
        found = await changes.change_by_id(tx, change)
        await attach(
            tx,
            await past.file(one["file"].format(title=found.title)),
            subject=path_of(change),
            organization_id=found.by_id,
            account_id=by.account_id,
            actor=by.actor,
            now=now,
        )
        await oversight.hand_in_plan(tx, change, text=one["detail"], actor=by.actor, now=now)
        if one.get("tell") is True:
            await _told(past, change, one)(tx)

    return act


def _told(past: Past, change: UUID, one: Mapping[str, Any]) -> Act:
    """The using units hear of it, and say so within the day; who is `silent` has not yet."""

    async def act(tx: Tx) -> None:
        by, now = await past.principal(tx, one["by"]), past.clock.now()
        await oversight.tell_users(tx, change, text=one["detail"], actor=by.actor, now=now)
        silent = {past.city.organizations[code] for code in one.get("silent", ())}
        notices = [each for each in await submissions_of(tx, path_of(change)) if each.form == NOTICE]
        for count, each in enumerate(notices, 1):
            if each.status == "submitted" and each.recipient.id not in silent:
                at = now + timedelta(minutes=35 + 50 * count)
                past.add(at, f"notice of {one['title']}", receipt(past, each.id, inside=True), needed=True)

    return act


def _plan_answered(past: Past, change: UUID, note: str = "") -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, "compliance")
        await oversight.answer_plan(
            tx,
            change,
            accepted=not note,
            reason=note,
            account_id=by.account_id,
            actor=by.actor,
            now=past.clock.now(),
        )

    return act


def _done(past: Past, change: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        await oversight.finish_change(tx, change, remark=one["remark"], actor=by.actor, now=past.clock.now())

    return act


def _tested_anew(past: Past, change: UUID, words: str) -> Act:
    """What a major change asks of a test is handed over with the test of the year, or one of its own."""

    async def act(tx: Tx) -> None:
        for duty in await obligations_of(tx, path_of(change), now=past.clock.now()):
            if duty.status == "open" and duty.form == RETEST:
                await hand_over(tx, past, duty, {"text": words})

    return act


def _called_off(past: Past, change: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        await oversight.cancel_change(tx, change, reason=one["remark"], actor=by.actor, now=past.clock.now())

    return act
