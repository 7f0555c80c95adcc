"""Language and theme, chosen in this browser: two cookies, set by plain links that need no session and no script."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.config import Settings
from irm.i18n import LOCALES
from irm.web.cookies import cookie
from irm.web.gate import PUBLIC
from irm.web.reader import LOCALE_COOKIE, THEME_COOKIE, THEMES

A_YEAR: Final = 31_536_000


def own_path(back: str) -> str:
    """Only a path of ours: no host, no scheme-relative address, no backslash that a browser reads as a slash."""
    plain = back.startswith("/") and not back.startswith("//") and "\\" not in back and back.isprintable()
    return back if plain else "/"


@get("/preferences", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def choose(
    settings: NamedDependency[Settings],
    locale: FromQuery[str] = "",
    theme: FromQuery[str] = "",
    back: FromQuery[str] = "/",
) -> Redirect:
    cookies = []
    for name, value, known in ((LOCALE_COOKIE, locale, LOCALES), (THEME_COOKIE, theme, THEMES)):
        if value in known:
            cookies.append(cookie(settings, name, value, max_age=A_YEAR))
    return Redirect(own_path(back), status_code=HTTP_303_SEE_OTHER, cookies=cookies)


ROUTES: Final = [choose]
