"""Publishing rule packs, and which of them judge an incident."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Conflict, NotFound
from irm.ledger import LedgerEntryRow
from irm.positions import LanguageError
from irm.rules.load import builtin_packs, builtin_sources
from irm.rules.models import RulePackRow
from irm.rules.queries import packs_for, published
from irm.rules.service import publish, publish_builtin, withdraw

POLICE = builtin_sources()["police-147.yaml"]
VERSION = next(pack.version for pack in builtin_packs() if pack.id == "police-147")


def as_version(version: str, source: str = POLICE) -> str:
    return source.replace(f'version: "{VERSION}"', f'version: "{version}"')


async def test_install_publishes_the_packs_once(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        new = await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        again = await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        entries = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "rules.published"))).all()
    assert sorted(one.split()[0] for one in new) == sorted(pack.id for pack in builtin_packs())
    assert again == ()
    assert {json.loads(entry.body)["pack"] for entry in entries} == {pack.id for pack in builtin_packs()}
    assert {json.loads(entry.body)["digest"] for entry in entries} == {pack.digest for pack in builtin_packs()}


async def test_an_incident_keeps_its_version_and_a_new_one_gets_the_newest(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        before = await packs_for(tx, {}, clock.now())
        frozen = {pack.id: pack.version for pack in before}
        now = clock.tick(hours=1)
        corrected, is_new = await publish(tx, as_version("2026.12.1"), file="p.yaml", actor=SYSTEM, now=now)
        kept = await packs_for(tx, frozen, now)
        fresh = await packs_for(tx, {}, now)
    assert is_new
    assert {pack.id: pack.version for pack in kept} == frozen
    assert {pack.id: pack.version for pack in fresh} == frozen | {"police-147": corrected.version}


async def test_the_same_text_twice_changes_nothing_and_another_text_is_refused(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        _, first = await publish(tx, POLICE, file="p.yaml", actor=SYSTEM, now=clock.now())
        _, second = await publish(tx, POLICE, file="p.yaml", actor=SYSTEM, now=clock.now())
        with pytest.raises(Conflict) as caught:
            await publish(tx, POLICE + "# another\n", file="p.yaml", actor=SYSTEM, now=clock.now())
        rows = (await tx.scalars(select(RulePackRow))).all()
    assert (first, second) == (True, False)
    assert caught.value.code == "version_taken"
    assert [row.source for row in rows] == [POLICE]


async def test_what_fails_its_own_tests_is_not_published(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        changed = POLICE.replace("within: PT24H", "within: PT25H")
        with pytest.raises(LanguageError) as caught:
            await publish(tx, changed, file="p.yaml", actor=SYSTEM, now=clock.now())
        rows = (await tx.scalars(select(RulePackRow))).all()
    assert "police-case is due at" in str(caught.value)
    assert not rows


async def test_a_later_text_is_used_only_for_what_it_covers(db: Database, clock: FixedClock) -> None:
    amended = as_version("2027.1.1").replace("effective: {from: 1994-02-18}", "effective: {from: 2027-01-01}")
    amended = amended.replace('"2026-', '"2027-')
    amended = amended.replace("    due: {", '    due: {now: "2027-12-01T00:00:00+08:00", ')
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        now = clock.tick(minutes=1)
        await publish(tx, amended, file="p.yaml", actor=SYSTEM, now=now)
        today = {pack.id: pack.version for pack in await packs_for(tx, {}, now)}
        then = {pack.id: pack.version for pack in await packs_for(tx, {}, now + timedelta(days=60))}
    assert today["police-147"] == VERSION
    assert then["police-147"] == "2027.1.1"


async def test_a_withdrawn_version_judges_only_what_it_judged_before(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        await withdraw(tx, "police-147", VERSION, actor=SYSTEM, now=clock.now())
        await withdraw(tx, "police-147", VERSION, actor=SYSTEM, now=clock.now())
        fresh = await packs_for(tx, {}, clock.now())
        kept = await packs_for(tx, {"police-147": VERSION}, clock.now())
        entries = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "rules.withdrawn"))).all()
        with pytest.raises(NotFound):
            await withdraw(tx, "police-147", "0", actor=SYSTEM, now=clock.now())
        with pytest.raises(NotFound):
            await packs_for(tx, {"police-147": "0"}, clock.now())
    assert "police-147" not in {pack.id for pack in fresh}
    assert [pack.version for pack in kept] == [VERSION]
    assert len(entries) == 1


async def test_before_anything_is_published_the_packs_of_irm_judge(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        packs = await packs_for(tx, {}, clock.now())
    assert {pack.id for pack in packs} == {pack.id for pack in builtin_packs() if not pack.is_model}


async def test_the_list_says_which_version_is_in_use(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        await publish(tx, POLICE, file="p.yaml", actor=SYSTEM, now=clock.now())
        await publish(tx, as_version("2026.12.1"), file="p.yaml", actor=SYSTEM, now=clock.tick(hours=1))
        found = await published(tx, now=clock.now())
    assert [(one.pack.version, one.newest) for one in found] == [("2026.12.1", True), (VERSION, False)]
