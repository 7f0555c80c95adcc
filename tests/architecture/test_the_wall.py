"""Where irm steps out from behind a person's wall (ADR 18): every place, each with its reason."""

import ast
from typing import Final

from tests.architecture.sources import modules

IN_THE_HOUSE: Final = {
    "irm.ledger._tell": "reading leaves entries, too, and what hears of one is irm's own work",
}


def test_every_place_that_steps_out_from_behind_the_wall_says_why() -> None:
    found = {
        f"{module.name}.{function.name}"
        for module in modules()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.AsyncFunctionDef) and module.name != "irm.db"
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "as_house"
    }
    assert found == set(IN_THE_HOUSE)


def test_only_one_place_says_how_far_somebody_sees() -> None:
    """An actor without a wall is irm itself; nobody else makes one for a person who has signed in, or moves a wall."""
    setting = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg == "sees" and isinstance(node.value, ast.Call)
        if isinstance(node.value.func, ast.Name) and node.value.func.id == "wall"
    }
    named = {
        module.name for module in modules() if "irm.sees_all" in module.text or "irm.organizations'" in module.text
    }
    assert setting == {"irm.access.wall"}
    assert named == {"irm.db"}
