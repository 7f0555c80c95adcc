"""Wire types of notes, roles and hand-overs at an incident. Moments carry a zone."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct


class WriteNote(Struct, forbid_unknown_fields=True, frozen=True):
    """`sight`: own (the writer's organization and the cloud authority) or all with a part. `corrects`: an earlier note."""

    text: str
    sight: Literal["own", "all"] = "own"
    corrects: UUID | None = None
    organization: UUID | None = None


class NoteView(Struct, frozen=True):
    id: UUID
    organization: UUID
    organization_name: str
    by: str
    at: datetime
    sight: str
    text: str
    corrects: UUID | None
    corrected_by: UUID | None


class NoteList(Struct, frozen=True):
    notes: list[NoteView]


class NameRole(Struct, forbid_unknown_fields=True, frozen=True):
    """`role`: commander lead liaison recorder. `person` null: nobody holds it any more."""

    role: str
    person: UUID | None = None
    organization: UUID | None = None


class RoleView(Struct, frozen=True):
    role: str
    words: str
    organization: UUID
    organization_name: str
    person: UUID
    person_name: str
    since: datetime
    until: datetime | None
    named_by: str


class RoleList(Struct, frozen=True):
    """With history: who holds a role now has no `until`."""

    roles: list[RoleView]


class HandOver(Struct, forbid_unknown_fields=True, frozen=True):
    """`to`: a person of the next shift; null: whoever takes it."""

    text: str
    to: UUID | None = None
    organization: UUID | None = None


class OpenLine(Struct, frozen=True):
    title: str
    due_at: datetime | None


class HandoverView(Struct, frozen=True):
    """What was open when it was given, and who took it when. `call_at`: from then on somebody is called about it."""

    id: UUID
    organization: UUID
    organization_name: str
    given_by: str
    given_at: datetime
    to: str
    text: str
    duties: list[OpenLine]
    tasks: list[OpenLine]
    pages: list[OpenLine]
    call_at: datetime
    taken_by: str
    taken_at: datetime | None
    ended_at: datetime | None


class HandoverList(Struct, frozen=True):
    handovers: list[HandoverView]
