"""Which desk of the directory an article means: its kind and tier, near the bearer. Pure."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from irm.rules.pack import Addressee
from irm.rules.subjects import Party


class To(NamedTuple):
    organization: UUID | None
    kind: str
    tier: str | None


def to(party: Party | None, organization: UUID | None, kind: str) -> To:
    return To(organization, party.kind if party else kind, party.tier if party else None)


def desk(wanted: Addressee, near: Party | None, directory: Sequence[Party]) -> Party | None:
    """The desk of that kind at the tier that the article names; where it names none, the first preferred tier."""
    candidates = [party for party in directory if party.kind == wanted.kind and wanted.tier in (None, party.tier)]
    if wanted.tier is None and wanted.prefer:
        for tier in wanted.prefer:
            if at_tier := [party for party in candidates if party.tier == tier]:
                candidates = at_tier
                break
    region = near.region if near else None
    return min(
        candidates, key=lambda party: (not same_place(party.region, region), str(party.region), party.id), default=None
    )


def same_place(one: str | None, other: str | None) -> bool:
    """A province's code is the beginning of its cities' codes (zeros fill the rest); equal names are one place."""
    if not one or not other:
        return False
    mine, theirs = (text.rstrip("0") if text.isdigit() else text for text in (one, other))
    return theirs.startswith(mine) or mine.startswith(theirs)
