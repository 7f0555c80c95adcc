"""Wire types of a text of a rule pack that is looked at. What is wrong reads in the reader's language."""

from msgspec import Struct

from irm.errors import in_words
from irm.i18n import Translator
from irm.positions import Fault
from irm.rules.comparison_views import ComparisonView, comparison_view
from irm.rules.drafting import Looked
from irm.rules.preview_views import ConcernedView
from irm.rules.previewing import RuleChange


class PackText(Struct, frozen=True, forbid_unknown_fields=True):
    """`effects`: also count what the text would change in this city; that reads the whole register."""

    source: str
    effects: bool = False


class ProposedText(Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    reason: str


class WhyWithdrawn(Struct, frozen=True, forbid_unknown_fields=True):
    reason: str


class FaultView(Struct, frozen=True):
    line: int
    column: int
    message: str
    hint: str


class TestView(Struct, frozen=True):
    """`rules`: ids of those that the test speaks of. `faults` empty: green."""

    name: str
    line: int
    cases: int
    green: bool
    rules: list[str]
    faults: list[FaultView]


class RuleChangeView(Struct, frozen=True):
    """How many become owed, are owed no longer, or on another day; `first` is empty for who does not see the systems."""

    id: str
    title: dict[str, str]
    new: int
    gone: int
    moved: int
    first: list[ConcernedView]


class LookedView(Struct, frozen=True):
    """`ok`: it can be put before a second person. `next_version`: one that is free."""

    ok: bool
    pack: str | None
    version: str | None
    version_taken: bool
    next_version: str
    faults: list[FaultView]
    tests: list[TestView]
    comparison: ComparisonView | None
    effects: list[RuleChangeView] | None


def looked_view(
    looked: Looked, effects: tuple[RuleChange, ...] | None, t: Translator, *, with_names: bool = True
) -> LookedView:
    pack = looked.pack
    prefix = f"{pack.id}/" if pack is not None else ""
    return LookedView(
        ok=looked.may_be_proposed,
        pack=pack.id if pack else None,
        version=pack.version if pack else None,
        version_taken=looked.taken,
        next_version=looked.next_version,
        faults=[fault_view(one, t) for one in looked.faults],
        tests=[
            TestView(
                test.name,
                test.line,
                test.cases,
                test.is_green,
                sorted(f"{prefix}{name}" for name in test.rules),
                [fault_view(one, t) for one in test.faults],
            )
            for test in looked.tests
        ],
        comparison=comparison_view(looked.comparison) if looked.comparison else None,
        effects=None
        if effects is None
        else [
            RuleChangeView(
                one.rule.id,
                dict(one.rule.title),
                one.new,
                one.gone,
                one.moved,
                [ConcernedView(each.name, each.due_at) for each in one.first] if with_names else [],
            )
            for one in effects
        ],
    )


def fault_view(one: Fault, t: Translator) -> FaultView:
    return FaultView(one.line, one.column, in_words(one.message, t), in_words(one.hint, t))
