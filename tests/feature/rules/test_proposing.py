"""A changed figure goes through two pairs of eyes before anything is counted by it."""

import json
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Actor, Database, Tx
from irm.errors import Conflict, Forbidden, Invalid
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.positions import LanguageError
from irm.rules.load import builtin_packs, builtin_sources
from irm.rules.models import RulePackRow
from irm.rules.queries import Published, packs_for, published
from irm.rules.service import approve, propose, publish, publish_builtin, withdraw
from tests import make

CHAIN = builtin_sources()["city-chain.yaml"]
POLICE = builtin_sources()["police-147.yaml"]
VERSION = next(pack.version for pack in builtin_packs() if pack.id == "city-chain")
CITED = next(pack.version for pack in builtin_packs() if pack.id == "police-147")


def as_version(version: str, source: str = CHAIN) -> str:
    return source.replace(f'version: "{VERSION}"', f'version: "{version}"')


def stricter(version: str) -> str:
    """The vendor has a quarter of an hour, and the test says so."""
    return (
        as_version(version)
        .replace("within: PT30M", "within: PT15M", 1)
        .replace("2026-11-21T04:11:00+08:00", "2026-11-21T03:56:00+08:00")
    )


async def two_people(tx: Tx, clock: FixedClock) -> tuple[UUID, UUID]:
    """A security administrator and the deputy in charge; the packs of irm are published."""
    await publish_builtin(tx, actor=SYSTEM, now=clock.now())
    authority = await make.organization(tx, "cloud_authority")
    first = await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR)
    second = await make.account(tx, authority, Role.DEPUTY)
    return first.person_id, second.person_id


async def in_use(tx: Tx, clock: FixedClock) -> str:
    return {pack.id: pack.version for pack in await packs_for(tx, {}, clock.now())}["city-chain"]


async def version(tx: Tx, number: str, clock: FixedClock) -> Published:
    found = await published(tx, now=clock.now())
    return next(one for one in found if one.pack.id == "city-chain" and one.pack.version == number)


def acting(person: UUID) -> Actor:
    return Actor("person", person)


