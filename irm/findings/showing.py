"""Findings as readers are shown them: names instead of ids, need-to-know left out."""

from collections.abc import Sequence
from datetime import datetime

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, reach
from irm.db import Tx
from irm.evidence.service import attachments_of
from irm.findings import queries, register
from irm.findings.queries import Finding
from irm.findings.schemas import FindingDetail, FindingView, file_view, finding_view, proposal_view


async def views(tx: Tx, principal: Principal, found: Sequence[Finding], *, now: datetime) -> list[FindingView]:
    """A constant number of statements, however many they are."""
    names = await access.organization_names(
        tx, {one for each in found for one in (each.organization_id, each.verifier_id)}
    )
    systems = await register.systems(tx, {one for each in found for one in each.system_ids})
    own = await _tested(tx, principal, found)
    return [
        finding_view(
            one,
            names=names,
            systems=systems,
            knows=queries.sees_major(principal, one) or one.id in own,
            now=now,
        )
        for one in found
    ]


async def detail(tx: Tx, principal: Principal, one: Finding, *, now: datetime) -> FindingDetail:
    (view,) = await views(tx, principal, [one], now=now)
    return FindingDetail(
        **{name: getattr(view, name) for name in FindingView.__struct_fields__},
        proposals=[proposal_view(each) for each in await queries.proposals_of(tx, one.id)],
        attachments=[file_view(each) for each in await attachments_of(tx, one.path)],
    )


async def _tested(tx: Tx, principal: Principal, found: Sequence[Finding]) -> set[object]:
    """Those that the reader, as tester, wrote down."""
    far = reach(principal, Permission.EDIT_ASSESSMENTS)
    origins = {one.origin_id for one in found if one.origin_id is not None and one.origin == "assessment"}
    if far.is_empty or not origins:
        return set()
    testers = await register.testers_of(tx, origins)
    return {
        one.id
        for one in found
        if one.origin_id in testers and far.covers(Resource(frozenset({testers[one.origin_id]})))
    }
