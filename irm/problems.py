"""Errors to the outside: RFC 9457 problem+json for the API, a page or a fragment for people. The only home of status codes."""

import re
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import ClientException, HTTPException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError, TimeoutError as PoolTimeout

from irm.errors import FirstElsewhere, IrmError, ProofNeeded, TooOften, Unauthenticated, Unavailable
from irm.i18n import N_, Translator, translator
from irm.web.forms import Form
from irm.web.pages import is_fragment, page
from irm.web.reader import reader_of
from irm.web.sign_in import to_page, to_sign_in, with_query

log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, Any]

DECODER_SAYS: Final = (
    (re.compile(r"Object contains unknown field `(?P<field>[^`]*)`"), N_("There is no such field.")),
    (re.compile(r"Object missing required field `(?P<field>[^`]*)`"), N_("This is needed.")),
    (re.compile(r"Invalid enum value '?(?P<value>.*?)'?", re.DOTALL), N_("There is no such choice: %(value)s")),
    (re.compile(r"Invalid RFC3339 encoded datetime"), N_("Not a moment: write 2026-11-21T03:41:00+08:00.")),
    (re.compile(r"Invalid UUID"), N_("Not an identifier.")),
    (
        re.compile(r"Expected `(?P<expected>.*?)`, got `(?P<got>.*?)`"),
        N_("Of the wrong type: %(expected)s is expected, %(got)s was sent."),
    ),
)
"""What msgspec says about a body or a parameter, and our words for it."""


PROOF_PAGE: Final = "/me/proof"
MEGABYTE: Final = 1024 * 1024
LARGEST_TEXT: Final = MEGABYTE
"""Bytes of a body that carries no files. The longest text that a person may enter is a fiftieth of it."""
FILES: Final = "multipart/form-data"


class ReadableRequest(Request[Any, Any, Any]):
    """A body that is no UTF-8, or nested without end, cannot be read: 400 like every other that is no JSON.

    Only a form with files may be as large as the application's `request_max_body_size`; all else holds `LARGEST_TEXT`.
    """

    async def stream(self) -> AsyncGenerator[bytes]:
        if self.headers.get("content-type", "").startswith(FILES):
            async for chunk in super().stream():
                yield chunk
            return
        if (self.content_length or 0) > LARGEST_TEXT:
            raise RequestEntityTooLarge
        taken = 0
        async for chunk in super().stream():
            taken += len(chunk)
            if taken > LARGEST_TEXT:
                raise RequestEntityTooLarge
            yield chunk

    async def json(self) -> Any:
        try:
            return await super().json()
        except UnicodeDecodeError as error:
            raise ClientException(detail="invalid UTF-8") from error
        except RecursionError as error:
            raise ClientException(detail="nested too deeply") from error


STATUS: Final[Mapping[str, int]] = {
    "invalid": 422,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "too_often": 429,
    "unavailable": 503,
}
TITLES: Final[Mapping[int, str]] = {
    400: N_("The request cannot be read"),
    401: N_("Please sign in"),
    403: N_("Not permitted"),
    404: N_("Not found"),
    405: N_("Not possible here"),
    409: N_("This contradicts what is on record"),
    413: N_("Too large"),
    415: N_("This kind of content is not accepted"),
    422: N_("Please correct what is marked"),
    429: N_("Too many attempts"),
    500: N_("Something went wrong on our side"),
    503: N_("Not available at the moment"),
}


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457, with a stable `code` and the fields concerned."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    errors: list[dict[str, str]] = []


def of_domain(request: AnyRequest, error: IrmError) -> Response[Any]:
    if isinstance(error, Unauthenticated) and _wants_page(request):
        return to_sign_in(request)
    if isinstance(error, FirstElsewhere) and _wants_page(request):
        return to_page(request, error.path)
    t = _t(request)
    if isinstance(error, ProofNeeded) and _wants_page(request):
        if error.fields is None or is_fragment(request):
            return to_page(request, PROOF_PAGE)
        return page(
            "access/proof.html",
            status_code=HTTPStatus.FORBIDDEN,
            fields=error.fields,
            action=with_query(request.url.path, request.url.query),
            form=Form(errors={"_proof": t(error.wrong)} if error.wrong else {}),
            ways=error.ways,
            refused=t(error.refused) if error.refused else "",
        )
    errors = [{"field": one.field, "message": one.text(t)} for one in error.errors]
    seconds = error.retry_after if isinstance(error, Unavailable | TooOften) else None
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return _answer(request, t, STATUS.get(error.kind, 500), error.code, error.text(t), errors, headers)


