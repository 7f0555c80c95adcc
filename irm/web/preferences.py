"""Language and theme, chosen in this browser: two cookies, set by plain links that need no session and no script."""

from typing import Final

from litestar import get
from litestar.datastructures import Cookie
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.i18n import LOCALES
from irm.web.gate import PUBLIC
from irm.web.reader import LOCALE_COOKIE, THEME_COOKIE, THEMES

A_YEAR: Final = 31_536_000


def own_path(back: str) -> str:
    """Only a path of ours: no host, no scheme-relative address, no backslash that a browser reads as a slash."""
    plain = back.startswith("/") and not back.startswith("//") and "\\" not in back and back.isprintable()
    return back if plain else "/"


@get("/preferences", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def choose(locale: FromQuery[str] = "", theme: FromQuery[str] = "", back: FromQuery[str] = "/") -> Redirect:
    cookies = []
    for name, value, known in ((LOCALE_COOKIE, locale, LOCALES), (THEME_COOKIE, theme, THEMES)):
        if value in known:
            cookies.append(Cookie(key=name, value=value, path="/", max_age=A_YEAR, httponly=True, samesite="lax"))
    return Redirect(own_path(back), status_code=HTTP_303_SEE_OTHER, cookies=cookies)


ROUTES: Final = [choose]
