"""Nothing typed is ever lost: one draft per account and form, kept through faults and expired sessions.

A form page: `form = Form.from_draft(await drafts.read(tx, principal.account_id, "incidents.file"))`, the template
`ui.form("/report/new", form, draft="incidents.file")`; on success `await drafts.discard(tx, …)` in the same transaction.
Form names are `feature.form`, with `:<id>` for a form about one thing (`submission:<id>`).
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_303_SEE_OTHER
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from irm.clock import Clock
from irm.db import Database, Tx, uuid7
from irm.errors import Invalid, NotFound
from irm.web.forms import without_secrets
from irm.web.gate import SIGNED_IN
from irm.web.models import DraftRow

FORM: Final = re.compile(r"[a-z][a-z0-9_.:-]{1,119}\Z")
LARGEST: Final = 256 * 1024
"""Characters of one draft: more than every form takes together."""


async def keep(tx: Tx, account_id: UUID, form: str, body: Mapping[str, Any], *, now: datetime) -> None:
    """Replaces the draft of this form; an empty body removes it. Raises Invalid for what no form of ours sends."""
    if not FORM.match(form):
        raise NotFound("There is no such form.")
    kept = without_secrets(body)
    if not any(kept.values()):
        await discard(tx, account_id, form)
        return
    text = json.dumps(kept, ensure_ascii=False)
    if len(text) > LARGEST or "\\u0000" in text:
        raise Invalid("This draft cannot be kept: it is too large or holds characters that are not text.")
    values = {"body": kept, "updated_at": now}
    await tx.execute(
        insert(DraftRow)
        .values(id=uuid7(), account_id=account_id, form=form, **values)
        .on_conflict_do_update(index_elements=["account_id", "form"], set_=values)
    )


async def read(tx: Tx, account_id: UUID, form: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await tx.scalar(
        select(DraftRow.body).where(DraftRow.account_id == account_id, DraftRow.form == form)
    )
    return found


async def discard(tx: Tx, account_id: UUID, form: str) -> None:
    await tx.execute(delete(DraftRow).where(DraftRow.account_id == account_id, DraftRow.form == form))


@post("/drafts/{form:str}", opt=SIGNED_IN, include_in_schema=False)
async def keep_draft(
    form: FromPath[str], request: Request[Any, Any, Any], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[None]:
    """Autosave: a flat JSON object of field names and texts (or lists of texts)."""
    raw = await request.body()
    if len(raw) > 4 * LARGEST:
        raise Invalid("This draft cannot be kept: it is too large or holds characters that are not text.")
    try:
        body = json.loads(raw)
    except ValueError:
        raise Invalid("A draft is an object of field names and texts.") from None
    if not isinstance(body, dict) or not all(_is_field(value) for value in body.values()):
        raise Invalid("A draft is an object of field names and texts.")
    async with db.transaction(request.user.actor) as tx:
        await keep(tx, request.user.account_id, form, body, now=clock.now())
    return Response(None, status_code=HTTP_204_NO_CONTENT)


@post("/drafts/{form:str}/discard", opt=SIGNED_IN, include_in_schema=False)
async def discard_draft(
    form: FromPath[str], request: Request[Any, Any, Any], db: NamedDependency[Database]
) -> Redirect:
    """The button "Start afresh"; goes back to the form."""
    async with db.transaction(request.user.actor) as tx:
        await discard(tx, request.user.account_id, form)
    return Redirect(came_from(request), status_code=HTTP_303_SEE_OTHER)


def came_from(request: Request[Any, Any, Any]) -> str:
    """The path of the page that the request was sent from, if it is ours; else the board."""
    page = urlsplit(request.headers.get("referer", ""))
    if page.netloc != request.headers.get("host", "") or not page.path.startswith("/") or page.path.startswith("//"):
        return "/"
    return f"{page.path}?{page.query}" if page.query else page.path


def _is_field(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


ROUTES: Final = [keep_draft, discard_draft]
