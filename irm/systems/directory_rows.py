"""What rows of the directory's lists have in common: whose they are, and by whom they may be brought."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.access.queries import organizations
from irm.db import Tx
from irm.documents.sheets import Column, Row
from irm.errors import FieldError, Said, said
from irm.i18n import N_, Translator
from irm.systems.sheet import Names

WHOSE: Final = Column(
    "organization",
    N_("Organization"),
    help=N_("Its code, full or short name; empty: the organization of who brings it."),
)
NUMBER: Final = Column(
    "person", N_("Number in irm"), "code", help=N_("From an export; tells people of one name apart.")
)
WHOSE_IS_IT: Final = N_("Write whose this is: the organization's code or name.")
NOT_YOURS: Final = N_("Your roles do not include these entries of this organization.")


@dataclass
class Judging:
    """The rows of a list as they are gone through. `by` None: whoever runs a command on the server."""

    by: Principal | None
    home: UUID | None
    names: Names
    faults: list[FieldError] = field(default_factory=list)

    @classmethod
    async def begin(cls, tx: Tx, by: Principal | None, home: UUID | None) -> "Judging":
        return cls(by, home, Names.of(await organizations(tx)))

    def fault(self, row: Row, column: str, message: Said) -> None:
        self.faults.append(row.fault(column, message))

    def whose(self, row: Row) -> UUID | None:
        """The organization that the row means; None: it is at fault."""
        text = row[WHOSE.name]
        if not text:
            if self.home is None:
                self.fault(row, WHOSE.name, Said(WHOSE_IS_IT))
            return self.home
        found = self.names.called(text)
        if len(found) == 1:
            return next(iter(found))
        self.fault(
            row,
            WHOSE.name,
            said("Several organizations are called “%(value)s”; write the code.", value=text)
            if found
            else said("There is no organization called “%(value)s”.", value=text),
        )
        return None

    def may(self, organization_id: UUID, *permissions: Permission) -> bool:
        """One of them, there."""
        whose = Resource(frozenset({organization_id}))
        return self.by is None or any(may(self.by, each, whose) for each in permissions)

    def everywhere(self, permission: Permission) -> bool:
        """In every organization of the city."""
        return self.by is None or reach(self.by, permission).everything

    def label(self, organization_id: UUID) -> str:
        one = self.names.by_id.get(organization_id)
        return one.short_name if one else str(organization_id)

    def written(self, organization_id: UUID) -> str:
        """As an export writes it, and `whose` reads it back: by name where that is clear, else by code."""
        one = self.names.by_id[organization_id]
        return one.name if self.names.called(one.name) == {one.id} else one.code


def plain_name(name: str) -> str:
    """Without spaces: people write names of two signs with one in between."""
    return "".join(name.split())


def differences(before: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (before[name], value) for name, value in stated.items() if before[name] != value}


def stated_in(row: Row, columns: frozenset[str], names: Sequence[str], before: Mapping[str, Any]) -> dict[str, Any]:
    """What the row says of these fields; of a column that the file does not have, what stands there."""
    return {name: row[name] if name in columns else before.get(name) for name in names}


def words(value: Any, choices: Mapping[Any, str], t: Translator) -> str:
    """A value as people read it."""
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, (tuple, list)):
        return t(", ").join(words(one, choices, t) for one in value)
    return value.isoformat() if isinstance(value, date) else t(choices.get(value, str(value)))


def of_interest(names: Names, code: str, is_readable: Callable[[UUID], bool]) -> list[UUID]:
    """The organizations that the reader may read (`code`: this one alone), in the order of their names."""
    return [one.id for one in names.by_id.values() if (not code or one.code == code) and is_readable(one.id)]
