"""Nobody forgets a journalist: who answers is told of the question, and reminded before the moment that was promised."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from irm.access.policy import AUTHORITY, Reach
from irm.access.queries import organizations
from irm.db import Tx
from irm.exercise import exercise_of
from irm.i18n import LOCALES, Translator, translator
from irm.jobs import Planned, schedule_all
from irm.notify import queries as people, service as notify
from irm.notify.messages import About, matter_of
from irm.notify.plan import Resolution
from irm.obligations.directive_models import MediaInquiryRow
from irm.obligations.gravity import level_of
from irm.obligations.lookup import subject_at
from irm.obligations.media_policy import media_policy
from irm.obligations.models import ContactRecordRow
from irm.obligations.subjects import Subject
from irm.web.wording import deadline

REMIND: Final = "obligations.remind_media"
COUNTY: Final = "county"
ON_DUTY: Final = "on_duty(obligation.bearer)"


async def announce(tx: Tx, row: MediaInquiryRow, contact: ContactRecordRow, subject: Subject, *, now: datetime) -> None:
    """Tell who answers, and write down the reminders that are still to come. A question without a promised moment has
    none: it stands on the board."""
    await notify.notice(
        tx,
        key=f"media/{row.id}/asked",
        targets=await _who_answers(tx, now),
        about=await _about(
            tx, row, subject, lambda t: t("The press asks: %(outlet)s", outlet=contact.counterpart_name or ""), now
        ),
        subject=subject.path,
        now=now,
        exercise=subject.exercise,
    )
    await schedule_all(
        tx,
        [
            Planned(
                REMIND, {"inquiry": str(row.id), "minutes": _minutes(span)}, at, f"{REMIND}:{row.id}:{_minutes(span)}"
            )
            for span, at in await _marks(tx, row, subject)
            if at > now
        ],
    )


async def remind(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """The job `REMIND`: says nothing once it is answered, and nothing twice."""
    row = await tx.get(MediaInquiryRow, UUID(args["inquiry"]), with_for_update={"key_share": True})
    if row is None or row.answered_at is not None:
        return
    contact = await tx.get_one(ContactRecordRow, row.contact_record_id)
    subject = await subject_at(tx, contact.subject, reach=Reach(everything=True))
    desk = {"obligation": {"bearer": str(contact.organization_id)}}
    await notify.remind(
        tx,
        key=f"media/{row.id}/{args['minutes']}",
        targets=await people.resolve(tx, ON_DUTY, desk, now) + await _who_answers(tx, now),
        about=await _about(
            tx,
            row,
            subject,
            lambda t: t("The press still waits for an answer: %(outlet)s", outlet=contact.counterpart_name or ""),
            now,
        ),
        subject=subject.path,
        now=now,
        exercise=subject.exercise,
    )


async def _who_answers(tx: Tx, now: datetime) -> Resolution:
    """Those of the city's own authority, never a district's: they may read every question."""
    desks = [one.id for one in await organizations(tx, kinds=[AUTHORITY], joined=True) if one.tier != COUNTY]
    return await people.resolve(tx, media_policy().reached_through, {"organizations": {AUTHORITY: desks}}, now)


async def _marks(tx: Tx, row: MediaInquiryRow, subject: Subject) -> list[tuple[timedelta, datetime]]:
    """On the wall's clock; in a drill the promised moment lies on the drill's."""
    if row.answer_by is None:
        return []
    drill = await exercise_of(tx, subject.path) if subject.exercise else None
    marks = [(span, row.answer_by - span) for span in media_policy().before]
    return [(span, drill.clock.wall(at)) for span, at in marks] if drill else marks


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


async def _about(
    tx: Tx, row: MediaInquiryRow, subject: Subject, title: Callable[[Translator], str], now: datetime
) -> About:
    """What was asked stays in irm; what leaves the network names the incident only."""

    def body(t: Translator) -> str:
        who = t("%(post)s answers; everybody else answers nothing.", post=t.of(row.answerer))
        if row.answer_by is None:
            return who
        return t("%(who)s Answer wanted until: %(when)s", who=who, when=deadline(row.answer_by, now, t))

    return About(
        subject.number,
        await level_of(tx, subject.path),
        f"/media-inquiries/{row.id}",
        title={each: title(translator(each)) for each in LOCALES},
        body={each: body(translator(each)) for each in LOCALES},
        basis="clock",
        matter=matter_of(subject.path),
    )
