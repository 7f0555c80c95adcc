"""G18: the city's annual report, in a process of its own, so that the memory is the report's.

Two sizes: the year before, as the city reports it, and all ten years as if they were one, which is every duty there is.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database
from irm.reports.figures import take
from irm.reports.rendering import Edition, rendered
from irm.reports.span import Span
from irm.reports.tally import digest, encoded, read
from irm.wiring import WIRING

SECONDS: Final = 10.0
MEBIBYTES: Final = 600.0
FORMS: Final = ("pdf", "docx", "xlsx", "json")


@dataclass(frozen=True)
class Decade(Span):
    """Ten years in one report: nobody asks for it, but nothing is left out of it."""

    @property
    def since(self) -> datetime:
        return datetime(self.year - 9, 1, 1, tzinfo=UTC)


def measure(url: str, authority: UUID, now: datetime) -> None:
    for kind, year in (("year", now.year - 1), ("decade", now.year)):
        argv = [sys.executable, "-m", "bench.report", url, str(authority), kind, str(year), now.isoformat()]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        _say(kind, json.loads(done.stdout.splitlines()[-1]))


def _say(kind: str, told: dict[str, Any]) -> None:
    holds = told["figures"] < SECONDS and told["pdf"] < SECONDS and told["mebibytes"] < MEBIBYTES
    forms = ", ".join(f"{form} {told[form]:.1f} s" for form in FORMS)
    print(
        f"annual report of a {kind:<7} {told['records']:>7} records: figures {told['figures']:.1f} s, {forms};"
        f" {told['after_figures']:.0f} MiB with the figures, {told['mebibytes']:.0f} MiB at most"
        f"   {'holds' if holds else 'DOES NOT HOLD'}"
    )


async def _figures(url: str, authority: UUID, span: Span) -> tuple[str, int]:
    clock = DatabaseClock()
    db = Database.connect(url, clock=clock, wiring=WIRING)
    await clock.anchor(db.engine)
    async with db.transaction(SYSTEM, snapshot=True) as tx:
        figures = await take(tx, span, authority)
    await db.dispose()
    records = len(figures.pool)
    text = encoded(figures)
    del figures
    return text.decode(), records


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(url: str, authority: str, kind: str, year: str, moment: str) -> None:
    """As the worker does it: figures are kept as text, and each document is made of what that text says."""
    span = (Decade if kind == "decade" else Span)(int(year), datetime.fromisoformat(moment))
    begun = time.perf_counter()
    text, records = asyncio.run(_figures(url, UUID(authority), span))
    told: dict[str, Any] = {"figures": time.perf_counter() - begun, "records": records, "after_figures": _peak()}
    told["digest"] = digest(text)
    for form in FORMS:
        begun = time.perf_counter()
        rendered(Edition(1, read(text), {}), form, "zh-CN")
        told[form] = time.perf_counter() - begun
        told[f"after_{form}"] = _peak()
    told["mebibytes"] = _peak()
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
