"""The city's figures for the emergency sheet (`policy.yaml`), read once."""

from datetime import time, timedelta
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from irm.positions import parse


class SheetPolicy(BaseModel):
    """The file `policy.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily: tuple[time, ...] = Field(min_length=1)
    hours_ahead: PositiveInt
    days_ahead: PositiveInt
    most_limits: PositiveInt
    most_incidents: PositiveInt
    desk_months: PositiveInt
    paper_lines: PositiveInt
    keep: PositiveInt
    too_old_hours: PositiveInt
    retry_minutes: tuple[PositiveInt, ...] = Field(min_length=1)

    @property
    def too_old(self) -> timedelta:
        return timedelta(hours=self.too_old_hours)

    def pause_after(self, attempt: int) -> timedelta:
        return timedelta(minutes=self.retry_minutes[min(attempt, len(self.retry_minutes)) - 1])


@cache
def sheet_policy() -> SheetPolicy:
    file = "emergency/policy.yaml"
    return parse((files("irm.emergency") / "policy.yaml").read_text("utf-8"), SheetPolicy, file=file)[1]
