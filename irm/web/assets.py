"""Static files with their content's hash in the address, so that a browser keeps each for a year.

Styles and scripts are many small files in the tree and one on the wire: `css/*.css` in the order of `LAYERS`.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath

from irm.errors import NotFound
from irm.web.gate import PUBLIC

LAYERS: Final = (
    "tokens",
    "base",
    "layout",
    "components",
    "charts",
    "course",
    "calendar",
    "months",
    "board",
    "editor",
    "account",
    "paper",
    "documents",
    "print",
)
SCRIPTS: Final = ("start", "clocks", "live", "forms", "drafts", "keyboard", "paper", "chapters", "editor", "passkeys")
APART: Final = ("screen",)
"""Styles and scripts of a page that shares nothing with the others."""
COMPRESSED: Final = frozenset({"text/css", "text/javascript", "image/svg+xml", "application/json"})


@dataclass(frozen=True)
class Asset:
    name: str
    body: bytes
    packed: bytes | None
    media_type: str
    digest: str

    @property
    def url(self) -> str:
        return f"/static/{self.digest}/{self.name}"


def _asset(name: str, body: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(body, mtime=0) if media_type in COMPRESSED else None
    return Asset(name, body, packed, media_type, hashlib.sha256(body).hexdigest()[:12])


@cache
def assets() -> dict[str, Asset]:
    """Everything that may be asked for, read once per process."""
    static = files("irm.web") / "static"
    styles = b"\n".join((static / "css" / f"{layer}.css").read_bytes() for layer in LAYERS)
    scripts = b"\n".join((static / "js" / f"{script}.js").read_bytes() for script in SCRIPTS)
    htmx = (files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js").read_bytes()
    found = [_asset("irm.css", styles), _asset("irm.js", scripts), _asset("htmx.js", htmx)]
    for name in APART:
        found += [_asset(f"{name}.{kind}", (static / kind / f"{name}.{kind}").read_bytes()) for kind in ("css", "js")]
    found += [_asset(entry.name, entry.read_bytes()) for entry in (static / "img").iterdir() if entry.is_file()]
    return {asset.name: asset for asset in found}


def static_url(name: str) -> str:
    """Raises KeyError for a name that is not there: a page with a dead link is a defect."""
    return assets()[name].url


@get("/static/{digest:str}/{name:str}", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def static_file(digest: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """An outdated hash (a page from before an upgrade) gets the present file, but not for a year."""
    return _answer(digest, name, request)


@get("/favicon.ico", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def favicon(request: Request[Any, Any, Any]) -> Response[bytes]:
    return _answer("", "irm.svg", request)


def _answer(digest: str, name: str, request: Request[Any, Any, Any]) -> Response[bytes]:
    asset = assets().get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if digest == asset.digest else "no-cache",
        "Vary": "Accept-Encoding",
    }
    body = asset.body
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body = asset.packed
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=asset.media_type, headers=headers)


ROUTES: Final = [static_file, favicon]
