"""Walking through irm by its links, as far as they lead: every page that a reader can find, not those that we remember."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError

from tests.browser.chrome import Visitor

LINKS: Final = """[...document.querySelectorAll('a[href^="/"]')]
  .filter(one => !one.closest('nav') || one.closest('nav').checkVisibility())
  .map(one => one.getAttribute('href'))"""
"""A menu that is not shown in this width leads nowhere; what is folded can be unfolded."""
PARAMETER: Final = re.compile(r"\{[a-z_]+(?::[a-z]+)?\}")
ACTS: Final = ("/preferences",)
"""Links that change what the walker sees."""
NO_PAGE: Final = "Download is starting"


class Routes:
    """The addresses that irm answers to, without what stands in their places."""

    def __init__(self, app: Any) -> None:
        paths = sorted({route.path for route in app.routes}, key=lambda path: (path.count("{"), -len(path)))
        self._known = [(re.compile(PARAMETER.sub("[^/]+", path) + r"/?"), path) for path in paths]

    def of(self, path: str) -> str | None:
        return next((route for shape, route in self._known if shape.fullmatch(path)), None)


async def walk(
    visitor: Visitor, routes: Routes, *, start: str = "/", most: int = 1, beside: frozenset[str] = frozenset()
) -> AsyncIterator[str]:
    """The window stands on each yielded address; at most `most` of every route, the nearest to `start` first.

    Routes `beside` are not entered, but for `start`: somebody else has looked. What is no page (a file) is not yielded.
    """
    seen: Counter[str] = Counter(dict.fromkeys(beside - {start}, most))
    waiting, known = [start], {start}
    while waiting:
        address = waiting.pop(0)
        route = routes.of(urlsplit(address).path)
        if route is None or route in ACTS or seen[route] >= most:
            continue
        seen[route] += 1
        try:
            await visitor.go(address)
        except PlaywrightError as error:
            if NO_PAGE in str(error):
                continue
            raise
        yield address
        for href in await visitor.page.evaluate(LINKS):
            found = href.partition("#")[0]
            if found not in known:
                known.add(found)
                waiting.append(found)
