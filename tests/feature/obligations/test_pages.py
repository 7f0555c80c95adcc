"""The pages of duties and reports as people use them, without JavaScript."""

import re
from typing import Any

import httpx
import pytest

from irm.obligations import queries
from irm.obligations.models import SubmissionRow
from tests.conftest import SignIn
from tests.feature.obligations.conftest import ITEMS, Night

HTML = {"accept": "text/html"}


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    """The duty officer of the cloud authority, with a browser."""
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update(HTML)
    return client


async def draft_of(night: Night, submission_id: Any) -> SubmissionRow:
    async with night.db.transaction() as tx:
        return await tx.get_one(SubmissionRow, submission_id)


def fields(**more: str) -> dict[str, str]:
    return {f"items.{key}": text for key, text in ITEMS.items()} | {"version": "1"} | more


async def test_the_list_says_what_is_owed_to_whom_by_which_article(night: Night, desk: httpx.AsyncClient) -> None:
    await night.open(night.owed())
    answer = await desk.get("/obligations", headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    assert "Art. 4" in answer.text
    assert night.subject.number in answer.text
    (duty,) = await night.duties()
    shown = await desk.get(f"/obligations/{duty.id}")
    assert shown.status_code == 200, shown.text
    for state in ("open", "overdue", "met", "superseded"):
        assert (await desk.get("/obligations", params={"status": state})).status_code == 200


@pytest.mark.parametrize(
    ("status", "mark"), [("local", "本市自定"), ("secondary", "据转引"), ("unverified", "未核实"), ("verified", "")]
)
async def test_beside_a_duty_stands_how_well_its_figure_is_known(
    night: Night, desk: httpx.AsyncClient, status: str, mark: str
) -> None:
    """A city's own figure was once called a text that nobody had read."""
    (duty,) = await night.open(night.owed(status=status))
    for path in ("/obligations", f"/obligations/{duty.id}"):
        marks = re.findall(r'<span class="mark" title="[^"]+">([^<]+)</span>', (await desk.get(path)).text)
        assert [one for one in marks if one in {"本市自定", "据转引", "未核实", "已核原文", "未核原文"}] == [
            mark
        ] * bool(mark)


async def test_write_save_hand_over_receipt(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    begun = await desk.post(f"/obligations/{one.id}/report")
    assert begun.status_code == 303, begun.text
    path = begun.headers["location"]
    shown = await desk.get(path)
    assert shown.status_code == 200, shown.text
    assert 'name="items.unit"' in shown.text

    saved = await desk.post(f"{path}/save", data=fields())
    assert (saved.status_code, saved.headers.get("location")) == (303, path)
    assert ITEMS["course"] in (await desk.get(path)).text

    handed = await desk.post(f"{path}/submit", data=fields(version="2", means="fax"))
    assert handed.status_code == 303, handed.text
    assert (await night.duty(one.id)).status == "submitted"
    assert (await desk.get(path)).status_code == 200

    answered = await desk.post(f"{path}/receipt", data={"outcome": "received", "means": "telephone", "number": "S-7"})
    assert answered.status_code == 303, answered.text
    assert (await night.duty(one.id)).status == "met"
    after = await desk.get(path)
    assert "S-7" in after.text
    assert (await desk.get(f"{path}/print")).status_code == 200


async def test_what_was_typed_survives_a_fault(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    typed = fields(means="fax", **{"items.unit": "", "items.cause": "<b>not sure</b>"})
    refused = await desk.post(f"/submissions/{draft}/submit", data=typed)
    assert refused.status_code == 422
    assert "&lt;b&gt;not sure&lt;/b&gt;" in refused.text
    assert "f-items.unit" in refused.text
    again = await desk.get(f"/submissions/{draft}")
    assert "not sure" in again.text
    assert (await draft_of(night, draft)).status == "draft"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"means": ""}, "means"),
        ({"means": "fax", "stated_at": "yesterday"}, "stated_at"),
        ({"means": "fax", "stated_at": "2036-01-01T00:00"}, "stated_at"),
        ({"means": "fax", "version": "x"}, "version"),
        ({"means": "fax", "for_organizations": "x"}, "for_organizations"),
    ],
)
async def test_a_fault_is_named_at_its_field(
    night: Night, desk: httpx.AsyncClient, typed: dict[str, str], field: str
) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    answer = await desk.post(f"/submissions/{draft}/submit", data=fields() | typed)
    assert answer.status_code == 422
    assert f"#f-{field}" in answer.text
    assert (await night.duty(one.id)).status == "open"


