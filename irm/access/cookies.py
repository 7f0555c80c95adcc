"""The cookies of signing in."""

from typing import Final

from litestar.datastructures import Cookie

from irm.access.sessions import COOKIE
from irm.config import Settings
from irm.web.cookies import cookie

FORM_COOKIE: Final = "irm_form"
"""Ties the sign-in form to the browser that loaded it; there is no session yet that could."""
HALF_COOKIE: Final = "irm_half"
"""The password was right, the second factor is still to come."""
IDENTITY_COOKIE: Final = "irm_oidc"
"""Ties a sign-in at the identity provider to the browser that began it (`oidc_metadata.Asking`)."""
DEVICE_COOKIE: Final = "irm_device"
"""By which irm knows a browser again at the next sign-in; it opens nothing."""
DEVICE_KEPT: Final = 34_560_000
"""Seconds: 400 days, the longest that browsers keep a cookie."""


def cookies_of_entry(settings: Settings, token: str, device: str) -> list[Cookie]:
    """Whoever has just signed in: the session, the browser's mark, and what signing in needed is over."""
    return [
        session_cookie(settings, token),
        cookie(settings, DEVICE_COOKIE, device, path="/login", max_age=DEVICE_KEPT),
        expired_cookie(settings, HALF_COOKIE, "/login"),
        expired_cookie(settings, FORM_COOKIE, "/login"),
    ]


def session_cookie(settings: Settings, token: str) -> Cookie:
    """Without max-age: it ends with the browser; the limits that count stand in the database."""
    return cookie(settings, COOKIE, token)


def expired_cookie(settings: Settings, name: str, path: str = "/") -> Cookie:
    return cookie(settings, name, "", path=path, max_age=0)
