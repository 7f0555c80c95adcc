"""A test report as it is uploaded over page or interface."""

from collections.abc import Mapping
from typing import Any

from litestar.datastructures import UploadFile

from irm.access.policy import Principal
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.evidence.downloads import chunks_of
from irm.systems.assessment_acting import keep_report
from irm.systems.assessment_rules import Computed
from irm.systems.assessment_schemas import report_in


async def receive_report(
    db: Database, settings: Settings, clock: Clock, principal: Principal, number: str, values: Mapping[str, Any]
) -> Computed:
    """`values`: the form's fields, the file under `file`."""
    file = values.get("file")
    sent = file if isinstance(file, UploadFile) and file.filename else None
    return await keep_report(
        db,
        settings,
        clock,
        principal,
        number,
        lambda: report_in(values),
        chunks_of(sent) if sent else None,
        sent.filename if sent else "",
    )
