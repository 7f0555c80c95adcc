"""Wire types of previews. Texts carry both languages."""

from datetime import datetime

from msgspec import Struct

from irm.rules.previewing import Preview


class ConcernedView(Struct, frozen=True):
    name: str
    due_at: datetime | None


class RulePreview(Struct, frozen=True):
    """`first`: those that end first; empty for readers who do not see the city's systems."""

    id: str
    title: dict[str, str]
    count: int
    first: list[ConcernedView]


class PreviewView(Struct, frozen=True):
    """`on`: the city goes by the pack now: the duties would end, as far as they are not met. Else they would be owed."""

    pack: str
    version: str
    on: bool
    count: int
    rules: list[RulePreview]


def preview_view(one: Preview, *, with_names: bool = True) -> PreviewView:
    return PreviewView(
        one.pack.id,
        one.pack.version,
        one.is_on,
        one.count,
        [
            RulePreview(
                each.rule.id,
                dict(each.rule.title),
                each.count,
                [ConcernedView(first.name, first.due_at) for first in each.first] if with_names else [],
            )
            for each in one.rules
        ],
    )
