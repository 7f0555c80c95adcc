"""What one person has decided and what has no effect until another confirms it, for those who may be that other."""

from typing import Final

from sqlalchemy import select

from irm.access.policy import Permission, Principal, may, reach
from irm.access.second import is_second, not_theirs
from irm.db import Tx
from irm.i18n import LOCALES, Translator, translator
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.models import IncidentRow, LevelAssessmentRow, StatusChangeRow
from irm.overview.board import Need
from irm.playbooks.models import PlaybookRow
from irm.rules.queries import Waiting, waiting_versions

MOST: Final = 100


async def second_persons(tx: Tx, principal: Principal) -> list[Need]:
    needs: list[Need] = []
    theirs = not_theirs(principal)
    for row_type, by, permission in (
        (LevelAssessmentRow, LevelAssessmentRow.assessed_by, Permission.ASSESS_LEVEL),
        (StatusChangeRow, StatusChangeRow.requested_by, Permission.CHANGE_STATUS),
        (DiscoveryChangeRow, DiscoveryChangeRow.requested_by, Permission.ASSESS_LEVEL),
    ):
        far = reach(principal, permission)
        if not far.everything:
            continue
        rows = await tx.execute(
            select(row_type.id, row_type.at, row_type.reason, IncidentRow.number, IncidentRow.title)
            .join(IncidentRow, IncidentRow.id == row_type.incident_id)
            .where(row_type.confirmed_at.is_(None), row_type.rejected_at.is_(None), by.not_in(theirs))
            .order_by(row_type.at)
            .limit(MOST)
        )
        needs += [
            Need("second_person", row_id, title, number, f"/incidents/{number}", at, detail=reason)
            for row_id, at, reason, number, title in rows.all()
        ]
    return [*needs, *await _versions(tx, principal), *await _packs(tx, principal)]


async def _versions(tx: Tx, principal: Principal) -> list[Need]:
    """Versions of playbooks, for whoever may approve them and has not published them himself."""
    if not may(principal, Permission.PUBLISH_PLAYBOOK):
        return []
    theirs = [f"person/{one}" for one in not_theirs(principal)]
    rows = await tx.scalars(
        select(PlaybookRow)
        .where(PlaybookRow.waiting_since.is_not(None), PlaybookRow.published_by.not_in(theirs))
        .order_by(PlaybookRow.waiting_since)
        .limit(MOST)
    )
    return [
        Need(
            "second_person",
            row.id,
            {each: _called(row, translator(each)) for each in LOCALES},
            "",
            f"/playbooks/{row.playbook_id}",
            row.waiting_since,
            detail=row.reason or "",
        )
        for row in rows
    ]


def _called(row: PlaybookRow, t: Translator) -> str:
    return t("Playbook “%(title)s”, version %(version)s", title=t.of(row.title), version=row.version)


async def _packs(tx: Tx, principal: Principal) -> list[Need]:
    """Versions of rule packs, for whoever may approve them and has not put them forward himself."""
    if not may(principal, Permission.APPROVE_RULES):
        return []
    return [
        Need(
            "second_person",
            one.id,
            {each: _pack_called(one, translator(each)) for each in LOCALES},
            "",
            f"/rules/{one.pack.id}",
            one.since,
            detail=one.reason or "",
        )
        for one in (await waiting_versions(tx))[:MOST]
        if is_second([one.by], principal)
    ]


def _pack_called(one: Waiting, t: Translator) -> str:
    return t("Rule pack “%(title)s”, version %(version)s", title=t.of(one.pack.title), version=one.pack.version)
