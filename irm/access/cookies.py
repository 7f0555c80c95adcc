"""The cookies of signing in."""

from typing import Final

from litestar.datastructures import Cookie

from irm.access.sessions import COOKIE
from irm.config import Settings

FORM_COOKIE: Final = "irm_form"
"""Ties the sign-in form to the browser that loaded it; there is no session yet that could."""
HALF_COOKIE: Final = "irm_half"
"""The password was right, the second factor is still to come."""


def session_cookie(settings: Settings, token: str) -> Cookie:
    """Without max-age: it ends with the browser; the limits that count stand in the database."""
    return cookie(settings, COOKIE, token)


def expired_cookie(settings: Settings, name: str, path: str = "/") -> Cookie:
    return cookie(settings, name, "", path=path, max_age=0)


def cookie(settings: Settings, name: str, value: str, *, path: str = "/", max_age: int | None = None) -> Cookie:
    secure = settings.public_url.startswith("https")
    return Cookie(key=name, value=value, path=path, max_age=max_age, httponly=True, samesite="lax", secure=secure)
