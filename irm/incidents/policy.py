"""The city's figures for filings (`intake.yaml`), read once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

from ruamel.yaml import YAML


@dataclass(frozen=True)
class IntakePolicy:
    duplicate_window: timedelta
    clock_tolerance: timedelta
    earliest_year: int
    longest_text: int
    longest_line: int
    longest_reason: int
    page_size: int
    most_candidates: int
    secrecy_markers: tuple[str, ...]
    machine_clock_from: Literal["alerted", "confirmed"]


@cache
def intake_policy() -> IntakePolicy:
    given = YAML(typ="safe").load((files("irm.incidents") / "intake.yaml").read_text("utf-8"))
    return IntakePolicy(
        duplicate_window=timedelta(minutes=given["duplicate_window_minutes"]),
        clock_tolerance=timedelta(seconds=given["clock_tolerance_seconds"]),
        earliest_year=given["earliest_year"],
        longest_text=given["longest_text"],
        longest_line=given["longest_line"],
        longest_reason=given["longest_reason"],
        page_size=given["page_size"],
        most_candidates=given["most_candidates"],
        secrecy_markers=tuple(given["secrecy_markers"]),
        machine_clock_from=given["machine_clock_from"],
    )
