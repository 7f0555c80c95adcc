"""Published versions of playbooks: what each says, who published it and why, and which one new runs start with."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.errors import NotFound
from irm.playbooks.models import PlaybookRow
from irm.playbooks.steps import Texts


@dataclass(frozen=True)
class Version:
    id: UUID
    playbook_id: str
    version: int
    title: Texts
    digest: str
    published_at: datetime
    published_by: str
    active: bool
    source: str


async def versions(tx: Tx, playbook_id: str | None = None) -> list[Version]:
    """Published versions, the newest of each playbook first."""
    query = select(PlaybookRow).order_by(PlaybookRow.playbook_id, PlaybookRow.version.desc())
    if playbook_id is not None:
        query = query.where(PlaybookRow.playbook_id == playbook_id)
    return [
        Version(
            row.id,
            row.playbook_id,
            row.version,
            dict(row.title),
            row.digest,
            row.published_at,
            row.published_by,
            row.active,
            row.source,
        )
        for row in await tx.scalars(query)
    ]


def chosen(found: list[Version], version: int | None) -> Version:
    """That version; without one the active, else the newest. Raises NotFound."""
    for one in found:
        if one.version == version or (version is None and one.active):
            return one
    if version is None and found:
        return found[0]
    raise NotFound("There is no such playbook.")
