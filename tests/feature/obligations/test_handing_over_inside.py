"""A report to somebody who works in irm is handed over here; a listed desk has to be reached by other means."""

import dataclasses
from datetime import timedelta

import pytest

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.obligations.drafting import draft_submission
from irm.obligations.handing import submit_report
from irm.obligations.policy import entry_policy
from irm.obligations.subjects import Subject
from tests import make
from tests.conftest import SignIn


async def test_the_cloud_authority_gets_it_at_once_and_a_listed_desk_does_not(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        unit, authority = await make.organization(tx), await make.organization(tx, AUTHORITY)
        desk = await make.organization(tx, "cyberspace_office", joined=False)
        system = await make.system(tx, unit)
        subject = Subject(f"system/{system}", "oa", "/systems/oa")
        drafts = [
            await draft_submission(
                tx,
                subject=subject,
                form="notice",
                organization_id=unit,
                recipient_id=to,
                items={"text": "测试"},
                actor=SYSTEM,
                now=clock.now(),
            )
            for to in (authority, desk)
        ]
        clock.tick(minutes=1)
        handed = await submit_report(tx, drafts[0], means="irm", actor=SYSTEM, now=clock.now())
        assert (handed.status, handed.means, handed.submitted_at) == ("submitted", "irm", clock.now())
        with pytest.raises(Invalid) as outside:
            await submit_report(tx, drafts[1], means="irm", actor=SYSTEM, now=clock.now())
        assert outside.value.errors[0].field == "means"


async def test_nobody_states_the_moment_that_irm_itself_knows(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        unit, authority = await make.organization(tx), await make.organization(tx, AUTHORITY)
        draft = await draft_submission(
            tx,
            subject=Subject(f"organization/{unit}", "unit", "/organizations"),
            form="notice",
            organization_id=unit,
            recipient_id=authority,
            items={"text": "测试"},
            actor=SYSTEM,
            now=clock.now(),
        )
        earlier = clock.now() - timedelta(hours=1)
        with pytest.raises(Invalid) as refused:
            await submit_report(tx, draft, means="irm", stated_at=earlier, actor=SYSTEM, now=clock.now())
        assert refused.value.errors[0].field == "stated_at"


async def test_the_authority_finds_what_units_handed_to_it_and_nobody_else_does(
    db: Database, clock: FixedClock, sign_in: SignIn
) -> None:
    async with db.transaction() as tx:
        unit, authority, other = [await make.organization(tx, kind) for kind in ("using_unit", AUTHORITY, "using_unit")]
        officer, lead, stranger = [
            await make.account(tx, home, role)
            for home, role in ((authority, Role.DUTY_OFFICER), (unit, Role.SECURITY_LEAD), (other, Role.SECURITY_LEAD))
        ]
        draft = await draft_submission(
            tx,
            subject=Subject(f"organization/{unit}", "unit", "/organizations"),
            form="notice",
            organization_id=unit,
            recipient_id=authority,
            items={"text": "测试"},
            actor=SYSTEM,
            now=clock.now(),
        )
        await submit_report(tx, draft, means="irm", actor=SYSTEM, now=clock.now())

    async def received(by: make.Account) -> list[str]:
        answer = await (await sign_in(by)).get("/api/v1/submissions")
        return [one["id"] for one in answer.json()["submissions"]]

    assert await received(officer) == [str(draft)]
    assert await received(lead) == [], "it sent it; nobody handed it anything"
    assert await received(stranger) == []

    async def sent(by: make.Account) -> list[str]:
        answer = await (await sign_in(by)).get("/api/v1/submissions?direction=sent")
        return [one["id"] for one in answer.json()["submissions"]]

    assert await sent(lead) == [str(draft)]
    assert await sent(officer) == []
    assert await sent(stranger) == []


async def test_a_long_list_of_submissions_is_read_page_by_page(
    db: Database, clock: FixedClock, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = dataclasses.replace(entry_policy(), page_size=2)
    monkeypatch.setattr("irm.obligations.queries.entry_policy", lambda: short)
    async with db.transaction() as tx:
        unit, authority = [await make.organization(tx, kind) for kind in ("using_unit", AUTHORITY)]
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        handed = []
        for number in range(5):
            draft = await draft_submission(
                tx,
                subject=Subject(f"organization/{unit}", "unit", "/organizations"),
                form="notice",
                organization_id=unit,
                recipient_id=authority,
                items={"text": str(number)},
                actor=SYSTEM,
                now=clock.now(),
            )
            # Two of them at one moment: the order must not depend on it.
            await submit_report(tx, draft, means="irm", actor=SYSTEM, now=clock.now() + timedelta(minutes=number // 2))
            handed.append(str(draft))
    client = await sign_in(officer)
    read: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = (await client.get(f"/api/v1/submissions?{'cursor=' + cursor if cursor else ''}")).json()
        read += [one["id"] for one in answer["submissions"]]
        cursor = answer["next_cursor"]
    assert sorted(read) == sorted(handed)
    assert len(read) == len(set(read))
    shown = await client.get("/submissions", headers={"accept": "text/html"})
    assert shown.text.count('href="/submissions/') == 2
    assert "cursor=" in shown.text
    odd = await client.get("/api/v1/submissions?cursor=01a201e2-636f-7b9f-bb31-94c2f418580b")
    assert odd.json()["errors"][0]["field"] == "cursor"
