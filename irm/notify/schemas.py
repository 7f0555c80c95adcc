"""Wire types of rosters, deliveries and replies."""

from datetime import datetime
from uuid import UUID

import msgspec

from irm.db import EARLIEST, LATEST
from irm.errors import Invalid
from irm.i18n import Translator
from irm.notify.duty import Duty
from irm.notify.reasons import REASONS
from irm.notify.views import Delivery


class OnDutyView(msgspec.Struct, kw_only=True):
    name: str
    role: str
    person_id: UUID | None
    post_id: UUID | None
    post: str | None
    telephone: str | None
    since: datetime
    until: datetime


class DutyView(msgspec.Struct, kw_only=True):
    """`state` on_duty, or the reason why nobody is: no_roster, no_shifts, gap, retired, only_leader (he is called all the
    same). `until`: when this changes."""

    organization_id: UUID
    organization: str
    telephone: str | None
    state: str
    on_duty: list[OnDutyView]
    until: datetime | None


class DutyList(msgspec.Struct):
    at: datetime
    items: list[DutyView]


class AttemptView(msgspec.Struct, kw_only=True):
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    detail: str | None
    late: bool


class DeliveryView(msgspec.Struct, kw_only=True):
    """`reason` is a stable code, `reason_text` its words in the reader's language."""

    id: UUID
    purpose: str
    about: str
    run_id: UUID | None
    step_id: str | None
    rung: int
    round: int
    organization_id: UUID | None
    organization: str
    person_id: UUID | None
    post_id: UUID | None
    name: str
    channel: str
    address: str | None
    title: str
    status: str
    reason: str | None
    reason_text: str | None
    created_at: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    acknowledged_means: str | None
    awaits_acknowledgement: bool
    crossed: bool
    possibly_duplicate: bool
    exercise: bool
    severity: int
    attempts: list[AttemptView]
    bundle: UUID | None = None
    """The message that carried it together with others of the same moment."""
    carried_with: int = 0


class DeliveryList(msgspec.Struct):
    items: list[DeliveryView]
    next_cursor: UUID | None


class Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    """`at`: when it was confirmed, if not now."""

    at: datetime | None = None


class AcknowledgementView(msgspec.Struct, kw_only=True):
    delivery_id: UUID
    acknowledged_at: datetime
    acknowledged_by: UUID | None
    already: bool


class ReplyOutcome(msgspec.Struct):
    """Sent to the gateway: `code` 0, and `result` 0 with `errmsg` for 腾讯云, say that it need not send the reply again."""

    code: int
    outcome: str
    result: int = 0
    errmsg: str = "OK"


def duty_view(duty: Duty) -> DutyView:
    reason = duty.why_nobody or "on_duty"
    return DutyView(
        organization_id=duty.organization.id,
        organization=duty.organization.name,
        telephone=duty.organization.telephone,
        state=reason,
        on_duty=[
            OnDutyView(
                name=each.name,
                role=each.shift.role,
                person_id=each.shift.person_id,
                post_id=each.shift.post_id,
                post=each.post.name if each.post else None,
                telephone=each.telephone,
                since=each.shift.starts_at,
                until=each.shift.ends_at,
            )
            for each in duty.on_shift
        ],
        until=duty.state.until,
    )


def delivery_view(delivery: Delivery, t: Translator) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        purpose=delivery.purpose,
        about=delivery.about,
        run_id=delivery.run_id,
        step_id=delivery.step_id,
        rung=delivery.rung,
        round=delivery.round,
        organization_id=delivery.organization_id,
        organization=delivery.organization,
        person_id=delivery.person_id,
        post_id=delivery.post_id,
        name=delivery.name,
        channel=delivery.channel,
        address=delivery.address,
        title=t.of(delivery.titles),
        status=delivery.status,
        reason=delivery.reason,
        reason_text=t(REASONS.get(delivery.reason, delivery.reason)) if delivery.reason else None,
        created_at=delivery.created_at,
        sent_at=delivery.sent_at,
        acknowledged_at=delivery.acknowledged_at,
        acknowledged_by=delivery.acknowledged_by,
        acknowledged_means=delivery.acknowledged_means,
        awaits_acknowledgement=delivery.awaits,
        crossed=delivery.crossed,
        possibly_duplicate=delivery.possibly_duplicate,
        exercise=delivery.exercise,
        severity=delivery.severity,
        attempts=[
            AttemptView(
                attempt=each.attempt,
                started_at=each.started_at,
                finished_at=each.finished_at,
                outcome=each.outcome,
                detail=each.detail,
                late=each.late,
            )
            for each in delivery.attempts
        ],
        bundle=delivery.bundle_id,
        carried_with=delivery.carried_with,
    )


def moment_in(text: str | None, field: str) -> datetime | None:
    """RFC 3339 with zone. Raises Invalid naming `field`."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Invalid("Not a moment: write 2026-11-21T03:41:00+08:00.", field=field) from None
    if moment.tzinfo is None:
        raise Invalid("A moment needs its zone.", field=field)
    if not EARLIEST <= moment <= LATEST:
        raise Invalid("Not a moment: write 2026-11-21T03:41:00+08:00.", field=field)
    return moment
