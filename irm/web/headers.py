"""What every answer carries: a reference number, and what a browser may do with it. The outermost layer."""

import re
from typing import Final

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from irm.db import uuid7
from irm.web.cookies import GIVEN, over_https

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FIXED: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(), payment=()",
    "X-Frame-Options": "DENY",
}
STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"
"""Seconds: a year, the least that ASVS V3.4.1 takes. Over plain http browsers ignore it, so it is said over https only."""
REFERENCE: Final = re.compile(r"[A-Za-z0-9-]{8,64}\Z")


def answer_headers(app: ASGIApp) -> ASGIApp:
    """Around the whole application: Litestar's own middleware does not see paths that no route answers.

    `scope["state"]["request_id"]`: the proxy's X-Request-Id where it is a plain one, else a new one. A handler's own
    value of a header stays (a download's stricter policy). Pages and JSON are not kept by any cache unless the handler
    says otherwise: the desk is shared.
    """

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        request_id = given if REFERENCE.match(given) else str(uuid7())
        scope["state"]["request_id"] = request_id

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableScopeHeaders(message)
                for name, value in FIXED.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if over_https(scope["litestar_app"].state.settings):
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT
                headers["X-Request-Id"] = request_id
                for made in scope["state"].get(GIVEN, ()):
                    headers.add("Set-Cookie", made.to_header(header=""))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await app(scope, receive, marked)

    return handle
