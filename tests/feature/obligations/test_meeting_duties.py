"""Stories of submissions and receipts on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from irm.db import Actor
from irm.errors import Conflict, Forbidden, Invalid
from irm.notify.models import DeliveryRow
from irm.obligations import consenting, drafting, handing, queries, receiving
from irm.obligations.models import ReceiptRow, SubmissionRow
from tests import make
from tests.feature.obligations.conftest import CITY, Night


async def test_municipal_receipt_does_not_stop_the_provincial_clock(night: Night) -> None:
    province, city = await night.open(night.owed(), night.owed(CITY))
    submitted = await night.hand_over(city.id)
    await night.receipt(submitted, number="W-1")
    assert (await night.duty(city.id)).status == "met"
    duty = await night.duty(province.id)
    assert (duty.status, duty.submitted_at) == ("open", None)

    night.clock.tick(minutes=30)
    await night.receipt(await night.hand_over(province.id), number="S-7")
    assert (await night.duty(province.id)).status == "met"
    assert (await night.told("obligation.met")) == ["obligation.met", "obligation.met"]


async def test_met_nineteen_minutes_early(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    night.clock.set(night.known_at + timedelta(hours=4, minutes=-19))
    await night.submit(draft)
    night.clock.tick(minutes=40)  # the receipt comes after the limit; the hand-over decides
    await night.receipt(draft)
    (duty,) = await night.duties()
    assert (duty.status, duty.early, duty.overdue_at) == ("met", timedelta(minutes=19), None)
    assert duty.clock.state == "stopped"


async def test_refused_runs_on_and_a_second_attempt_counts_from_its_own_moment(night: Night) -> None:
    (one,) = await night.open(night.owed())
    first = await night.hand_over(one.id)
    assert (await night.duty(one.id)).status == "submitted"
    night.clock.tick(minutes=10)
    await night.receipt(first, "refused", note="wrong desk")
    duty = await night.duty(one.id)
    assert (duty.status, duty.submitted_at) == ("open", None)

    night.clock.tick(minutes=10)
    async with night.db.transaction(night.actor) as tx:
        again = await drafting.draft_again(tx, first, actor=night.actor, now=night.clock.now())
    await night.submit(again, "fax")
    duty = await night.duty(one.id)
    assert (duty.status, duty.submitted_at) == ("submitted", night.clock.now())
    with pytest.raises(Conflict):
        await night.receipt(first, "received")


async def test_returned_keeps_the_first_moment_and_opens_a_completion(night: Night) -> None:
    (one,) = await night.open(night.owed())
    first = await night.hand_over(one.id)
    handed_at = night.clock.now()
    night.clock.tick(minutes=20)
    by = night.clock.now() + timedelta(hours=2)
    await night.receipt(first, "returned", complete_by=by, note="cause is missing")
    duty = await night.duty(one.id)
    assert (duty.status, duty.submitted_at) == ("returned", handed_at)

    completion = next(each for each in await night.duties() if each.form == "completion")
    assert (completion.status, completion.due_at, completion.recipient.id) == ("open", by, night.province)
    night.clock.tick(minutes=5)
    async with night.db.transaction(night.actor) as tx:
        again = await drafting.draft_again(tx, first, actor=night.actor, now=night.clock.now())
    await night.submit(again, "fax")
    await night.receipt(again)
    assert (await night.duty(completion.id)).status == "met"
    assert (await night.duty(one.id)).status == "returned"


async def test_returned_without_a_moment_is_a_prompt_duty(night: Night) -> None:
    (one,) = await night.open(night.owed())
    await night.receipt(await night.hand_over(one.id), "returned")
    completion = next(each for each in await night.duties() if each.form == "completion")
    assert (completion.kind, completion.due_at, completion.clock.state) == ("prompt", None, "since")


async def test_a_joint_report_meets_each_organization_that_agreed_and_nobody_else(night: Night) -> None:
    own, vendors, other = await night.open(
        night.owed(), night.owed(bearer=night.vendor), night.owed(bearer=night.authority)
    )
    draft = await night.draft(own.id)
    await night.submit(draft, for_organizations=[night.vendor])
    async with night.db.transaction() as tx:
        await consenting.agree(tx, draft, night.vendor, actor=night.actor, now=night.clock.now())
    await night.receipt(draft)
    assert [(await night.duty(each.id)).status for each in (own, vendors, other)] == ["met", "met", "open"]


async def test_nobody_speaks_for_who_owes_nothing(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    with pytest.raises(Invalid) as caught:
        await night.submit(draft, for_organizations=[night.vendor])
    assert [fault.field for fault in caught.value.errors] == ["for_organizations.0"]


async def test_a_receipt_is_self_declared_until_a_second_person_or_a_file_supports_it(night: Night) -> None:
    (one,) = await night.open(night.owed())
    receipt_id = await night.receipt(await night.hand_over(one.id))
    async with night.db.transaction() as tx:
        assert (await tx.get_one(ReceiptRow, receipt_id)).standing == "self_declared"
        with pytest.raises(Forbidden):
            await receiving.confirm_receipt(tx, receipt_id, actor=night.actor, now=night.clock.now())
        second = Actor("person", night.second.person_id, night.authority)
        stand_in = make.standing_in(second, night.officer.person_id)
        with pytest.raises(Forbidden):
            await receiving.confirm_receipt(tx, receipt_id, actor=stand_in, now=night.clock.now())
        await receiving.confirm_receipt(tx, receipt_id, actor=second, now=night.clock.now())
        assert (await tx.get_one(ReceiptRow, receipt_id)).standing == "confirmed"
    assert (await night.told())[-1] == "submission.receipt_confirmed"


async def test_the_recipient_in_irm_confirms_by_itself(night: Night) -> None:
    (one,) = await night.open(night.owed(CITY))
    submitted = await night.hand_over(one.id)
    desk = Actor("person", night.office.person_id, night.city)
    receipt_id = await night.receipt(submitted, means="irm", actor=desk)
    async with night.db.transaction() as tx:
        assert (await tx.get_one(ReceiptRow, receipt_id)).standing == "confirmed"


async def test_the_same_receipt_twice_is_one(night: Night) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    assert await night.receipt(submitted, number="S-7") == await night.receipt(submitted, number="S-7")
    assert (await night.told("submission.receipted")) == ["submission.receipted"]


async def test_handing_over_twice_is_a_conflict(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.hand_over(one.id)
    with pytest.raises(Conflict) as caught:
        await night.submit(draft)
    assert caught.value.code == "handed_over"
    with pytest.raises(Conflict):
        async with night.db.transaction() as tx:
            await drafting.edit_draft(tx, draft, items={"cause": "x"}, actor=night.actor, now=night.clock.now())


async def test_one_draft_for_each_bearer_and_recipient(night: Night) -> None:
    both = await night.open(
        night.owed(), night.owed("cac-2025-reporting/crime", recipient=night.city, recipient_tier="city")
    )
    async with night.db.transaction() as tx:
        how = {"obligations": [each.id for each in both], "actor": night.actor, "now": night.clock.now()}
        drafts = await drafting.open_draft(tx, **how)
        assert await drafting.open_draft(tx, **how) == drafts
        assert len(drafts) == 2
        rows = [await tx.get_one(SubmissionRow, each) for each in drafts]
        assert rows[0].report_id == rows[1].report_id
        assert rows[0].serial != rows[1].serial
        await drafting.edit_draft(
            tx, drafts[0], items={"cause": "unknown yet"}, actor=night.actor, now=night.clock.now()
        )
        assert (await tx.get_one(SubmissionRow, drafts[1])).items["cause"] == "unknown yet"


async def test_a_stale_edit_is_refused(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    async with night.db.transaction() as tx:
        await drafting.edit_draft(tx, draft, items={"cause": "a"}, version=1, actor=night.actor, now=night.clock.now())
        with pytest.raises(Conflict) as caught:
            await drafting.edit_draft(
                tx, draft, items={"cause": "b"}, version=1, actor=night.actor, now=night.clock.now()
            )
    assert caught.value.code == "stale"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"stated_at": timedelta(minutes=10)}, "stated_at"),
        ({"stated_at": timedelta(days=-3)}, "stated_at"),
        ({"items": {"nonsense": "x"}}, "items.nonsense"),
        ({"items": {"unit": "a\x00b"}}, "items.unit"),
        ({"items": {"unit": "x" * 20001}}, "items.unit"),
        ({"items": {"unit": " "}}, "items.unit"),
        ({"means": "pigeon"}, "means"),
    ],
)
async def test_bad_hand_over_names_the_field_and_changes_nothing(night: Night, more: dict, field: str) -> None:  # type: ignore[type-arg]  # any form
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    if "stated_at" in more:
        more = {"stated_at": night.clock.now() + more["stated_at"]}
    with pytest.raises(Invalid) as caught:
        await night.submit(draft, **more)
    assert [fault.field for fault in caught.value.errors] == [field]
    assert (await night.duty(one.id)).status == "open"


async def test_entered_afterwards_says_so_and_still_counts_in_time(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    handed_at = night.clock.now() + timedelta(minutes=20)
    night.clock.tick(hours=5)
    await night.submit(draft, stated_at=handed_at)
    async with night.db.transaction() as tx:
        shown = await queries.submission(tx, draft)
    assert (shown.entered_afterwards, shown.submitted_at, shown.recorded_at) == (True, handed_at, night.clock.now())
    assert (await night.duty(one.id)).submitted_at == handed_at


async def test_by_mail_counts_from_the_moment_the_server_took_it(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    await night.submit(draft, "mail")
    async with night.db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, draft)
        assert (row.status, row.delivery_id is not None) == ("sending", True)
    assert (await night.duty(one.id)).status == "open"
    night.clock.tick(seconds=30)
    from irm.ledger import Event, record

    async with night.db.transaction() as tx:
        path = f"{night.subject.path}/delivery/{row.delivery_id}"
        await record(tx, Event("delivery.sent", path, night.clock.now(), Actor("system"), {"purpose": "report"}))
    duty = await night.duty(one.id)
    assert (duty.status, duty.submitted_at) == ("submitted", night.clock.now())


async def test_a_mail_that_failed_hands_nothing_over(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    await night.submit(draft, "mail")
    async with night.db.transaction() as tx:
        delivery = (await tx.get_one(SubmissionRow, draft)).delivery_id
    from irm.ledger import Event, record

    async with night.db.transaction() as tx:
        path = f"{night.subject.path}/delivery/{delivery}"
        await record(
            tx,
            Event(
                "delivery.failed", path, night.clock.now(), Actor("system"), {"purpose": "report", "reason": "refused"}
            ),
        )
    async with night.db.transaction() as tx:
        assert (await tx.get_one(SubmissionRow, draft)).status == "draft"
    assert (await night.duty(one.id)).status == "open"
    assert "submission.not_sent" in await night.told()
    async with night.db.transaction() as tx:
        told = await tx.scalars(select(DeliveryRow).where(DeliveryRow.page_key.contains("/not-sent/")))
        assert {row.organization_id for row in told} == {night.operator}


async def test_filing_in_irm_meets_the_duty_to_tell_the_authority(night: Night) -> None:
    (one,) = await night.open(
        night.owed(
            "city-chain/vendor-to-authority",
            bearer=night.vendor,
            recipient=night.authority,
            recipient_kind="cloud_authority",
            recipient_tier="city",
            form="filing",
            satisfied_by=("filing",),
        )
    )
    async with night.db.transaction(night.actor) as tx:
        how = {"organization_id": night.vendor, "filed_at": night.clock.now(), "filing_id": one.id}
        made = await handing.accept_filing(tx, subject=night.subject, actor=night.actor, now=night.clock.now(), **how)
        again = await handing.accept_filing(tx, subject=night.subject, actor=night.actor, now=night.clock.now(), **how)
    assert (len(made), again) == (1, ())
    assert (await night.duty(one.id)).status == "met"


async def test_a_report_sent_before_the_duty_opened_counts(night: Night) -> None:
    (city,) = await night.open(night.owed(CITY))
    await night.receipt(await night.hand_over(city.id))
    night.clock.tick(minutes=10)
    (later,) = await night.open(
        night.owed("city-chain/second", bearer=night.authority, recipient=night.city, recipient_tier="city")
    )
    assert (await night.duty(later.id)).status == "met"
