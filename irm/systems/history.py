"""How the register came to say what it says of a system: its entries in the ledger, in words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.i18n import N_, Translator
from irm.ledger import LedgerEntryRow
from irm.systems.entry import NEED_TO_KNOW
from irm.systems.sheet import Names, value_words, wire_name
from irm.systems.vocabulary import FIELD_NAMES

LENGTH: Final = 100
ACTIONS: Final[Mapping[str, str]] = {
    "system.registered": N_("System registered"),
    "system.changed": N_("Register changed"),
}


@dataclass(frozen=True)
class Changed:
    """`lines`: label, what stood there, what stands there; both empty where the reader may only know that it changed."""

    at: datetime
    actor: str
    what: str
    lines: tuple[tuple[str, str, str], ...]
    leaf_hash: str


async def register_entries(tx: Tx, system_id: UUID) -> Sequence[LedgerEntryRow]:
    """Newest first."""
    return list(
        await tx.scalars(
            select(LedgerEntryRow)
            .where(LedgerEntryRow.subject == f"system/{system_id}", LedgerEntryRow.action.in_(ACTIONS))
            .order_by(LedgerEntryRow.at.desc(), LedgerEntryRow.id.desc())
            .limit(LENGTH)
        )
    )


def in_words(
    rows: Sequence[LedgerEntryRow], t: Translator, names: Names, platforms: Mapping[UUID, str], *, sees_cii: bool
) -> list[Changed]:
    found = []
    for row in rows:
        changed: Mapping[str, Any] = json.loads(row.body).get("changed") or {}
        lines = []
        for name, pair in changed.items():
            if name in NEED_TO_KNOW and not sees_cii:
                continue
            label = t(FIELD_NAMES.get(wire_name(name), name))
            before, after = (_words(name, one, t, names, platforms) for one in pair) if pair else ("", "")
            lines.append((label, before, after))
        found.append(Changed(row.at, row.actor, t(ACTIONS[row.action]), tuple(lines), row.leaf_hash.hex()))
    return found


def _words(name: str, plain: Any, t: Translator, names: Names, platforms: Mapping[UUID, str]) -> str:
    """What the ledger keeps as text, as the value it was."""
    if plain is None:
        return ""
    value: Any = plain
    try:
        if name.endswith("_ids"):
            value = frozenset(UUID(one) for one in plain)
        elif name.endswith("_id"):
            value = UUID(plain)
        elif name.endswith(("_on", "_until", "_from")):
            value = date.fromisoformat(plain)
        elif name == "resources":
            value = tuple(tuple(one.split(": ", 1)) for one in plain)
    except (ValueError, TypeError):
        return str(plain)
    return value_words(name, value, t, names, platforms)
