"""The goals that need real processes, each beside its floor (docs/performance.md): `python -m bench.goals [ROOM …]`.

Rooms: filing, alerts, recipients, timers, storm, recovering; without a name, all. Nothing else should run on the machine meanwhile.
"""

import asyncio
import importlib.metadata
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import alerts, filing, recipients, recovering, storm, timers
from bench.house import house

ROOMS: Final = {
    "filing": filing,
    "alerts": alerts,
    "timers": timers,
    "recovering": recovering,
    "storm": storm,
    "recipients": recipients,
}


async def main(names: list[str]) -> None:
    for name in names or ROOMS:
        with tempfile.TemporaryDirectory(prefix="irm-bench-") as folder:
            place = Path(folder)
            place.chmod(0o711)
            async with house(place) as running:
                await asyncio.sleep(10)  # what a beginning city has to do
                await ROOMS[name].measure(running)
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("litestar", "sqlalchemy", "asyncpg", "dramatiq")
    )
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
