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
from irm.web.wording import exact

PERSON: Final = "person/"
NOBODY: Final[Mapping[str, str]] = {
    "irm": N_("came with irm"),
    "system": N_("at the command line"),
}


@dataclass(frozen=True)
class Warned:
    """What the linter told whoever published it."""

    line: int
    column: int
    texts: Texts


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
    used_since: datetime | None = None
    """When runs could first start with it; None: never."""
    verdict: str | None = None
    """declined, withdrawn, overtaken, reinstated, retired: the last that a person said of it."""
    verdict_by: str | None = None
    verdict_at: datetime | None = None
    verdict_reason: str | None = None
    warnings: tuple[Warned, ...] = ()

    @property
    def is_unapproved(self) -> bool:
        """It was used without a second person, and did not come with irm."""
        return self.used_since is not None and self.approved_by is None and self.published_by != "irm"

    @property
    def may_return(self) -> bool:
        """It can be put back into use by one person."""
        return self.used_since is not None and not self.active and not self.waiting


@dataclass(frozen=True)
class Origin:
    """Who let a version be used: what an incident's run says of the version that decides in it. Names, or "" where nobody
    is known any more."""

    by: str
    """`irm`, `system`, or `person/<id>`."""
    name: str
    published_at: datetime
    approved_by: str
    approved_at: datetime | None


async def origins(tx: Tx, rows: Iterable[PlaybookRow]) -> dict[UUID, Origin]:
    """By the row's id."""
    found = {row.id: row for row in rows}
    written = {
        by for row in found.values() for by in (row.published_by, row.approved_by or "") if by.startswith(PERSON)
    }
    names = await _names(tx, written)
    return {
        row.id: Origin(
            row.published_by,
            names.get(row.published_by, ""),
            row.published_at,
            names.get(row.approved_by or "", ""),
            row.approved_at,
        )
        for row in found.values()
    }


def origin_words(one: Origin, t: Translator) -> str:
    """Published and approved by whom and when, or that nobody was asked."""
    moments = {"published_at": exact(one.published_at, t)}
    if one.by == "irm":
        return t("came with irm on %(published_at)s", **moments)
    who = t(NOBODY[one.by]) if one.by in NOBODY else one.name
    if one.approved_at is None:
        return t("published by %(who)s on %(published_at)s, without approval", who=who, **moments)
    return t(
        "published by %(who)s on %(published_at)s, approved by %(approver)s on %(approved_at)s",
        who=who,
        approver=one.approved_by,
        approved_at=exact(one.approved_at, t),
        **moments,
    )


VERDICTS: Final[Mapping[str, str]] = {
    "declined": N_("declined by %(name)s"),
    "withdrawn": N_("taken back by %(name)s"),
    "overtaken": N_("overtaken: %(name)s"),
    "reinstated": N_("put back into use by %(name)s"),
    "retired": N_("withdrawn from use by %(name)s"),
}


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
            row.used_since,
            row.verdict,
            row.verdict_by,
            row.verdict_at,
            row.verdict_reason,
            tuple(Warned(one["line"], one["column"], one["texts"]) for one in row.warnings or ()),
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
    """`published_by`, `approved_by`, `verdict_by` → the person's name; what irm brought or published by itself needs none."""
    written = {
        by
        for one in found
        for by in (one.published_by, one.approved_by or "", one.verdict_by or "")
        if by.startswith(PERSON)
    }
    return await _names(tx, written)


async def _names(tx: Tx, written: Iterable[str]) -> dict[str, str]:
    people = {by: UUID(by.removeprefix(PERSON)) for by in written}
    names = await person_names(tx, people.values()) if people else {}
    return {by: names[person] for by, person in people.items() if person in names}


def publisher_words(one: Version, names: Mapping[str, str], t: Translator) -> str:
    """Who published it, as people read it."""
    return who_words(one.published_by, names, t)


def who_words(by: str, names: Mapping[str, str], t: Translator) -> str:
    return t(NOBODY[by]) if by in NOBODY else names.get(by, "")


def verdict_words(one: Version, names: Mapping[str, str], t: Translator) -> str:
    """What a person has said of it last; empty: nothing."""
    if one.verdict is None:
        return ""
    return t(VERDICTS[one.verdict], name=who_words(one.verdict_by or "", names, t))
