"""Only `access/second.py` says whether two ids are one person, and who may confirm what another began."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Module, dotted, modules

THE_RULE = "irm.access.second"
OF_THEIR_OWN = {
    "irm.incidents.desk_showing.desk": "a hand-over that the reader gave, to take back",
    "irm.incidents.handover_calls.call": "whoever gave the hand-over is not called about it",
    "irm.incidents.shift_handover.take_back": "the giver takes it back",
    "irm.notify.rosters.feeds.revoke_feed": "a calendar's secret address is its maker's",
    "irm.notify.rosters.swaps._waiting": "either of the two may speak of a swap",
    "irm.playbooks.version_messages.tell_author": "nobody is told of what he decided himself",
    "irm.playbooks.version_messages.tell_overtaken": "the same",
    "irm.shifts.queries._standing": "the giver takes it back",
    "irm.shifts.service.give": "the same hand-over given again is one",
    "irm.shifts.service.withdraw": "the giver takes it back",
}
"""Acts of the first person, or of either: nobody is second to anybody here."""
BEGAN = re.compile(r"(?<!decided)(?<!taken)(?<!answered)_by(_id)?$")
READER = re.compile(r"(^|\.)(person|person_id|account_id|actor\.id|second|by)$")


def _functions(module: Module) -> Iterator[tuple[str, ast.AST]]:
    for one in ast.walk(module.tree):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.name}.{one.name}", one


def _compared(node: ast.Compare) -> list[str]:
    flat: list[ast.expr] = []
    for one in (node.left, *node.comparators):
        flat += one.elts if isinstance(one, ast.Tuple | ast.Set | ast.List) else [one]
    return [_named(one) for one in flat]


def _named(node: ast.expr) -> str:
    """Also of `f"person/{principal.person_id}"`."""
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.FormattedValue):
        return dotted(node.values[-1].value)
    return dotted(node)


def _compares_persons(node: ast.AST) -> bool:
    if not isinstance(node, ast.Compare):
        return False
    if not any(isinstance(one, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for one in node.ops):
        return False
    names = _compared(node)
    # An attribute of a row's class is a column of a query, not a value.
    began = [one for one in names if BEGAN.search(one) and not one[:1].isupper()]
    return bool(began) and any(READER.search(one) for one in names if one not in began)


def _wrong() -> set[str]:
    return {
        name
        for module in modules()
        if module.name != THE_RULE
        for name, function in _functions(module)
        if any(_compares_persons(node) for node in ast.walk(function))
    }


def test_no_room_compares_first_and_second_person_by_itself() -> None:
    assert not _wrong() - set(OF_THEIR_OWN), "ask irm.access.second"


def test_what_is_allowed_is_still_there() -> None:
    assert set(OF_THEIR_OWN) <= _wrong()


def test_whose_duties_somebody_has_is_asked_in_access_alone() -> None:
    wrong = [
        module.at(node)
        for module in modules()
        if module.room not in ("access", "")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "lent"
    ]
    assert not wrong, "\n".join(wrong)
