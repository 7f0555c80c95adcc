"""What an organization's lists call their columns: said once for each kind of list, and proposed with the next one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.actor import Actor
from irm.db import Tx
from irm.documents.headings import Called, Heading, folded
from irm.documents.sheets import Column
from irm.errors import FieldError, Invalid
from irm.i18n import N_
from irm.ledger import Event, record
from irm.systems.models import ListHeadingRow

ODD_HEADINGS: Final = N_("The headings cannot be understood like this.")
NO_HEADING: Final = N_("This heading does not stand in the list.")
NO_COLUMN: Final = N_("A list of this kind has no such column.")
TWICE: Final = N_("Another heading means this column already.")


async def remembered(tx: Tx, organization_id: UUID | None, kind: str, columns: Sequence[Column]) -> Called:
    """What was said of earlier lists of this organization; a column that there is no more is forgotten."""
    if organization_id is None:
        return {}
    rows = await tx.execute(
        select(ListHeadingRow.heading, ListHeadingRow.column).where(
            ListHeadingRow.organization_id == organization_id, ListHeadingRow.kind == kind
        )
    )
    names = {one.name for one in columns}
    return {row.heading: row.column for row in rows if row.column is None or row.column in names}


async def remember(tx: Tx, organization_id: UUID, kind: str, said: Called, *, actor: Actor, now: datetime) -> None:
    """`said`: folded heading → column. What is said anew goes before what was said."""
    values = [
        {"organization_id": organization_id, "kind": kind, "heading": heading, "column": column, "said_at": now}
        for heading, column in sorted(said.items())
    ]
    statement = insert(ListHeadingRow).values(values)
    key = [ListHeadingRow.organization_id, ListHeadingRow.kind, ListHeadingRow.heading]
    new = {"column": statement.excluded.column, "said_at": statement.excluded.said_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=key, set_=new))
    body = {"kind": kind, "columns": sorted({column for column in said.values() if column})}
    private = {"headings": "\n".join(sorted(said))}
    await record(tx, Event("list.headings_said", f"organization/{organization_id}", now, actor, body, private))


def understood(
    said: Mapping[str, str | None], headings: Sequence[Mapping[str, Any]], columns: Sequence[Column]
) -> Called:
    """What was said of headings (as they stand in the list), folded. Raises Invalid naming each heading at fault."""
    names = {one.name for one in columns}
    known = {folded(one["text"]) for one in headings}
    wanted = {folded(heading): column or None for heading, column in said.items()}
    faults: list[FieldError] = []
    taken: dict[str, str] = {
        one["column"]: folded(one["text"]) for one in headings if one["column"] and folded(one["text"]) not in wanted
    }
    for text, column in said.items():
        heading = folded(text)
        if heading not in known:
            faults.append(FieldError(text, NO_HEADING))
        elif column and column not in names:
            faults.append(FieldError(text, NO_COLUMN))
        elif column and taken.setdefault(column, heading) != heading:
            faults.append(FieldError(text, TWICE))
    if faults:
        raise Invalid(ODD_HEADINGS, errors=faults)
    return wanted


def shown(headings: Sequence[Heading], called: Called) -> list[dict[str, Any]]:
    """For people to look at. `by`: said (by somebody of the organization, now or earlier), title (the column's own words)
    or empty: it is not taken."""
    return [
        {
            "cell": one.cell,
            "text": one.text,
            "column": one.column,
            "by": "said" if folded(one.text) in called else "title" if one.column else "",
        }
        for one in headings
    ]
