"""Where a page sends a reader who has to do something else first: whom it doesn't know to `/login`; and back afterwards."""

from typing import Any, Final
from urllib.parse import quote, urlsplit

from litestar import Request
from litestar.response import Redirect, Response
from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_303_SEE_OTHER

from irm.web.pages import is_fragment

SAFE: Final = frozenset({"GET", "HEAD"})


def to_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    return to_page(request, "/login")


def to_page(request: Request[Any, Any, Any], path: str) -> Response[Any]:
    """For a fragment or a sent form the way back is the page that it stands on, never the address it was sent to."""
    back = with_query(request.url.path, request.url.query)
    if is_fragment(request) or request.method not in SAFE:
        page = urlsplit(request.headers.get("hx-current-url", "") or request.headers.get("referer", ""))
        back = with_query(page.path, page.query) if page.netloc == request.headers.get("host", "") else "/"
    target = f"{path}?next={quote(back or '/', safe='')}"
    if is_fragment(request):
        return Response(b"", status_code=HTTP_204_NO_CONTENT, headers={"HX-Redirect": target})
    return Redirect(target, status_code=HTTP_303_SEE_OTHER)


def with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
