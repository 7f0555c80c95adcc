"""By a contact record a desk confirms pages of its own; the cloud authority's desk, whoever it called."""

from uuid import uuid4

import pytest

from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.errors import Invalid
from irm.notify import queries as people, service as notify
from irm.notify.messages import About
from irm.obligations.about_subject import write_contact
from irm.obligations.schemas import RecordContact, ServesAs
from tests.feature.obligations.conftest import Night


async def test_a_unit_does_not_stop_the_page_to_the_cloud_authority(night: Night) -> None:
    async with night.db.transaction() as tx:
        found = await people.resolve(tx, f"on_duty({night.authority})", {}, night.clock.now())
        planned = await notify.page(
            tx,
            key=f"{uuid4()}/alarm",
            targets=found,
            via=["sms"],
            about=About(night.subject.number, 3, night.subject.page),
            subject=night.subject.path,
            now=night.clock.now(),
        )
    given = RecordContact(
        direction="out",
        means="telephone",
        said="they know",
        counterpart_name="the duty desk",
        serves=[ServesAs("acknowledgement", delivery=planned.waiting[0])],
    )
    async with night.db.transaction() as tx:
        unit = await principal_of(tx, night.unit.id, now=night.clock.now())
        desk = await principal_of(tx, night.second.id, now=night.clock.now())
    assert unit is not None
    assert desk is not None
    assert unit.memberships[night.operator] == {Role.DUTY_OFFICER}
    with pytest.raises(Invalid) as caught:
        async with night.db.transaction() as tx:
            await write_contact(tx, night.subject, given, unit, now=night.clock.now())
    assert caught.value.errors[0].field == "serves.0.delivery"
    async with night.db.transaction() as tx:
        await write_contact(tx, night.subject, given, desk, now=night.clock.now())
        shown = await people.delivery(tx, planned.waiting[0])
    assert shown is not None
    assert shown.acknowledged_means == "contact_record"
