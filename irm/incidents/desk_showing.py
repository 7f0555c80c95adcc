"""Notes, roles and hand-overs as pages, interface, commands and paper show them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.db import Tx
from irm.i18n import Translator
from irm.incidents import queries
from irm.incidents.desk_schemas import HandoverView, NoteView, OpenLine, RoleView
from irm.incidents.desk_words import SIGHT_NAMES
from irm.incidents.lifecycle import OVER, Status
from irm.incidents.notes import Note, notes_of
from irm.incidents.queries import Sight
from irm.incidents.roles import ROLE_NAMES, Held, roles_of
from irm.incidents.shift_handover import Handover, handovers_of

LATEST = 3
"""So many notes stand on the incident's page; all of them on the page of its desk."""


def note_views(notes: Iterable[Note]) -> list[NoteView]:
    return [
        NoteView(
            one.id,
            one.organization_id,
            one.organization,
            one.by,
            one.at,
            one.sight,
            one.text,
            one.corrects,
            one.corrected_by,
        )
        for one in notes
    ]


def role_views(held: Iterable[Held], t: Translator) -> list[RoleView]:
    return [
        RoleView(
            one.role,
            t(ROLE_NAMES[one.role]),
            one.organization_id,
            one.organization,
            one.person_id,
            one.person,
            one.since,
            one.until,
            one.named_by,
        )
        for one in held
    ]


def handover_views(found: Iterable[Handover], t: Translator) -> list[HandoverView]:
    def lines(one: Handover, name: str) -> list[OpenLine]:
        return [
            OpenLine(t.of(each["title"]), datetime.fromisoformat(each["due_at"]) if each["due_at"] else None)
            for each in one.open.get(name, ())
        ]

    return [
        HandoverView(
            one.id,
            one.organization_id,
            one.organization,
            one.given_by,
            one.given_at,
            one.to,
            one.text,
            lines(one, "duties"),
            lines(one, "tasks"),
            lines(one, "pages"),
            one.call_at,
            one.taken_by,
            one.taken_at,
            one.ended_at,
        )
        for one in found
    ]


async def desk(tx: Tx, sight: Sight, by: Principal, t: Translator, now: datetime) -> dict[str, Any]:
    """The section of the incident's page, and the page of the desk."""
    notes, held, given = await notes_of(tx, sight), await roles_of(tx, sight), await handovers_of(tx, sight)
    parts = {part.organization_id for part in await queries.parts_of(tx, sight)}
    resource = Resource(frozenset(parts))
    own = _own(by, parts)
    over = Status(sight.incident.status) in OVER or Status(sight.incident.status) is Status.CLOSED
    members = await access.members(tx, own, now=now)
    people: dict[UUID, str] = {one.person.id: one.person.name for one in members}
    waiting = [one for one in given if one.waits]
    return {
        "notes": note_views(notes),
        "latest_notes": note_views(notes[:LATEST]),
        "sight_names": SIGHT_NAMES,
        "desk_roles": {name: t(words) for name, words in ROLE_NAMES.items()},
        "held": [one for one in role_views(held, t) if one.until is None],
        "held_before": [one for one in role_views(held, t) if one.until is not None],
        "handovers": handover_views(given, t),
        "handovers_waiting": [
            (view, one.given_by_id == by.person_id, one.organization_id in own)
            for one, view in zip(waiting, handover_views(waiting, t), strict=True)
        ],
        "colleagues": [(str(one), name) for one, name in people.items()],
        "next_shift": [(str(one), name) for one, name in people.items() if one != by.person_id],
        "own_desk": own,
        "may_write_notes": bool(own) and not over and may(by, Permission.DO_TASKS, resource),
        "may_hand_over": bool(own) and not over and may(by, Permission.CHANGE_STATUS, resource),
    }


def _own(by: Principal, parts: set[UUID]) -> list[UUID]:
    """The reader's organizations that work at the incident."""
    far = reach(by, Permission.DO_TASKS).organizations
    return [one for one in by.organizations if one in far and (one in parts or by.kinds.get(one) == "cloud_authority")]
