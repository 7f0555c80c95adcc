"""`playbooks.advance`: the only thing that moves a run."""

from datetime import datetime
from typing import Any
from uuid import UUID

from irm.db import Tx
from irm.playbooks import runner


async def advance(tx: Tx, args: dict[str, Any], now: datetime) -> None:  # noqa: ARG001 - the runner takes it after its lock
    await runner.advance_run(tx, UUID(args["run"]))
