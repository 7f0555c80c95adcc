"""Story 5: the leaders are silent. Their chain is climbed, the report leaves under the city's authorization, the
signature follows; without the document irm says at once who must be fetched."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from irm.access.principals import principal_of
from irm.db import SYSTEM, Actor
from irm.errors import Conflict, Forbidden, Invalid
from irm.notify.models import DeliveryRow
from irm.obligations import answering, approval_rules, approvals, asking, authorizing, drafting, refilling
from irm.obligations.approval import Verdict
from irm.obligations.consenting import Word
from irm.obligations.models import SubmissionRow
from irm.overview import queries
from irm.overview.board import Need
from irm.positions import LanguageError
from tests import make
from tests.conftest import Drain
from tests.feature.obligations.chain import RULES, Chain, chain
from tests.feature.obligations.conftest import CITY, ITEMS, Night

__all__ = ["chain"]  # a fixture of the neighbour


async def test_the_leaders_are_silent_and_the_report_leaves_in_time(night: Night, chain: Chain, drain: Drain) -> None:
    await chain.grant()
    (owed,) = await night.open(night.owed(CITY))  # within the hour, five minutes of it are gone
    draft = await night.draft(owed.id)
    with pytest.raises(Conflict) as caught:
        await night.submit(draft)
    assert caught.value.code == "approval_needed"

    request = await chain.ask(draft)
    await drain()
    assert await chain.paged() == [night.second.person_id]
    assert await chain.verdict(draft) is Verdict.WAIT
    with pytest.raises(Conflict) as caught:
        await night.submit(draft, before_approval=True)
    assert caught.value.code == "approval_awaited"

    for minutes, asked in ((5, chain.deputy), (5, chain.head)):
        night.clock.tick(minutes=minutes)
        await drain()
        assert (await chain.paged())[-1] == asked.person_id
    assert await chain.said("may-leave") == []
    night.clock.tick(minutes=5)
    await drain()
    assert (await night.told("approval.exhausted")) == ["approval.exhausted"]
    assert len(await chain.said("may-leave")) > 0, "the duty officer is told that it may leave"
    assert await chain.verdict(draft) is Verdict.AUTHORIZED
    with pytest.raises(Conflict) as caught:
        await night.submit(draft)
    assert caught.value.code == "before_approval", "nobody sends unapproved by mistake"

    await night.submit(draft, before_approval=True)
    assert (await night.duty(owed.id)).status == "submitted"
    (signature,) = [each for each in await night.duties() if each.form == "countersignature"]
    assert (signature.force, signature.bearer.id, signature.status) == ("本市内控", night.authority, "open")
    assert signature.due_at == night.clock.now() + timedelta(days=1)
    assert (await chain.request(request)).left_by == "authorized"

    night.clock.tick(hours=5)
    await chain.approve(request, chain.head)
    assert (await night.duty(signature.id)).status == "met"
    assert (await night.told("approval."))[-1] == "approval.given"
    await drain()
    night.clock.tick(hours=30)
    await drain()
    assert len(await chain.paged()) == 3, "nobody is called again"


async def test_whoever_approves_is_called_by_the_incidents_level(night: Night, chain: Chain, drain: Drain) -> None:
    """Else the page about a grave night's report would wait behind everything that is graver than nothing."""
    (owed,) = await night.open(night.owed(CITY))
    await chain.ask(await night.draft(owed.id))
    await drain()
    async with night.db.transaction() as tx:
        pages = list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.page_key.startswith("approval/"))))
    assert {page.severity for page in pages} == {night.subject.level}
    assert {page.organization_id for page in pages} == {night.authority}, "for whom he signs: that desk sees the call"
    called = [page.body for page in pages if page.purpose == "page"]
    assert called
    assert all("有报告待审批" in body for body in called)


async def board_of(night: Night, one: make.Account) -> list[Need]:
    async with night.db.transaction() as tx:
        principal = await principal_of(tx, one.id, now=night.clock.now())
        assert principal is not None
        needs = (await queries.board_of(tx, principal, now=night.clock.now())).needs
        return [need for need in needs if need.href.startswith("/approvals/")]


