"""From today on the made-up city's cloud authority has its reports approved; the year behind it knew no such rule."""

from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from irm.clock import Clock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.demo.past import small_pdf
from irm.evidence.blobs import BlobStore
from irm.evidence.service import attach
from irm.obligations import approval_rules, authorizing
from irm.rules.moments import due_moment, within

FILE: Final = "approvals.yaml"


async def have_reports_approved(
    db: Database, settings: Settings, authority: UUID, granted: Mapping[str, Any], clock: Clock
) -> None:
    """The chain of `approvals.yaml`, and `granted`, the document by which the desk may send first and have it signed afterwards."""
    blob = await BlobStore(Path(settings.home) / "blobs").put(
        _once(small_pdf("Demo city. Authorization")), granted["document"]
    )
    now = clock.now()
    async with db.transaction(SYSTEM) as tx:
        source = (files("irm.demo") / FILE).read_text("utf-8")
        await approval_rules.publish(tx, source, file=FILE, actor=SYSTEM, now=now)
        document = await attach(
            tx,
            blob,
            subject=authorizing.path_of(authority),
            organization_id=authority,
            account_id=None,
            actor=SYSTEM,
            now=now,
        )
        grant = authorizing.Grant(
            authority,
            granted["number"],
            granted["granted_by"],
            tuple(granted["forms"]),
            now,
            due_moment(now, within(granted["lasts"])),
            document,
        )
        await authorizing.enter(tx, grant, actor=SYSTEM, now=now)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
