"""The page of one directive, also when a list of evidence comes back with what was wrong."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from litestar.status_codes import HTTP_409_CONFLICT, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, may, reach
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, IrmError
from irm.evidence.service import attachments_of
from irm.i18n import Translator
from irm.obligations import directed
from irm.obligations.handover_scans import scans_by_list
from irm.obligations.handovers import HANDOVER, handovers_under
from irm.obligations.lookup import subject_at
from irm.obligations.showing import words
from irm.obligations.words import ASKS_NAMES, DIRECTIVE_NAMES, DIRECTIVE_TONES
from irm.web.forms import Form
from irm.web.pages import Page, page

ACCEPT: Final = "image/*,application/pdf"
"""What a telephone offers for a signed list: its camera, its photos, its files."""


async def directive_response(
    db: Database,
    principal: Principal,
    clock: Clock,
    directive_id: UUID,
    *,
    values: Mapping[str, Any] | None = None,
    error: IrmError | None = None,
    scan_of: UUID | None = None,
    t: Translator,
) -> Page:
    """`error`: of the form that hands over, or of the scan of one list, `scan_of`."""
    now = clock.now()
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        one = await directed.directive(tx, directive_id, reach=far, now=now)
        subject = await subject_at(tx, one.subject, reach=far)
        lists = await handovers_under(tx, one.id, far=reach(principal, Permission.READ_SUBMISSIONS))
        scans = await scans_by_list(
            tx, [each.submission_id for each in lists], reach(principal, Permission.HAND_OVER_EVIDENCE)
        )
        own = {each.id for each in one.bearers} & set(reach(principal, Permission.HAND_OVER_EVIDENCE).organizations)
        may_give = one.asks == HANDOVER and one.state == "in_force" and bool(own)
        files = await _files(tx, principal, one.subject) if may_give else []
    form = Form(values={"file_condition": t("Copy of electronic data, hash checked")} if values is None else values)
    scan_form = Form()
    if error is not None and scan_of is not None:
        refused = Form.refused({}, error, t)
        scan_form = replace(refused, errors={f"scan-{scan_of}": text for text in refused.errors.values()})
    elif error is not None:
        form = Form.refused(form.values, error, t)
        form = replace(form, errors={_field(name): text for name, text in form.errors.items()})
    status = (
        200 if error is None else HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY
    )
    return page(
        "obligations/directive.html",
        status_code=status,
        now=now,
        one=one,
        subject=subject,
        lists=lists,
        scans=scans,
        scan_of=scan_of,
        scan_form=scan_form,
        blank=Form(),
        accept=ACCEPT,
        files=files,
        form=form,
        may_give=may_give,
        asks_names=ASKS_NAMES,
        directive_names=DIRECTIVE_NAMES,
        directive_tones=DIRECTIVE_TONES,
        may_record=may(principal, Permission.RECORD_DIRECTIVE),
        **words(),
    )


def _field(name: str) -> str:
    """The form has one field for all files, and one for all things."""
    return (
        "files"
        if name.endswith(".attachment")
        else "file_condition"
        if name.endswith(".condition")
        else name.partition(".")[0]
    )


async def _files(tx: Tx, principal: Principal, subject: str) -> list[tuple[str, str, str]]:
    """What the reader may hand over and nobody else holds."""
    far = reach(principal, Permission.HAND_OVER_EVIDENCE)
    return [
        (str(each.id), each.filename, f"SHA-256 {each.sha256[:16]}…")
        for each in await attachments_of(tx, subject)
        if each.held_since is None and (far.everything or each.organization_id in far.organizations)
    ]
