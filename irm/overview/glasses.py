"""Roles that were taken by break-glass, as the board says it: red while one runs, and red again when nobody reviews it."""

from datetime import datetime
from typing import Final

from irm.access import glass
from irm.access.glass import Glass
from irm.access.policy import Principal
from irm.access.second import is_second
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import LOCALES, N_, Translator, translator
from irm.overview.board import Need, NeedKind

RUNS: Final = N_("Until %(end)s %(person)s has the role “%(role)s” (%(organization)s) by break-glass")
TO_REVIEW: Final = N_("%(person)s took the role “%(role)s” by break-glass: was it justified?")
LATE: Final = N_("%(person)s took the role “%(role)s” by break-glass, and nobody has reviewed it")
ADVICE: Final = N_("Call whoever took it, or end it if it is not needed.")
OPEN: Final = frozenset({"running", "to_review", "late"})


async def glasses(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    """What runs and what is late: for all of the cloud authority, and for whoever sees it besides. What waits for review:
    for its reviewers."""
    if principal.scopes is not None:
        return []
    found = [one for one in await glass.seen_by(tx, principal, now=now, is_open=True) if one.state in OPEN]
    return [_need(one) for one in found if one.state != "to_review" or _is_reviewer(principal, one)]


def _is_reviewer(principal: Principal, one: Glass) -> bool:
    return glass.may_review(principal, one.organization_id) and is_second([one.person_id], principal)


def _need(one: Glass) -> Need:
    titles = {locale: _title(one, translator(locale)) for locale in LOCALES}
    if one.state == "running":
        return Need(
            "glass",
            one.id,
            titles,
            "",
            "/break-glass",
            one.taken_at,
            detail=one.reason,
            advice=ADVICE,
            acute=True,
        )
    kind: NeedKind = "glass_late" if one.state == "late" else "glass_review"
    return Need(kind, one.id, titles, "", f"/break-glass#review-{one.id}", one.ends_at, detail=one.reason)


def _title(one: Glass, t: Translator) -> str:
    words = {"running": RUNS, "to_review": TO_REVIEW, "late": LATE}[one.state]
    end = one.ends_at.astimezone(SHANGHAI).strftime("%H:%M")
    return t(words, person=one.person, role=t(ROLE_NAMES[one.role]), organization=one.organization, end=end)