async def test_the_report_stands_on_the_board_of_whoever_the_chain_has_come_to(
    night: Night, chain: Chain, drain: Drain
) -> None:
    """With its answer, not as a call that only asks whether it arrived; the desk sees who is silent about what."""
    (owed,) = await night.open(night.owed(CITY))
    request = await chain.ask(await night.draft(owed.id))
    await drain()
    mine, unreached = await board_of(night, night.second)
    assert (mine.kind, mine.due_at) == ("approval", night.known_at + timedelta(hours=1))
    assert mine.href == f"/approvals/{request}"
    assert "approval" not in {need.kind for need in await board_of(night, chain.deputy)}, "nobody has called him yet"
    for silent in (unreached, *await board_of(night, night.officer)):
        assert silent.kind == "unreached"
        assert isinstance(silent.title, dict)
        assert silent.title["en"].startswith("Please approve: ")
    night.clock.tick(minutes=5)
    await drain()
    assert "approval" in {need.kind for need in await board_of(night, chain.deputy)}
    await chain.approve(request, chain.deputy)
    await drain()
    for one in (night.second, chain.deputy, night.officer):
        assert await board_of(night, one) == []


async def test_a_signature_that_does_not_come_is_overdue_and_climbs(night: Night, chain: Chain, drain: Drain) -> None:
    await chain.grant()
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    night.clock.tick(minutes=30)  # half the hour is gone, and nobody was ever asked
    assert await chain.verdict(draft) is Verdict.AUTHORIZED
    await night.submit(draft, before_approval=True)
    await drain()
    assert await chain.paged() == [night.second.person_id], "the chain is asked all the same"
    night.clock.tick(hours=25)
    await drain()
    (signature,) = [each for each in await night.duties() if each.form == "countersignature"]
    assert signature.overdue_at is not None
    assert "obligation.overdue" in await night.told()


async def test_without_the_document_irm_says_at_once_who_must_be_fetched(
    night: Night, chain: Chain, drain: Drain
) -> None:
    (owed,) = await night.open(night.owed(CITY, form="progress", satisfied_by=("progress",)))
    draft = await night.draft(owed.id)
    await chain.ask(draft)
    assert len(await chain.said("fetch")) > 0, "the desk is told at once, without waiting for any silence"
    async with night.db.transaction() as tx:
        stands = await approvals.standing(tx, await tx.get_one(SubmissionRow, draft), now=night.clock.now())
    fetched = [(each.person_id, each.telephone) for each in stands.to_fetch()]
    assert fetched == [(each.person_id, each.telephone) for each in (night.second, chain.deputy, chain.head)]
    night.clock.tick(minutes=50)
    await drain()
    with pytest.raises(Conflict) as caught:
        await night.submit(draft, before_approval=True)
    assert caught.value.code == "fetch_approver"
    assert chain.head.telephone in caught.value.context["people"]


async def test_an_initial_report_leaves_at_half_its_limit_even_without_the_document(night: Night, chain: Chain) -> None:
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    request = await chain.ask(draft)
    assert await chain.verdict(draft) is Verdict.FETCH
    night.clock.tick(minutes=25)
    assert await chain.verdict(draft) is Verdict.UNSIGNED
    await night.submit(draft, before_approval=True)
    assert (await chain.request(request)).left_by == "unsigned"
    assert [each.status for each in await night.duties() if each.form == "countersignature"] == ["open"]


async def test_an_approved_report_leaves_like_any_other(night: Night, chain: Chain, drain: Drain) -> None:
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    request = await chain.ask(draft)
    night.clock.tick(minutes=2)
    await chain.approve(request, night.second)
    await night.submit(draft)
    assert not [each for each in await night.duties() if each.form == "countersignature"]
    night.clock.tick(hours=1)
    await drain()
    assert await chain.paged() == [night.second.person_id], "nobody else is woken"
    with pytest.raises(Conflict):
        await chain.approve(request, chain.deputy)


async def test_another_text_is_approved_anew(night: Night, chain: Chain) -> None:
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    request = await chain.ask(draft)
    async with night.db.transaction(night.actor) as tx:
        await drafting.edit_draft(tx, draft, items={"cause": "a hole"}, actor=night.actor, now=night.clock.now())
    with pytest.raises(Conflict) as caught:
        await chain.approve(request, night.second)
    assert caught.value.code == "text_changed"
    again = await chain.ask(draft)
    assert again != request
    await chain.approve(again, night.second)
    with pytest.raises(Conflict) as caught:
        await night.submit(draft, items={**ITEMS, "cause": "another hole"})
    assert caught.value.code == "approval_needed"


async def test_given_back_with_a_reason_and_corrected(night: Night, chain: Chain) -> None:
    await chain.grant()
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    request = await chain.ask(draft)
    with pytest.raises(Invalid):
        await chain.give_back(request, night.second, " ")
    await chain.give_back(request, night.second)
    assert len(await chain.said("returned")) > 0, "the writer is told"
    assert (await chain.request(request)).reason == "name the system"
    night.clock.tick(minutes=40)
    with pytest.raises(Conflict) as caught:
        await night.submit(draft, before_approval=True)
    assert caught.value.code == "given_back", "not even the authorization sends what an approver refused"
    async with night.db.transaction(night.actor) as tx:
        await drafting.edit_draft(tx, draft, items={"unit": "system 1"}, actor=night.actor, now=night.clock.now())
    await night.submit(draft, before_approval=True)


