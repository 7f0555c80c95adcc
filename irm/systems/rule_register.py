"""What the city has, for the questions which rules could decide here, and what a pack would ask (irm/rules). `irm/wiring.py` names it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.obligations.periodic import Given, Giver
from irm.rules.facts import Register
from irm.rules.gaps import Holdings
from irm.rules.subjects import YearSubject
from irm.systems.models import SystemRow
from irm.systems.subjects import SYSTEM, facts_of

BATCH: Final = 500


class RuleRegister:
    """Systems that are not retired, and the subjects of the other givers. Of each kind like ones are given once."""

    def __init__(self, givers: Sequence[Giver]) -> None:
        self.givers = givers

    async def holdings(self, tx: Tx) -> Holdings:
        # Columns, not objects: ten thousand are read at once.
        rows: list[Any] = list(
            (await tx.execute(select(SystemRow.__table__).where(SystemRow.retired_at.is_(None)))).all()
        )
        found = {SYSTEM: _once([facts_of(row) for row in rows])}
        for giver in (one for one in self.givers if one.kind != SYSTEM):
            found[giver.kind] = _once([each.subject.facts async for each in _all(tx, giver)])
        registers = [
            Register(
                users=row.users,
                personal_records=row.personal_records,
                portal_rank=row.portal_rank,
                cii=row.cii,
                important_data=row.important_data,
            )
            for row in rows
        ]
        return Holdings(registers, found)

    async def subjects(self, tx: Tx) -> AsyncIterator[tuple[str, YearSubject]]:
        """Whatever owes something through the year, with the name by which people know it."""
        for giver in self.givers:
            async for each in _all(tx, giver):
                yield each.about.name or each.about.number, each.subject


async def _all(tx: Tx, giver: Giver) -> AsyncIterator[Given]:
    after: UUID | None = None
    while given := await giver.batch(tx, after, BATCH):
        for each in given:
            yield each
        after = max(each.subject.id for each in given)


def _once(facts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({repr(sorted(one.items(), key=lambda pair: pair[0])): one for one in facts}.values())
