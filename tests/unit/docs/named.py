"""Which tests a file of tests has, for documents that name them."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of the functions in a file of the repository, without running it."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