async def test_a_version_waits_until_another_person_approves_it(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        lawyer, deputy = await two_people(tx, clock)
        now = clock.tick(hours=1)
        pack, is_new = await propose(
            tx,
            stricter("2026.12.1"),
            file="p.yaml",
            person=lawyer,
            actor=acting(lawyer),
            now=now,
            reason="市里新发文",
            pack_id="city-chain",
        )
        waiting = await version(tx, "2026.12.1", clock)
        before = await in_use(tx, clock)
        with pytest.raises(Forbidden) as caught:
            await approve(tx, pack.id, pack.version, person=lawyer, actor=acting(lawyer), now=now)
        stand_in = make.standing_in(acting(deputy), lawyer)
        with pytest.raises(Forbidden, match="second person"):
            await approve(tx, pack.id, pack.version, person=deputy, actor=stand_in, now=now)
        now = clock.tick(hours=1)
        await approve(tx, pack.id, pack.version, person=deputy, actor=acting(deputy), now=now)
        after = await in_use(tx, clock)
        done = await version(tx, "2026.12.1", clock)
        actions = await tx.scalars(select(LedgerEntryRow.action).where(LedgerEntryRow.subject == "rules/city-chain"))
        told = actions.all()
    assert is_new
    assert waiting.is_waiting
    assert waiting.life.reason == "市里新发文"
    assert before == VERSION
    assert caught.value.code == "second_person"
    assert after == "2026.12.1"
    assert not done.is_waiting
    assert (done.life.approved_by, done.life.approved_at, done.published_at) == (deputy, now, now)
    assert [one for one in told if one != "rules.published"] == ["rules.proposed", "rules.approved"]


async def test_a_red_test_forbids_proposing(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        lawyer, _ = await two_people(tx, clock)
        changed = as_version("2026.12.1").replace("within: PT30M", "within: PT15M", 1)
        with pytest.raises(LanguageError) as caught:
            await propose(
                tx, changed, file="p.yaml", person=lawyer, actor=acting(lawyer), now=clock.now(), reason="新发文"
            )
        found = await published(tx, now=clock.now())
    assert "vendor-cloud-authority is due at" in str(caught.value)
    assert [one.pack.version for one in found if one.pack.id == "city-chain"] == [VERSION]


async def test_a_proposal_says_why_keeps_the_identifier_and_takes_a_version_of_its_own(
    db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        lawyer, _ = await two_people(tx, clock)

        async def proposed(source: str, reason: str = "新发文", pack_id: str | None = "city-chain") -> None:
            await propose(
                tx,
                source,
                file="p.yaml",
                person=lawyer,
                actor=acting(lawyer),
                now=clock.now(),
                reason=reason,
                pack_id=pack_id,
            )

        with pytest.raises(Invalid) as silent:
            await proposed(stricter("2026.12.1"), reason=" ")
        with pytest.raises(LanguageError) as renamed:
            await proposed(stricter("2026.12.1").replace("id: city-chain", "id: town-chain", 1))
        with pytest.raises(Conflict) as taken:
            await proposed(stricter(VERSION))
        with pytest.raises(Conflict) as exists:
            await proposed(stricter("2026.12.1"), pack_id=None)
    assert [one.field for one in silent.value.errors] == ["reason"]
    assert [fault.line for fault in renamed.value.faults] == [
        at for at, line in enumerate(CHAIN.splitlines(), 1) if line.startswith("id:")
    ]
    assert taken.value.code == "version_taken"
    assert exists.value.code == "pack_exists"


async def test_a_newer_proposal_takes_the_place_of_the_one_that_waits(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        lawyer, deputy = await two_people(tx, clock)
        for number in ("2026.12.1", "2026.12.2"):
            await propose(
                tx,
                stricter(number),
                file="p.yaml",
                person=lawyer,
                actor=acting(lawyer),
                now=clock.tick(minutes=1),
                reason="改",
                pack_id="city-chain",
            )
        first, second = await version(tx, "2026.12.1", clock), await version(tx, "2026.12.2", clock)
        with pytest.raises(Conflict):
            await approve(tx, "city-chain", "2026.12.1", person=deputy, actor=acting(deputy), now=clock.now())
    assert first.was_declined
    assert second.is_waiting


async def test_what_waits_is_declined_with_a_reason(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        lawyer, deputy = await two_people(tx, clock)
        await propose(
            tx,
            stricter("2026.12.1"),
            file="p.yaml",
            person=lawyer,
            actor=acting(lawyer),
            now=clock.now(),
            reason="改",
            pack_id="city-chain",
        )
        args = {"actor": acting(deputy), "now": clock.now(), "person": deputy}
        with pytest.raises(Invalid):
            await withdraw(tx, "city-chain", "2026.12.1", **args, reason="")
        await withdraw(tx, "city-chain", "2026.12.1", **args, reason="依据不足")
        declined = await version(tx, "2026.12.1", clock)
        with pytest.raises(Conflict):
            await approve(tx, "city-chain", "2026.12.1", person=deputy, actor=acting(deputy), now=clock.now())
        entry = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "rules.declined"))).one()
    assert declined.was_declined
    assert declined.life.withdrawn_reason == "依据不足"
    assert json.loads(entry.body)["version"] == "2026.12.1"


async def test_national_law_is_never_left_without_a_text(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        lawyer, _ = await two_people(tx, clock)
        args = {"actor": acting(lawyer), "now": clock.now(), "person": lawyer, "reason": "有误"}
        with pytest.raises(Conflict) as caught:
            await withdraw(tx, "police-147", CITED, **args)
        corrected = POLICE.replace(f'version: "{CITED}"', 'version: "2026.12.1"')
        await publish(tx, corrected, file="p.yaml", actor=SYSTEM, now=clock.tick(minutes=1))
        await withdraw(tx, "police-147", "2026.12.1", **args)
        left = {pack.id: pack.version for pack in await packs_for(tx, {}, clock.now())}
    assert caught.value.code == "national"
    assert left["police-147"] == CITED


async def test_an_upgrade_of_irm_does_not_overrule_the_citys_own_text(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        _, deputy = await two_people(tx, clock)
        first = await version(tx, VERSION, clock)
        await publish(tx, stricter("2026.10.1"), file="p.yaml", actor=SYSTEM, now=clock.tick(minutes=1))
        # As if the version that irm brings had not been there before the upgrade.
        await tx.execute(delete(RulePackRow).where(RulePackRow.pack_id == "city-chain", RulePackRow.version == VERSION))
        new = await publish_builtin(tx, actor=SYSTEM, now=clock.tick(days=1))
        waits = await version(tx, VERSION, clock)
        kept = await in_use(tx, clock)
        await approve(tx, "city-chain", VERSION, person=deputy, actor=acting(deputy), now=clock.tick(minutes=1))
        then = await in_use(tx, clock)
    assert not first.is_waiting
    assert new == (f"city-chain {VERSION}",)
    assert waits.is_waiting
    assert (kept, then) == ("2026.10.1", VERSION)


async def test_approvers_are_told_that_a_version_waits_and_the_author_what_became_of_it(
    db: Database, clock: FixedClock
) -> None:
    async def told(tx: Tx, person: UUID) -> list[str]:
        rows = await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.person_id == person, DeliveryRow.channel == "in_app")
            .order_by(DeliveryRow.id)
        )
        return [str(row.titles["zh-CN"]) for row in rows]

    async with db.transaction() as tx:
        lawyer, deputy = await two_people(tx, clock)
        for number, verdict in (("2026.12.1", "declined"), ("2026.12.2", "approved")):
            await propose(
                tx,
                stricter(number),
                file="p.yaml",
                person=lawyer,
                actor=acting(lawyer),
                now=clock.tick(minutes=1),
                reason="改",
                pack_id="city-chain",
            )
            now = clock.tick(minutes=1)
            if verdict == "declined":
                await withdraw(
                    tx, "city-chain", number, actor=acting(deputy), now=now, person=deputy, reason="依据不足"
                )
            else:
                await approve(tx, "city-chain", number, person=deputy, actor=acting(deputy), now=now)
        title = "规则包“本市政务云网络安全事件逐级报告内控要求”"
        assert await told(tx, deputy) == [f"{title}第 2026.12.1 版待批准", f"{title}第 2026.12.2 版待批准"]
        assert await told(tx, lawyer) == [f"{title}第 2026.12.1 版未获批准", f"{title}第 2026.12.2 版已获批准并启用"]
