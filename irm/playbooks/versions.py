"""Published versions of playbooks: what each says, who published it and why, and which one new runs start with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.queries import person_names
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import N_, Translator
from irm.playbooks.models import PlaybookRow
from irm.playbooks.steps import Texts

PERSON: Final = "person/"
NOBODY: Final[Mapping[str, str]] = {
    "irm": N_("came with irm"),
    "system": N_("at the command line"),
}


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
    reason: str | None
    waiting: bool = False
    """For another person's approval."""
    approved_by: str | None = None
    approved_at: datetime | None = None


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
            row.reason,
            row.waiting_since is not None,
            row.approved_by,
            row.approved_at,
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


async def publishers(tx: Tx, found: Iterable[Version]) -> dict[str, str]:
    """`published_by` and `approved_by` → the person's name; what irm brought or published by itself needs none."""
    written = {by for one in found for by in (one.published_by, one.approved_by or "") if by.startswith(PERSON)}
    people = {by: UUID(by.removeprefix(PERSON)) for by in written}
    names = await person_names(tx, people.values())
    return {by: names[person] for by, person in people.items() if person in names}


def publisher_words(one: Version, names: Mapping[str, str], t: Translator) -> str:
    """Who published it, as people read it."""
    if one.published_by in NOBODY:
        return t(NOBODY[one.published_by])
    return names.get(one.published_by, "")
