"""Wire types of standing duties. Texts carry both languages."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from irm.obligations.standing import Line, Record


class StandingRecord(Struct, frozen=True):
    """`about`: paths of the systems or changes; of an organization's own duties its path."""

    id: UUID
    done_on: date
    what: str
    note: str | None
    about: list[str]
    by: str
    recorded_at: datetime
    attachment: UUID | None
    version: str


class StandingLine(Struct, frozen=True):
    """A rule that an organization bears always. `last` null: no record yet; `without`: for which there is none."""

    rule: str
    version: str
    title: dict[str, str]
    citation: dict[str, Any]
    force: str
    status: str
    bearer: str
    stands_for: list[dict[str, str]]
    without: list[str]
    last: StandingRecord | None


class StandingList(Struct, frozen=True):
    organization: str
    lines: list[StandingLine]


class StandingHistory(Struct, frozen=True):
    """The newest record first."""

    line: StandingLine
    records: list[StandingRecord]


class RecordStanding(Struct, frozen=True, forbid_unknown_fields=True):
    """`about` empty: for all that the line stands for. `attachment`: a file that lies at the organization."""

    organization: str
    done_on: date
    what: str
    note: str = ""
    about: list[str] = []
    attachment: UUID | None = None


def line_view(one: Line, bearer: str) -> StandingLine:
    return StandingLine(
        one.rule.id,
        one.version,
        dict(one.rule.title),
        one.rule.citation.as_json(),
        one.rule.force,
        one.rule.status,
        bearer,
        [{"path": each.path, "name": each.name} for each in one.abouts],
        [each.path for each in one.without],
        record_view(one.last) if one.last else None,
    )


def record_view(one: Record) -> StandingRecord:
    return StandingRecord(
        one.id,
        one.done_on,
        one.what,
        one.note,
        list(one.about),
        one.by,
        one.recorded_at,
        one.attachment_id,
        one.pack_version,
    )
