"""Which systems the matter concerns that an address names: `/incidents/SJ-…`, `/api/v1/tasks/<id>/…`.

The rooms stand above this one, so their tables are read by name. What stands in `MATTERS` not at all concerns no system: an
organization, a roster, an account, an edition of the annual report.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from irm.access.narrowing import CONCERN
from irm.db import Tx

PLACE: Final = re.compile(r"{(\w+)(?::\w+)?}")
API: Final = "/api/v1"

_BY_CONTACT: Final = "SELECT subject FROM contact_record WHERE id = (SELECT contact_record_id FROM {} WHERE id = :name)"
_HANDOVER: Final = (
    "SELECT subject FROM contact_record JOIN directive ON contact_record_id = contact_record.id"
    " WHERE directive.id = (SELECT directive_id FROM evidence_handover WHERE id = :name)"
)
_FILE: Final = "SELECT subject FROM attachment WHERE id = :name"
_PACK: Final = "SELECT subject FROM pack WHERE id = :name"
_DUTY: Final = "SELECT subject FROM obligation WHERE id = :name"
_REPORT: Final = "SELECT subject FROM submission WHERE id = :name"

MATTERS: Final[Mapping[tuple[str, str], str]] = {
    ("alerts", "alert_id"): "SELECT 'alert/' || id FROM alert WHERE id = :name",
    ("approvals", "request_id"): (
        "SELECT subject FROM submission WHERE id = (SELECT submission_id FROM report_approval WHERE id = :name)"
    ),
    ("assessments", "number"): "SELECT 'assessment/' || id FROM assessment WHERE number = :name",
    ("attachments", "attachment_id"): _FILE,
    ("changes", "number"): "SELECT 'change/' || id FROM planned_change WHERE number = :name",
    ("deliveries", "delivery_id"): "SELECT subject FROM delivery WHERE id = :name",
    ("directives", "directive_id"): _BY_CONTACT.format("directive"),
    ("drills", "number"): "SELECT 'drill/' || id FROM drill WHERE number = :name",
    ("drills", "incident"): "SELECT 'incident/' || id FROM incident WHERE id = :name",
    ("evidence", "file_id"): _FILE,
    ("evidence", "pack_id"): _PACK,
    ("evidence-packs", "pack_id"): _PACK,
    ("findings", "number"): "SELECT 'finding/' || id FROM finding WHERE number = :name",
    ("handovers", "handover_id"): _HANDOVER,
    ("incidents", "number"): "SELECT 'incident/' || id FROM incident WHERE number = :name",
    ("media-inquiries", "inquiry_id"): _BY_CONTACT.format("media_inquiry"),
    ("obligations", "obligation_id"): _DUTY,
    ("papers", "obligation_id"): _DUTY,
    ("runs", "run_id"): "SELECT subject FROM run WHERE id = :name",
    ("submissions", "submission_id"): _REPORT,
    ("systems", "code"): "SELECT 'system/' || id FROM system WHERE code = :name",
    ("tasks", "task_id"): "SELECT subject FROM task WHERE id = :name",
}
"""By room and first place of an address: the path of what it is about. `:name` is what stands in that place."""

NAMED: Final[Mapping[str, tuple[str, str]]] = {
    "incident": ("incidents", "number"),
    "obligation": ("obligations", "obligation_id"),
    "system": ("systems", "code"),
    "drill": ("drills", "number"),
    "change": ("changes", "number"),
    "finding": ("findings", "number"),
}
"""Kinds of evidence packs of one matter."""


def named_in(template: str) -> tuple[str, str] | None:
    """("incidents", "number") of `/api/v1/incidents/{number:str}/facts`; None where no matter is named."""
    places = PLACE.findall(template)
    key = (template.removeprefix(API).split("/")[1], places[0]) if places else None
    return key if key in MATTERS else None


async def systems_addressed(tx: Tx, template: str, places: Mapping[str, Any]) -> frozenset[UUID]:
    """Those that the matter concerns which this address names; empty where it names none, or what is not there.

    `tx` must stand in front of the wall: a reader behind it is asked only afterwards what it may see.
    """
    key = named_in(template)
    if key is None:
        return frozenset()
    return await _systems(tx, key, places[key[1]])


async def systems_named(tx: Tx, kind: str, name: str) -> frozenset[UUID]:
    """Of the matter that a kind and a name say, as a pack is asked for: `incident` and its number. Empty as above."""
    key = NAMED.get(kind)
    if key is None:
        return frozenset()
    try:
        return await _systems(tx, key, UUID(name) if key[1].endswith("_id") else name)
    except ValueError:
        return frozenset()


async def _systems(tx: Tx, key: tuple[str, str], name: object) -> frozenset[UUID]:
    given = name.replace("\0", "") if isinstance(name, str) else name
    path = await tx.scalar(text(MATTERS[key]).bindparams(name=given))
    return await systems_of(tx, path) if path else frozenset()


async def systems_of(tx: Tx, path: str) -> frozenset[UUID]:
    """Of a path in the ledger, and of all beneath it: `incident/<id>/part/<id>` concerns what the incident does."""
    try:
        matter = UUID(path.split("/")[1])
    except (ValueError, IndexError):
        return frozenset()
    return frozenset(await tx.scalars(select(CONCERN.c.system_id).where(CONCERN.c.id == matter)))
