"""Who is reading a page, as far as a page needs to know: language, theme, name, what the menus may offer.

`access` sets it after authentication: `request.state.reader = reader_for(request, name=…, csrf_token=…)`.
Without that every page renders for a stranger.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from litestar.connection import ASGIConnection

from irm.i18n import DEFAULT_LOCALE, LOCALES
from irm.web.cookies import cookie_of

Connection = ASGIConnection[Any, Any, Any, Any]
Theme = Literal["auto", "light", "dark"]

THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")
LOCALE_COOKIE: Final = "irm_locale"
THEME_COOKIE: Final = "irm_theme"


@dataclass(frozen=True)
class Reader:
    locale: str = DEFAULT_LOCALE
    theme: Theme = "auto"
    name: str = ""
    """Person or post as it stands in the page's corner; empty: nobody is signed in."""
    organization: str = ""
    csrf_token: str = ""
    factor_due_at: datetime | None = None
    """Until when the reader has to set up a second factor; every page counts down to it."""
    taken: tuple[tuple[str, datetime | None], ...] = ()
    """Roles taken by break-glass, as msgids, and until when; every page says so."""
    wrong_before: int = 0
    """Wrong attempts to sign in before this one; every page tells it for a while."""
    permissions: frozenset[str] | None = None
    """Values of the permissions held; None: not known, menus then offer everything."""

    @property
    def signed_in(self) -> bool:
        return bool(self.name)

    def may(self, permission: str) -> bool:
        return self.permissions is None or permission in self.permissions


STRANGER: Final = Reader()


def locale_of(connection: Connection) -> str:
    """The cookie's language, else the first of Accept-Language that irm speaks, else Chinese."""
    chosen = cookie_of(connection, LOCALE_COOKIE)
    if chosen in LOCALES:
        return chosen
    for part in connection.headers.get("accept-language", "").split(","):
        language = part.split(";")[0].strip().lower()
        for locale in LOCALES:
            if language and language.split("-")[0] == locale.split("-", maxsplit=1)[0].lower():
                return locale
    return DEFAULT_LOCALE


def theme_of(connection: Connection) -> Theme:
    chosen = cookie_of(connection, THEME_COOKIE)
    return next((theme for theme in THEMES if theme == chosen), "auto")


def reader_for(
    connection: Connection,
    *,
    name: str = "",
    organization: str = "",
    csrf_token: str = "",
    locale: str | None = None,
    factor_due_at: datetime | None = None,
    wrong_before: int = 0,
    taken: tuple[tuple[str, datetime | None], ...] = (),
    permissions: frozenset[str] | None = None,
) -> Reader:
    """`locale` is the account's own and loses to a choice made in this browser."""
    chosen = cookie_of(connection, LOCALE_COOKIE)
    return Reader(
        locale=chosen if chosen in LOCALES else (locale or locale_of(connection)),
        theme=theme_of(connection),
        name=name,
        organization=organization,
        csrf_token=csrf_token,
        factor_due_at=factor_due_at,
        wrong_before=wrong_before,
        taken=taken,
        permissions=permissions,
    )


def reader_of(connection: Connection) -> Reader:
    found = connection.scope.get("state", {}).get("reader")
    return found if isinstance(found, Reader) else reader_for(connection)
