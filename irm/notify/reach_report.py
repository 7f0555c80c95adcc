"""Who of the rosters was reached by what and when: the report of the weekly proofs, as rows for page, file and command."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.access import queries as access
from irm.db import Tx
from irm.notify.policy import channel_policy
from irm.notify.proving import reached
from irm.notify.reaching import Reached


@dataclass(frozen=True)
class Line:
    name: str
    organization: str
    organization_id: UUID
    reached: Reached
    is_lost: bool


async def reach_report(tx: Tx, now: datetime, *, organizations: Collection[UUID] | None = None) -> list[Line]:
    """Of these organizations' rosters (None: of all), whoever was silent longest first."""
    found = [(who, desk) for who, desk in await reached(tx, now) if organizations is None or desk in organizations]
    names = await access.person_names(tx, {who.person_id for who, _ in found})
    desks = await access.organization_names(tx, {desk for _, desk in found})
    weeks = channel_policy().proof_red_after
    lines = [
        Line(names.get(who.person_id, ""), desks.get(desk, ""), desk, who, who.is_lost(now, weeks))
        for who, desk in found
    ]
    return sorted(lines, key=_silence)


def _silence(line: Line) -> tuple[bool, float, str]:
    proven = line.reached.proven_at
    return (not line.is_lost, proven.timestamp() if proven else 0.0, line.name)


def lines_of(report: Sequence[Line]) -> list[dict[str, Any]]:
    """One row for each person and channel."""
    return [
        {
            "person": line.name,
            "organization": line.organization,
            "channel": way.channel,
            "proven_at": way.proven_at,
            "asked_at": way.asked_at,
            "in_vain": way.in_vain,
            "lost": line.is_lost,
        }
        for line in report
        for way in line.reached.ways
    ]
