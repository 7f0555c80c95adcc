"""Thousands of duties due at one instant, through the whole engine, and a grave incident in the midst: G6, G7.

A district brings its register: every system's yearly test is overdue, so every duty is reminded of, climbs its playbook and
rings. Nothing here is made up beside the services.
"""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from openpyxl import Workbook

from bench.filing import a_grave_filing
from bench.house import Found, House, tell
from irm.i18n import translator
from irm.systems.sheet import COLUMNS

SYSTEMS: Final = 3_000
UNITS: Final = ("unit-office", "unit-health", "unit-hrss", "unit-fund")
TURNS_OF_A_PEER: Final = 108
"""Grafana OnCall's steps in a second; the goal is three times as many."""
PAGES: Final = 5


async def measure(house: House) -> list[Found]:
    register = house.folder / "register.xlsx"
    _workbook(register)
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "irm.cli", "import", "systems", str(register)],
        env=house.environment,
        check=True,
    )
    while await _ready(house) < SYSTEMS // 3:  # noqa: ASYNC110 - it happens in other processes
        await asyncio.sleep(0.5)
    cloud = await house.world.person("cloud1")
    begun, steps_before = time.monotonic(), await _steps(house)
    waited = []
    for _ in range(PAGES):
        waited.append(await house.rings(cloud, a_grave_filing(), within=120))
        await asyncio.sleep(2)
    still, taken = await _ready(house), time.monotonic() - begun
    rate = (await _steps(house) - steps_before) / taken
    worst = max(waited)
    return [
        tell(
            "G6",
            "page of a grave incident in a storm of overdue duties",
            worst,
            f"{worst:.2f} s at worst of {', '.join(f'{each:.2f}' for each in waited)}; {still} jobs still ready",
            most=1,
        ),
        tell(
            "G7",
            "steps of playbooks in a second, one worker",
            rate,
            f"{rate:.0f}/s",
            floor=f"a peer's {TURNS_OF_A_PEER}/s",
            least=3 * TURNS_OF_A_PEER,
        ),
    ]


async def _ready(house: House) -> int:
    count: int = await house.rows.fetchval(
        "SELECT count(*) FROM job WHERE done_at IS NULL AND run_at <= now()"
        " AND name IN ('obligations.remind', 'playbooks.advance', 'notify.deliver')"
    )
    return count


async def _steps(house: House) -> int:
    count: int = await house.rows.fetchval(
        "SELECT count(*) FROM job WHERE outcome = 'done' AND name = 'playbooks.advance'"
    )
    return count


def _workbook(path: Path) -> None:
    t = translator("zh_CN")
    titles = {column.name: t(column.title) for column in COLUMNS}
    book = Workbook(write_only=True)
    sheet = book.create_sheet("register")
    sheet.append(
        [
            titles[name]
            for name in (
                "code",
                "name",
                "owner",
                "level",
                "level_fixed_on",
                "filed_on",
                "filing_number",
                "live_on",
                "in_use_from",
            )
        ]
    )
    for n in range(SYSTEMS):
        begun = "2024-03-01"
        sheet.append(
            [f"storm-{n}", f"系统{n}", UNITS[n % len(UNITS)], "第三级", begun, begun, f"4104{n:08d}", begun, begun]
        )
    book.save(path)
