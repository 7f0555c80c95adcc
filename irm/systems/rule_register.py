"""What the city has, for the question which rules could decide here (irm/rules/gaps.py). `irm/wiring.py` names it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.obligations.periodic import Giver
from irm.rules.facts import Register
from irm.rules.gaps import Holdings
from irm.systems.models import SystemRow
from irm.systems.subjects import SYSTEM, facts_of

BATCH: Final = 500


class RuleRegister:
    """Systems that are not retired, and the subjects of the other givers. Of each kind like ones are given once."""

    def __init__(self, givers: Sequence[Giver]) -> None:
        self.givers = [giver for giver in givers if giver.kind != SYSTEM]

    async def holdings(self, tx: Tx) -> Holdings:
        # Columns, not objects: ten thousand are read at once.
        rows: list[Any] = list(
            (await tx.execute(select(SystemRow.__table__).where(SystemRow.retired_at.is_(None)))).all()
        )
        found = {SYSTEM: _once([facts_of(row) for row in rows])}
        for giver in self.givers:
            found[giver.kind] = _once(await _all(tx, giver))
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


async def _all(tx: Tx, giver: Giver) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    after: UUID | None = None
    while given := await giver.batch(tx, after, BATCH):
        found += [each.subject.facts for each in given]
        after = max(each.subject.id for each in given)
    return found


def _once(facts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({repr(sorted(one.items(), key=lambda pair: pair[0])): one for one in facts}.values())
