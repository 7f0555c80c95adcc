"""Files at findings: whoever may see the finding may read its proofs, whichever side attached them."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import NotFound
from irm.evidence.collecting import Place
from irm.evidence.owned import OwnedEvidence
from irm.evidence.service import Attachment
from irm.findings.queries import finding_by_path, numbers_of
from irm.findings.words import ACTIONS


class FindingEvidence(OwnedEvidence):
    async def may_read(self, tx: Tx, found: Attachment, by: Principal) -> bool:
        try:
            one = await finding_by_path(tx, by, found.subject)
        except NotFound:
            return False
        return reach(by, Permission.READ_EVIDENCE).covers(one.resource)

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        ids = {subject: UUID(subject.split("/")[1]) for subject in subjects}
        numbers = await numbers_of(tx, ids.values())
        return {
            subject: Place(numbers[one], f"/findings/{numbers[one]}") for subject, one in ids.items() if one in numbers
        }

    @property
    def words(self) -> Mapping[str, str]:
        return ACTIONS


PROVIDER: Final = FindingEvidence()
