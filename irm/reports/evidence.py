"""Files at an edition of an annual report (filled forms, what was handed over with it). No packs."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from irm.db import Tx
from irm.evidence.collecting import Place
from irm.evidence.owned import OwnedEvidence
from irm.reports.queries import titles_of


class EditionEvidence(OwnedEvidence):
    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        """Called by whose report of which year it is, in whatever language."""
        ids = {subject: UUID(subject.split("/")[1]) for subject in subjects}
        titles = await titles_of(tx, ids.values())
        return {
            subject: Place(" · ".join(titles[one]), f"/reports/{one}") for subject, one in ids.items() if one in titles
        }


PROVIDER: Final = EditionEvidence()