def of_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Litestar's own: unknown path, method, unreadable or ill-typed body (400 there, 422 with fields here)."""
    t = _t(request)
    if isinstance(error, ValidationException):
        errors = _fields(error, t)
        text = t("The request holds something that irm does not understand.")
        return _answer(request, t, 422 if errors else 400, "invalid", text, errors)
    status = error.status_code
    if status == HTTPStatus.BAD_REQUEST:
        return _answer(request, t, 400, "unreadable", t("The request cannot be read: %(why)s", why=error.detail), [])
    detail = t(TITLES[status]) if status in TITLES else error.detail
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        has_files = request.headers.get("content-type", "").startswith(FILES)
        most = (request.route_handler.resolve_request_max_body_size() or 0) if has_files else LARGEST_TEXT
        detail = t("What was sent is too large: at most %(most)s MB are taken here.", most=most // MEGABYTE)
    return _answer(request, t, status, HTTPStatus(status).name.lower(), detail, [], headers=error.headers)


IN_THE_WAY: Final = ("40001", "40P01", "55P03", "57014")
"""SQLSTATE: serialization, deadlock, a lock or statement that took too long. The same request again succeeds."""
AWAY: Final = ("08", "53", "57P")
"""SQLSTATE classes: connection, out of connections or disk, shutting down or starting up."""
WRITTEN_TWICE: Final = "23505"
NO_VALUE: Final = "22"
"""SQLSTATE class: NUL in a text, a number out of range. asyncpg and `db.Moment` find some themselves: ValueError."""


def of_database(request: AnyRequest, error: Exception) -> Response[Any]:
    """A database that is away, or two requests in each other's way, is an outcome; every other error is a bug."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    t = _t(request)
    if state in IN_THE_WAY:
        log.warning("in each other's way", request_id=_request_id(request), sqlstate=state)
        text = t("Somebody else was working on the same thing. Nothing of this request was stored. Send it again.")
        return _answer(request, t, 503, "busy", text, [], headers={"Retry-After": "1"})
    if state == WRITTEN_TWICE:
        log.warning("written twice at once", request_id=_request_id(request), exc_info=error)
        text = t("Somebody else entered the same at the same moment. Load the page again.")
        return _answer(request, t, 409, "conflict", text, [])
    orig = getattr(error, "orig", None)
    if (
        state.startswith(NO_VALUE)
        or isinstance(orig, ValueError)
        or isinstance(getattr(orig, "__cause__", None), ValueError)
    ):
        log.warning("no value for the database", request_id=_request_id(request), sqlstate=state)
        text = t("The request holds something that irm does not understand.")
        return _answer(request, t, 422, "invalid", text, [])
    gone = (
        isinstance(error, (OperationalError, InterfaceError, PoolTimeout, ConnectionError, TimeoutError))
        or (type(error) is OSError and error.errno is None)  # no address of a name answers: asyncio raises one for all
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or state.startswith(AWAY)
    )
    if not gone:
        return of_bug(request, error)
    log.warning("database away", request_id=_request_id(request), error=repr(error)[:300])
    text = t("irm cannot reach its database. Nothing of this request was stored. Try again in a minute.")
    return _answer(request, t, 503, "database_away", text, [], headers={"Retry-After": "10"})


def of_bug(request: AnyRequest, error: Exception) -> Response[Any]:
    t = _t(request)
    request_id = _request_id(request)
    log.error("unhandled error", request_id=request_id, path=request.url.path, exc_info=error)
    text = t("Something went wrong on our side. Reference: %(number)s", number=request_id)
    return _answer(request, t, HTTP_500_INTERNAL_SERVER_ERROR, "internal", text, [])


HANDLERS: Final[dict[type[Exception] | int, Any]] = {
    IrmError: of_domain,
    HTTPException: of_http,
    StatementError: of_database,
    PoolTimeout: of_database,
    OSError: of_database,  # what asyncpg raises bare while it connects; any other is a bug all the same
    Exception: of_bug,
}


def _answer(
    request: AnyRequest,
    t: Translator,
    status: int,
    code: str,
    detail: str,
    errors: list[dict[str, str]],
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    title = t(TITLES.get(status, TITLES[400]))
    problem = Problem("about:blank", title, status, detail, code, _request_id(request), errors)
    if _wants_page(request):
        return page(
            "web/problem_fragment.html" if is_fragment(request) else "web/problem.html",
            status_code=status,
            headers=dict(headers or {}),
            problem=problem,
        )
    return Response(
        problem,
        status_code=status,
        media_type="application/problem+json",
        headers={**(headers or {}), "Vary": "Accept-Language"},
    )


def _wants_page(request: AnyRequest) -> bool:
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "text/html")


def _fields(error: ValidationException, t: Translator) -> list[dict[str, str]]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [_field(str(one.get("key", "")), str(one.get("message", "")), t) for one in extra if isinstance(one, dict)]


def _field(key: str, message: str, t: Translator) -> dict[str, str]:
    """What the decoder says in English, in the reader's language and at the field that it is about."""
    where = "" if key == "data" else key.removesuffix("[...]")
    if message == f"'{key}'":
        return {"field": where, "message": t("The request has no content.")}
    for pattern, text in DECODER_SAYS:
        if found := pattern.fullmatch(message):
            named = found.groupdict()
            if name := named.pop("field", ""):
                where = f"{where}.{name}" if where else name
            return {"field": where, "message": t(text, **named)}
    return {"field": where, "message": t("Not valid: %(why)s", why=message)}


def _t(request: AnyRequest) -> Translator:
    return translator(reader_of(request).locale)


def _request_id(request: AnyRequest) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))
