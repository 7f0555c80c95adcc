"""One contact record that confirms a page, hands a report over, or is its receipt; what it must not do."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from irm.errors import Conflict, Invalid
from irm.notify import queries as people, service as notify
from irm.notify.messages import About
from irm.obligations import contacts, queries
from irm.obligations.contacts import Serves
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night


async def called(night: Night, *serves: Serves, **more: Any) -> UUID:
    given: dict[str, Any] = {
        "subject": night.subject,
        "direction": "out",
        "means": "telephone",
        "organization_id": night.authority,
        "counterpart_id": night.province,
        "said": "they know",
        "actor": night.actor,
        "now": night.clock.now(),
    }
    async with night.db.transaction(night.actor) as tx:
        return await contacts.record_contact(tx, serves=serves, **(given | more))


async def paged(night: Night, subject: str = "") -> Sequence[UUID]:
    async with night.db.transaction() as tx:
        found = await people.resolve(tx, f"on_duty({night.operator})", {}, night.clock.now())
        planned = await notify.page(
            tx,
            key=f"{uuid4()}/alarm",
            targets=found,
            via=["sms"],
            about=About(night.subject.number, 3, night.subject.page),
            subject=subject or night.subject.path,
            now=night.clock.now(),
        )
    return planned.waiting


async def test_a_call_confirms_the_page_for_whom_it_went_to(night: Night) -> None:
    (delivery,) = await paged(night)
    night.clock.tick(minutes=3)
    await called(
        night, Serves("acknowledgement", delivery_id=delivery), stated_at=night.clock.now() - timedelta(minutes=1)
    )
    async with night.db.transaction() as tx:
        shown = await people.delivery(tx, delivery)
    assert shown is not None
    assert (shown.acknowledged_by, shown.acknowledged_means) == (night.unit.person_id, "contact_record")
    assert "delivery.acknowledged" in await night.told()


async def test_a_call_before_the_page_was_there_confirms_nothing(night: Night) -> None:
    (delivery,) = await paged(night)
    earlier = night.clock.now() - timedelta(minutes=9)
    with pytest.raises(Invalid) as caught:
        await called(night, Serves("acknowledgement", delivery_id=delivery), stated_at=earlier)
    assert caught.value.errors[0].field == "stated_at"


async def test_a_call_about_one_incident_confirms_no_page_of_another(night: Night) -> None:
    (delivery,) = await paged(night, f"incident/{uuid4()}")
    with pytest.raises(Invalid) as caught:
        await called(night, Serves("acknowledgement", delivery_id=delivery))
    assert caught.value.errors[0].field == "serves.0.delivery"
    assert await night.told("contact") == []


async def test_one_call_reads_the_report_out_and_hears_the_receipt(night: Night) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    both = (Serves("submission", submission_id=draft), Serves("receipt", submission_id=draft, number="S-3"))
    await called(night, *both)
    assert (await night.duty(one.id)).status == "met"
    async with night.db.transaction() as tx:
        shown = await queries.submission(tx, draft)
        (contact,) = await queries.contacts_of(tx, night.subject.path)
    assert (shown.means, shown.receipts[0].contact_record_id) == ("telephone", contact.id)


async def test_a_record_that_cannot_serve_leaves_nothing(night: Night) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    with pytest.raises(Conflict):
        await called(night, Serves("submission", submission_id=submitted))
    assert await night.told("contact") == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"direction": "up"}, "direction"),
        ({"means": "pigeon"}, "means"),
        ({"said": ""}, "said"),
        ({"said": "x" * 5001}, "said"),
        ({"said": "a\x00"}, "said"),
        ({"counterpart_id": None}, "counterpart_name"),
        ({"counterpart_id": uuid4()}, "counterpart"),
        ({"person_id": uuid4()}, "person"),
        ({"stated_at": timedelta(hours=1)}, "stated_at"),
    ],
)
async def test_bad_input_names_the_field(night: Night, more: dict[str, Any], field: str) -> None:
    if "stated_at" in more:
        more = {"stated_at": night.clock.now() + more["stated_at"]}
    with pytest.raises(Invalid) as caught:
        await called(night, **more)
    assert [fault.field for fault in caught.value.errors] == [field]
    assert await night.told("contact") == []


async def test_what_was_said_is_private_in_the_ledger(night: Night) -> None:
    await called(night, said="the page was altered by a visitor")
    from sqlalchemy import select

    from irm.ledger import LedgerEntryRow, LedgerPrivateRow

    async with night.db.transaction() as tx:
        entry = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "contact.recorded"))).one()
        kept = await tx.get_one(LedgerPrivateRow, (entry.id, "said"))
    assert "visitor" not in entry.body
    assert "visitor" in kept.value


async def test_the_desk_that_waits_stands_first_and_a_call_needs_three_answers(night: Night, sign_in: SignIn) -> None:
    """通联记录 on a phone: who called whom, which desk, what was said; all else has an answer already."""
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update({"accept": "text/html"})
    await night.open(night.owed())
    page = (await client.get(f"/contacts/new?incident={night.subject.number}")).text
    first = re.search(r'name="recent"[^>]*value="([0-9a-f-]{36})"', page) or re.search(r'value="([0-9a-f-]{36})"', page)
    assert first is not None
    assert first[1] == str(night.province)
    asked = set(re.findall(r'name="(\w+)"[^>]* (?:required|aria-required="true")', page))
    assert asked <= {"direction", "means", "recent", "said"}
    answers = {"incident": night.subject.number, "direction": "in", "means": "telephone", "recent": str(night.province)}
    done = await client.post("/contacts/new", data=answers | {"said": "要求 6 时前续报"})
    assert (done.status_code, done.headers["location"]) == (303, night.subject.page)


@pytest.mark.parametrize(("serves", "asks"), [("media_inquiry", "counterpart_name"), ("directive", "asks")])
async def test_the_press_and_an_authority_have_short_forms(
    night: Night, sign_in: SignIn, serves: str, asks: str
) -> None:
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update({"accept": "text/html"})
    page = (await client.get(f"/contacts/new?incident={night.subject.number}&serves={serves}")).text
    assert f'name="serves" value="{serves}"' in page
    assert 'name="direction" value="in"' in page
    assert f'name="{asks}"' in page
    assert ('name="recent"' in page) is (serves == "directive"), "the press is none of the city's desks"
    incident = (await client.get(night.subject.page)).text
    assert f"serves={serves}" in incident
