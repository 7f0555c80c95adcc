"""Pages of tests."""

from typing import Any, Final

ROUTES: Final[list[Any]] = []
