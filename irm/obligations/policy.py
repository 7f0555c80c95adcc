"""The city's figures for clocks and entries (`clocks.yaml`), read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from irm.obligations.owed import ClockPolicy, LongLimit, Standing
from irm.rules.moments import Within, within


@dataclass(frozen=True)
class ReceiptPolicy:
    """How long a receipt is waited for; limits by means. `urgent`: forms that are waited for by the minute."""

    urgent: frozenset[str]
    urgent_by: Mapping[str, Within]
    others_by: Mapping[str, Within]
    others: Within


@dataclass(frozen=True)
class EntryPolicy:
    clocks: ClockPolicy
    receipts: ReceiptPolicy
    clock_tolerance: timedelta
    """A person's watch may be this far ahead of the database's clock."""
    longest_item: int
    mail_megabytes: int
    longest_line: int
    longest_text: int
    page_size: int
    longest_page: int
    calendar_cells: int
    """Duties that one day of the month shows by title."""
    coming_days: int
    """What falls due within these days stands on the board."""
    feed_days: int
    """How far back and ahead a calendar program is told."""
    batch: int
    """Subjects of the year that one job brings in line."""
    standings: Mapping[str, Standing]


@cache
def entry_policy() -> EntryPolicy:
    given = YAML(typ="safe").load((files("irm.obligations") / "clocks.yaml").read_text("utf-8"))
    return EntryPolicy(
        clocks=ClockPolicy(
            percents=tuple(given["remind_at_percent"]),
            soon=given["due_soon_percent"],
            receipt_within=timedelta(minutes=given["receipt_within_minutes"]),
            entered_after=timedelta(minutes=given["entered_after_minutes"]),
            long=tuple(
                LongLimit(
                    timedelta(days=one["from_days"]),
                    tuple(timedelta(days=days) for days in one["remind_days_before"]),
                    timedelta(days=one["due_soon_days_before"]),
                    timedelta(hours=one["at_hour"]),
                )
                for one in sorted(given["long_limits"], key=lambda one: -one["from_days"])
            ),
        ),
        receipts=_receipts(given["receipts"]),
        clock_tolerance=timedelta(seconds=given["clock_tolerance_seconds"]),
        longest_item=given["longest_item"],
        mail_megabytes=given["mail_megabytes"],
        longest_line=given["longest_line"],
        longest_text=given["longest_text"],
        page_size=given["page_size"],
        longest_page=given["longest_page"],
        calendar_cells=given["calendar_cells"],
        coming_days=given["coming_days"],
        feed_days=given["feed_days"],
        batch=given["batch"],
        standings={force: standing for standing, forces in given["standing"].items() for force in forces},
    )


def _receipts(given: Mapping[str, Any]) -> ReceiptPolicy:
    return ReceiptPolicy(
        frozenset(given["urgent"]),
        {means: within(limit) for means, limit in given["urgent_by"].items()},
        {means: within(limit) for means, limit in given["others_by"].items()},
        within(given["others"]),
    )


def standing_of(force: str) -> Standing:
    """What a force amounts to on the screen; one that is not listed is prescribed."""
    return entry_policy().standings.get(force, "prescribed")
