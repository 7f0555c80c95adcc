"""What people type into a finding's form, as the services take it, and what the form offers them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from irm.access import queries as access
from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import FieldError, Invalid
from irm.findings import entering, register, service
from irm.findings.lifecycle import ORIGIN_NAMES, RISK_NAMES
from irm.findings.panels import LABELS
from irm.findings.schemas import EnterFinding
from irm.i18n import Translator
from irm.web import typed

FEW_SYSTEMS: Final = 24
SEPARATORS: Final = re.compile("[\\s,;\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}\N{FULLWIDTH SEMICOLON}]+")


def entered(values: Mapping[str, Any]) -> EnterFinding:
    """Raises Invalid with every fault."""
    faults: list[FieldError] = []

    def read(name: str, how: Any) -> Any:
        try:
            return how(values, name)
        except Invalid as refused:
            faults.extend(refused.errors)
            return None

    ids = {name: read(name, typed.chosen) for name in ("organization", "verifier", "due_set_by", "person")}
    days = {name: read(name, typed.day) for name in ("found_on", "due_on")}
    if faults:
        raise Invalid(service.ODD, errors=faults)
    given = values.get("systems") or ""
    codes = given if isinstance(given, list) else SEPARATORS.split(str(given))
    return EnterFinding(
        title=typed.text(values, "title"),
        risk=typed.text(values, "risk"),
        is_major=bool(values.get("is_major")),
        detail=typed.text(values, "detail"),
        clause=typed.text(values, "clause"),
        origin=typed.text(values, "origin") or "other",
        origin_label=typed.text(values, "origin_label"),
        due_document=typed.text(values, "due_document"),
        systems=[code for one in codes if (code := str(one).strip())],
        **ids,
        **days,
    )


async def choices(tx: Tx, principal: Principal, t: Translator) -> dict[str, Any]:
    """What the form of a finding offers this reader."""
    far = reach(principal.away or principal, Permission.EDIT_FINDINGS)
    units = [one for one in await access.organizations(tx, joined=True) if far.everything or one.id in far.anywhere]
    own = await register.systems_of(tx, far, most=FEW_SYSTEMS + 1) if not far.everything else []
    return {
        "units": [(str(one.id), one.name) for one in units],
        "verifiers": [(str(one.id), one.name) for one in await entering.verifiers(tx, None)],
        "authorities": [(str(one.id), one.name) for one in await access.organizations(tx, kinds=entering.SETS_DAYS)],
        "own_systems": [(one.code, f"{one.name} · {one.code}", "") for one in own] if len(own) <= FEW_SYSTEMS else [],
        "risks": [(value, t(name), "") for value, name in RISK_NAMES.items()],
        "origins": [(value, t(name)) for value, name in ORIGIN_NAMES.items()],
        "labels": {name: t(label) for name, label in LABELS.items()},
    }
