"""Wire types of gaps: what is null or unverified. Texts carry both languages."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from irm.rules.gaps import Gap


class GapView(Struct, frozen=True):
    """`part`: rule, item, figure, reading. `unread`: facts whose figure is null. `seen`: figures from elsewhere, never used.

    `idle`, why it cannot decide in this city: not_in_force, standing, other_reading, nothing_in_register, below_figure,
    not_managed; null: it could, or nobody asked about a city.
    """

    id: str
    pack: str
    version: str
    part: str
    title: dict[str, str]
    citation: dict[str, Any]
    status: str
    level: int | None
    unread: list[str]
    seen: dict[str, str]
    idle: str | None


class GapList(Struct, frozen=True):
    """`gaps` could decide; `idle` belong to packs that the city goes by and cannot decide here."""

    gaps: list[GapView]
    idle: list[GapView]


def gap_list(found: Iterable[Gap]) -> GapList:
    views = [gap_view(one) for one in found]
    return GapList([one for one in views if one.idle is None], [one for one in views if one.idle is not None])


def gap_view(one: Gap) -> GapView:
    return GapView(
        id=one.id,
        pack=one.pack.id,
        version=one.pack.version,
        part=one.part,
        title=dict(one.title),
        citation=one.citation.as_json(),
        status=one.status,
        level=one.level,
        unread=[fact.name for fact in one.unread],
        seen=dict(one.seen),
        idle=one.idle,
    )
