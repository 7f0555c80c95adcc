"""The year of a report, in Asia/Shanghai. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from ruamel.yaml import YAML

from irm.clock import SHANGHAI

EARLIEST, LATEST = 2000, 2199


@dataclass(frozen=True)
class Span:
    """Whose year, and up to which moment it is known. `organization_id` None: the whole city."""

    year: int
    as_of: datetime
    organization_id: UUID | None = None

    @property
    def since(self) -> datetime:
        """Inclusive."""
        return datetime(self.year, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)

    @property
    def until(self) -> datetime:
        """Exclusive."""
        return datetime(self.year + 1, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)

    @property
    def first(self) -> date:
        return date(self.year, 1, 1)

    @property
    def last(self) -> date:
        return date(self.year, 12, 31)

    @property
    def today(self) -> date:
        return self.as_of.astimezone(SHANGHAI).date()

    @property
    def stands_at(self) -> datetime:
        """When the register is looked at: now, or the last moment of a year that is over."""
        return min(self.as_of, self.until - timedelta(microseconds=1))

    def is_whose(self, organization_id: UUID | None) -> bool:
        return self.organization_id is None or self.organization_id == organization_id


@cache
def annual_policy() -> dict[str, Any]:
    """`annual.yaml`."""
    given: dict[str, Any] = YAML(typ="safe").load((files("irm.reports") / "annual.yaml").read_text("utf-8"))
    return given
