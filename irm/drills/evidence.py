"""Files at a drill: of those who took part; they are read from the drill's page. No packs."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from irm.db import Tx
from irm.drills.queries import numbers_of
from irm.evidence.collecting import Place
from irm.evidence.owned import OwnedEvidence


class DrillEvidence(OwnedEvidence):
    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        ids = {subject: UUID(subject.split("/")[1]) for subject in subjects}
        numbers = await numbers_of(tx, ids.values())
        return {
            subject: Place(numbers[one], f"/drills/{numbers[one]}") for subject, one in ids.items() if one in numbers
        }


PROVIDER: Final = DrillEvidence()
