"""What goes over the wire of annual reports."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class MakeEdition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Asks for a new edition. `scope`: `city` (the cloud authority of the city only) or `organization`."""

    year: int
    organization: str
    """Code of the organization that reports."""
    scope: str = "organization"


class WriteCommentary(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Replaces the text beside the figures, by chapter (`overview` stands before the first)."""

    commentary: dict[str, str]
    version: int
    """The edition's version that was read; a stale one is a conflict."""


class EditionView(msgspec.Struct, kw_only=True):
    id: UUID
    year: int
    scope: str
    organization: str
    number: int
    status: str
    """making | draft | approved | failed"""
    done: int
    steps: int
    as_of: datetime | None
    figures_sha256: str | None
    checkpoint_size: int | None
    commentary: dict[str, str]
    version: int
    requested_at: datetime
    approved_at: datetime | None
    submission: UUID | None
    documents: dict[str, str]
    """Format → SHA-256 of the kept file."""


class EditionList(msgspec.Struct, kw_only=True):
    editions: list[EditionView]


class RecordView(msgspec.Struct, kw_only=True):
    path: str
    label: str


class ChangeView(msgspec.Struct, kw_only=True):
    """One figure that differs from the edition before."""

    chapter: str
    table: str
    line: str
    column: str
    before: int | None
    after: int | None
    added: list[RecordView]
    removed: list[RecordView]


class ChangeList(msgspec.Struct, kw_only=True):
    compared_with: int | None
    """Number of the edition before; None: there is none."""
    changes: list[ChangeView]


class PlaceholderView(msgspec.Struct, kw_only=True):
    """A name that a form may hold between double braces."""

    name: str
    group: str
    meaning: str
    sample: str | int


class FiguresView(msgspec.Struct, kw_only=True):
    sha256: str
    figures: dict[str, Any]
