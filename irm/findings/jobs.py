"""`findings.propose`, every morning: what a person should now decide about findings whose day passed."""

from datetime import datetime
from typing import Any

from irm.db import Tx
from irm.findings import proposals


async def propose(tx: Tx, args: dict[str, Any], now: datetime) -> None:  # noqa: ARG001 - looks at what stands now
    await proposals.propose(tx, now=now)
