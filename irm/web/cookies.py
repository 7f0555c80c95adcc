"""Every cookie of irm: no script reads it, and over https it carries the prefix `__Host-`.

Browsers take a cookie so named only over https, for the whole host and from that host itself, so that neither another
machine of the city's domain nor anybody on the wire can plant one. Over plain http (a closed network) they would take
none of them; there the names stay bare.
"""

from typing import Any, Final, Literal

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from irm.config import Settings

PREFIX: Final = "__Host-"
GIVEN: Final = "irm_cookies"
"""In the scope's state: cookies that are set before the handler runs (`irm/web/headers.py`)."""


def over_https(settings: Settings) -> bool:
    """Do people reach irm by https? The word of the settings, not of a header that anybody can send."""
    return settings.public_url.lower().startswith("https://")


def cookie(
    settings: Settings,
    name: str,
    value: str,
    *,
    path: str = "/",
    max_age: int | None = None,
    samesite: Literal["lax", "strict"] = "lax",
) -> Cookie:
    """`path` holds over plain http only: the prefix asks for the whole host. `max_age` in seconds; None: until the browser ends."""
    secure = over_https(settings)
    return Cookie(
        key=PREFIX + name if secure else name,
        value=value,
        path="/" if secure else path,
        max_age=max_age,
        httponly=True,
        samesite=samesite,
        secure=secure,
    )


def give(connection: ASGIConnection[Any, Any, Any, Any], made: Cookie) -> None:
    """Goes out with the answer, whatever the handler makes of the request: a page, a redirect or an error."""
    connection.scope["state"].setdefault(GIVEN, []).append(made)


def cookie_of(connection: ASGIConnection[Any, Any, Any, Any], name: str) -> str:
    """What the browser sent under this name; over https nothing that lacks the prefix. Empty: nothing."""
    prefix = PREFIX if over_https(connection.app.state.settings) else ""
    return connection.cookies.get(prefix + name, "")
