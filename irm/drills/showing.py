"""Drills as the interface says them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.drills.evaluating import Evaluation
from irm.drills.models import DrillRow
from irm.drills.queries import Drill, Room
from irm.drills.quota import Line, Sum
from irm.drills.scenario import Scenario
from irm.drills.schemas import (
    ClockView,
    DrillLine,
    DrillView,
    EvaluationView,
    InjectView,
    MeasureView,
    ParticipantView,
    QuotaLine,
    QuotaSum,
    ScenarioView,
    SheetView,
    WouldHaveView,
)
from irm.drills.scoring import ITEMS
from irm.drills.vocabulary import MEASURES
from irm.i18n import Translator
from irm.notify.views import Delivery
from irm.notify.words import reason_of


def line(row: DrillRow, holder: str) -> DrillLine:
    return DrillLine(
        row.number,
        row.title,
        row.status,
        row.kind,
        row.range,
        row.content,
        row.year,
        row.organization_id,
        holder,
        row.planned_from,
        row.planned_until,
        row.started_at,
        row.ended_at,
        row.recorded_afterwards,
        row.makeup_reason is not None,
    )


def view(one: Drill, room: Room | None, t: Translator, *, now: datetime) -> DrillView:
    row = one.row
    return DrillView(
        drill=line(row, one.holder),
        objectives=row.objectives,
        place=row.place,
        system=one.system.code if one.system else None,
        scenario=row.scenario_id if one.sees_room else None,
        organizations=list(one.organizations),
        participants=[
            ParticipantView(each.id, each.name, each.organization_id, each.organization, each.part.value)
            for each in one.people
        ],
        approved_at=row.approved_at,
        standing_approval=row.approved_at is not None and row.approved_by is None,
        reason=row.reason,
        clock=clock_view(one, now=row.ended_at or now),
        incidents=[each.number for each in room.incidents] if room else [],
        injects=inject_views(room, t) if room and one.sees_room else [],
        measures=measure_views(room, t) if room and one.sees_room else [],
        would_have=[would_have(each, t) for each in room.would_have] if room and one.sees_room else [],
        report=dict(row.report),
        makeup_reason=row.makeup_reason,
        scenario_source=row.scenario if one.sees_room else None,
        version=row.version,
    )


def clock_view(one: Drill, *, now: datetime) -> ClockView | None:
    if one.clock is None:
        return None
    elapsed = int(one.clock.elapsed(now).total_seconds())
    return ClockView(elapsed, one.clock.rate, one.clock.is_paused, one.row.pause_reason)


def inject_views(room: Room, t: Translator) -> list[InjectView]:
    found = []
    for each in room.injects:
        inject = room.scenario.inject(each.id) if room.scenario else None
        found.append(
            InjectView(
                each.id,
                t.of(inject.title) if inject else each.id,
                int(each.due.total_seconds()) if each.due is not None else None,
                each.due_at,
                each.status,
                each.done_at,
                each.incident.number if each.incident else None,
                t.of(inject.expect) if inject and inject.expect else "",
                t(each.error) if each.error else "",
            )
        )
    return found


def measure_views(room: Room, t: Translator) -> list[MeasureView]:
    return [
        MeasureView(
            each.measure,
            t(MEASURES[each.measure]),
            int(each.after.total_seconds()) if each.after is not None else None,
            int(each.within.total_seconds()) if each.within is not None else None,
            each.outcome,
        )
        for each in room.measures
    ]


def would_have(each: Delivery, t: Translator) -> WouldHaveView:
    return WouldHaveView(
        each.id,
        each.created_at,
        each.purpose,
        each.name,
        each.organization,
        each.channel,
        t(reason_of(each.reason)),
        each.acknowledged_at,
    )


def evaluation_view(one: Evaluation) -> EvaluationView:
    return EvaluationView(
        items=list(ITEMS),
        waiting_for=one.waiting_for,
        closed=one.is_closed,
        sheets=[
            SheetView(each.person, each.name, each.handed_in_at, dict(each.scores), dict(each.advice), each.overall)
            for each in one.sheets
        ],
        means=dict(one.result.means) if one.result else {},
        overall=one.result.overall if one.result else None,
    )


def quota_line(
    each: Line,
    titles: Mapping[str, Mapping[str, Any]],
    bearers: Mapping[UUID, str],
    subjects: Mapping[str, str],
    t: Translator,
) -> QuotaLine:
    asked = each.demand
    return QuotaLine(
        asked.bearer_id,
        bearers.get(asked.bearer_id, ""),
        asked.subject,
        subjects.get(asked.subject, asked.number),
        asked.rule_id,
        t.of(titles[asked.rule_id]),
        asked.required,
        asked.forecast,
        each.planned,
        each.held,
        each.missing,
        asked.open_duty,
    )


def quota_sum(one: Sum, title: Mapping[str, Any], t: Translator) -> QuotaSum:
    return QuotaSum(
        one.rule_id,
        t.of(title),
        one.lines,
        one.lacking,
        one.required,
        one.forecast,
        one.planned,
        one.held,
        one.reported,
        one.missing,
    )


def scenario_view(scenario: Scenario, source: str, t: Translator) -> ScenarioView:
    return ScenarioView(
        scenario.id,
        t.of(scenario.title),
        t.of(scenario.summary),
        scenario.content.value,
        int(scenario.lasts.total_seconds()),
        len(scenario.injects),
        source,
    )
