"""Wire types of comparisons. Values are the pack's own, texts carry both languages."""

from typing import Any

from msgspec import Struct, field

from irm.rules.comparing import Change, Comparison, aspects
from irm.rules.pack import Pack


class DifferenceView(Struct, frozen=True):
    """`before` and `after` as the pack writes them; null: there is none."""

    aspect: str
    before: Any
    after: Any


class ChangedView(Struct, frozen=True):
    """`part`: pack, rule, item, figure, switch, policy."""

    part: str
    id: str
    title: dict[str, str]
    differences: list[DifferenceView]


class StandingView(Struct, frozen=True):
    """Something that only one of the two versions has, with all that it says."""

    part: str
    id: str
    title: dict[str, str]
    says: dict[str, Any]


class ComparedPack(Struct, frozen=True):
    id: str
    version: str
    text_version: str
    digest: str


class ComparisonView(Struct, frozen=True):
    """`only_the_text`: the files differ in comments, tests or order, and in nothing that decides."""

    before: ComparedPack = field(name="from")
    after: ComparedPack = field(name="to")
    only_the_text: bool
    added: list[StandingView]
    removed: list[StandingView]
    changed: list[ChangedView]


def comparison_view(one: Comparison) -> ComparisonView:
    return ComparisonView(
        before=_pack(one.before),
        after=_pack(one.after),
        only_the_text=one.only_the_text,
        added=[_standing(change, one.after) for change in one.of("added")],
        removed=[_standing(change, one.before) for change in one.of("removed")],
        changed=[changed_view(change) for change in one.of("changed")],
    )


def changed_view(change: Change) -> ChangedView:
    return ChangedView(
        change.part,
        change.id,
        dict(change.title),
        [DifferenceView(each.aspect, each.before, each.after) for each in change.differences],
    )


def _pack(pack: Pack) -> ComparedPack:
    return ComparedPack(pack.id, pack.version, pack.text_version, pack.digest)


def _standing(change: Change, pack: Pack) -> StandingView:
    return StandingView(change.part, change.id, dict(change.title), aspects(change.present, pack))