async def test_nobody_approves_what_he_wrote(night: Night, chain: Chain) -> None:
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    leader = Actor("person", night.second.person_id, night.authority)
    async with night.db.transaction(leader) as tx:
        await drafting.edit_draft(tx, draft, items={"cause": "a hole"}, actor=leader, now=night.clock.now())
    request = await chain.ask(draft)
    assert await chain.paged() == [chain.deputy.person_id], "the rung of the writer takes no time"
    with pytest.raises(Forbidden):
        await chain.approve(request, night.second)
    with pytest.raises(Forbidden):
        await chain.approve(request, night.officer)
    await chain.approve(request, chain.deputy)


async def test_a_word_on_the_telephone_serves_until_the_approver_confirms_or_denies_it(
    night: Night, chain: Chain
) -> None:
    await chain.grant()
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    request = await chain.ask(draft)
    night.clock.tick(minutes=3)
    now, deputy = night.clock.now(), chain.deputy.person_id
    async with night.db.transaction(night.actor) as tx:
        await answering.note_word(
            tx,
            request,
            deputy,
            Word("telephone", "deputy", "agreed"),
            noted_by=night.officer.person_id,
            actor=night.actor,
            now=now,
        )
    assert await chain.verdict(draft) is Verdict.APPROVED
    assert (await chain.request(request)).standing == "self_declared"
    await night.submit(draft)
    actor = Actor("person", deputy, night.authority)
    async with night.db.transaction(actor) as tx:
        with pytest.raises(Forbidden):
            await answering.confirm(tx, request, person_id=chain.head.person_id, actor=actor, now=now)
        await answering.deny(tx, request, reason="nobody called me", person_id=deputy, actor=actor, now=now)
    (signature,) = [each for each in await night.duties() if each.form == "countersignature"]
    assert signature.status == "open"
    await chain.approve(request, chain.head)
    assert (await night.duty(signature.id)).status == "met"


async def test_newer_facts_do_not_change_what_approvers_read(night: Night, chain: Chain) -> None:
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    await chain.ask(draft)
    async with night.db.transaction() as tx:
        await refilling.fill_draft(tx, draft, {"cause": "a hole"}, now=night.clock.now())
        row = await tx.get_one(SubmissionRow, draft)
        assert "cause" not in row.items
        assert row.newer["cause"] == "a hole"


async def test_a_revoked_authorization_allows_nothing(night: Night, chain: Chain) -> None:
    document = await chain.grant(["progress"])
    (owed,) = await night.open(night.owed(CITY, form="progress", satisfied_by=("progress",)))
    draft = await night.draft(owed.id)
    await chain.ask(draft)
    night.clock.tick(minutes=30)
    assert await chain.verdict(draft) is Verdict.AUTHORIZED
    async with night.db.transaction() as tx:
        await authorizing.revoke(tx, document, reason="new order", actor=SYSTEM, now=night.clock.now())
    assert await chain.verdict(draft) is Verdict.FETCH


async def test_rules_with_faults_name_every_line_and_change_nothing(night: Night, chain: Chain) -> None:
    text = RULES.format(code="nobody").replace("deputy", "deputi").replace("minutes: 5}", "minutes: 0}", 1)
    async with night.db.transaction() as tx:
        with pytest.raises(LanguageError) as caught:
            await approval_rules.publish(tx, text, file="a.yaml", actor=SYSTEM, now=night.clock.now())
    assert {fault.line for fault in caught.value.faults} == {7, 8}


async def test_the_job_that_climbs_may_come_twice_and_after_an_answer(night: Night, chain: Chain, drain: Drain) -> None:
    assert asking.CLIMB == "obligations.climb_approvers"
    (owed,) = await night.open(night.owed(CITY))
    request = await chain.ask(await night.draft(owed.id))
    night.clock.tick(minutes=6)
    for _ in range(2):
        async with night.db.transaction() as tx:
            await asking.climb(tx, {"request": str(request)}, night.clock.now())
    await drain()
    assert await chain.paged() == [night.second.person_id, chain.deputy.person_id]
    await chain.approve(request, chain.deputy)
    night.clock.tick(minutes=30)
    async with night.db.transaction() as tx:
        await asking.climb(tx, {"request": str(request)}, night.clock.now())
    assert len(await chain.paged()) == 2