async def test_a_second_hand_over_is_a_conflict(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.hand_over(one.id)
    assert (await desk.post(f"/submissions/{draft}/submit", data=fields(means="fax"))).status_code == 409
    assert await night.told("submission.submitted") == ["submission.submitted"]


async def test_a_stranger_sees_neither_list_entry_nor_report(night: Night, sign_in: SignIn) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    from irm.access.policy import Role
    from tests import make

    async with night.db.transaction() as tx:
        stranger = await make.account(tx, night.vendor, Role.DUTY_OFFICER)
    client = await sign_in(stranger)
    client.headers.update(HTML)
    assert night.subject.number not in (await client.get("/obligations")).text
    for path in ("", "/print"):
        assert (await client.get(f"/submissions/{submitted}{path}")).status_code == 404
    for path in ("submit", "save", "receipt", "again", "discard"):
        answer = await client.post(
            f"/submissions/{submitted}/{path}", data={"outcome": "refused", "means": "telephone"}
        )
        assert answer.status_code in (403, 404)
    assert (await night.duty(one.id)).status == "submitted"


async def test_the_recipient_reads_and_receipts_but_does_not_write(night: Night, sign_in: SignIn) -> None:
    city = night.owed("city-chain/city-cyberspace-office")
    (one,) = await night.open(city)
    draft = await night.draft(one.id)
    client = await sign_in(night.office)
    client.headers.update(HTML)
    assert (await client.get(f"/submissions/{draft}")).status_code == 404  # a draft is nobody else's business
    await night.submit(draft)
    assert (await client.get(f"/submissions/{draft}")).status_code == 200
    assert draft.hex[:8] in (await client.get("/submissions")).text.replace("-", "")
    assert (await client.post(f"/submissions/{draft}/again")).status_code == 403
    given = await client.post(f"/submissions/{draft}/receipt", data={"outcome": "received", "means": "irm"})
    assert given.status_code == 303, given.text
    async with night.db.transaction() as tx:
        shown = await queries.submission(tx, draft)
    assert shown.is_proven
    assert "submission.read" in await night.told()


async def test_contact_record_in_one_form_is_also_the_receipt(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    shown = await desk.get("/contacts/new", params={"incident": night.subject.number, "submission": str(submitted)})
    assert shown.status_code == 200, shown.text
    night.clock.tick(minutes=3)
    typed = {
        "incident": night.subject.number,
        "direction": "in",
        "means": "telephone",
        "counterpart": str(night.province),
        "said": "they have it",
        "serves": "receipt",
        "submission": str(submitted),
        "outcome": "received",
        "number": "S-9",
    }
    answer = await desk.post("/contacts/new", data=typed)
    assert (answer.status_code, answer.headers.get("location")) == (303, night.subject.page)
    assert (await night.duty(one.id)).status == "met"
    async with night.db.transaction() as tx:
        (contact,) = await queries.contacts_of(tx, night.subject.path)
    assert (contact.said, contact.serves) == ("they have it", ("receipt",))


async def test_contact_record_without_the_other_side_names_the_field(night: Night, desk: httpx.AsyncClient) -> None:
    await night.open(night.owed())
    typed = {"incident": night.subject.number, "direction": "in", "means": "telephone", "said": "hello"}
    answer = await desk.post("/contacts/new", data=typed)
    assert answer.status_code == 422
    assert "#f-counterpart_name" in answer.text
    assert await night.told("contact") == []


async def test_both_languages_and_a_drill(night: Night, desk: httpx.AsyncClient) -> None:
    from dataclasses import replace

    night.subject = replace(night.subject, exercise=True)
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    for language in ("zh-CN", "en"):
        desk.cookies.set("irm_locale", language)
        for path in ("/obligations?drill=only", f"/submissions/{draft}", f"/submissions/{draft}/print?lang={language}"):
            answer = await desk.get(path)
            assert answer.status_code == 200, answer.text
            assert 'class="exercise"' in answer.text or "paper-drill" in answer.text
