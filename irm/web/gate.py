"""How a route of the web layer says who may call it: the words of `irm.access.policy`, which stands above this room."""

from typing import Any, Final

PUBLIC: Final[dict[str, Any]] = {"permission": None}
SIGNED_IN: Final[dict[str, Any]] = {"permission": frozenset({"own_account"})}
