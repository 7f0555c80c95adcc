"""The words of GB/T 38645-2020 annex A and of a drill's life. Pure; values are stored."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from irm.i18n import N_


class Status(StrEnum):
    PLANNED = "planned"
    APPROVED = "approved"
    RUNNING = "running"
    ENDED = "ended"
    EVALUATED = "evaluated"
    REPORTED = "reported"
    CLOSED = "closed"
    """The report is approved."""
    CANCELLED = "cancelled"


STATUS_NAMES: Final[Mapping[Status, str]] = {
    Status.PLANNED: N_("Plan awaits approval"),
    Status.APPROVED: N_("Plan approved"),
    Status.RUNNING: N_("Drill under way"),
    Status.ENDED: N_("Ended, to be evaluated"),
    Status.EVALUATED: N_("Evaluated"),
    Status.REPORTED: N_("Report awaits approval"),
    Status.CLOSED: N_("Report approved"),
    Status.CANCELLED: N_("Cancelled"),
}
HELD: Final = frozenset({Status.ENDED, Status.EVALUATED, Status.REPORTED, Status.CLOSED})
"""The drill took place."""


class Kind(StrEnum):
    """演练形式."""

    TABLETOP = "tabletop"
    PRACTICAL = "practical"
    DEMONSTRATION = "demonstration"


KIND_NAMES: Final[Mapping[Kind, str]] = {
    Kind.TABLETOP: N_("Tabletop exercise"),
    Kind.PRACTICAL: N_("Practical exercise"),
    Kind.DEMONSTRATION: N_("Demonstration exercise"),
}


class Range(StrEnum):
    """演练范围."""

    ORGANIZATION = "organization"
    SECTOR = "sector"
    CROSS_SECTOR = "cross_sector"
    REGION = "region"
    CROSS_REGION = "cross_region"


RANGE_NAMES: Final[Mapping[Range, str]] = {
    Range.ORGANIZATION: N_("Within the organization"),
    Range.SECTOR: N_("Within the sector"),
    Range.CROSS_SECTOR: N_("Across sectors"),
    Range.REGION: N_("Of a region"),
    Range.CROSS_REGION: N_("Across regions"),
}


class Content(StrEnum):
    """演练内容."""

    COMPREHENSIVE = "comprehensive"
    SPECIAL = "special"


CONTENT_NAMES: Final[Mapping[Content, str]] = {
    Content.COMPREHENSIVE: N_("Comprehensive drill"),
    Content.SPECIAL: N_("Special drill"),
}


class Part(StrEnum):
    """What a participant does in the drill."""

    DIRECTOR = "director"
    PLAYER = "player"
    EVALUATOR = "evaluator"
    OBSERVER = "observer"


PART_NAMES: Final[Mapping[Part, str]] = {
    Part.DIRECTOR: N_("Director"),
    Part.PLAYER: N_("Player"),
    Part.EVALUATOR: N_("Evaluator"),
    Part.OBSERVER: N_("Observer"),
}
REACHED: Final = frozenset({Part.DIRECTOR, Part.PLAYER, Part.EVALUATOR})
"""Who gets messages, and therefore needs a way to be reached."""

MEASURES: Final[Mapping[str, str]] = {
    "first_acknowledgement": N_("First page confirmed"),
    "first_report": N_("First report handed over"),
    "assessed": N_("Level assessed"),
    "contained": N_("Contained"),
    "handled": N_("Handling ended"),
    "task_done": N_("First task done"),
}
"""What is measured from the ledger and may be expected by a scenario."""

ENTRY_WORDS: Final[Mapping[str, str]] = {
    "drill.planned": N_("Drill planned"),
    "drill.plan_changed": N_("Plan changed"),
    "drill.approved": N_("Plan approved"),
    "drill.cancelled": N_("Drill cancelled"),
    "drill.started": N_("Drill begun"),
    "drill.paused": N_("Drill stopped"),
    "drill.resumed": N_("Drill goes on"),
    "drill.paced": N_("Speed changed"),
    "drill.injected": N_("Inject done"),
    "drill.inject_failed": N_("Inject failed"),
    "drill.inject_skipped": N_("Inject left out"),
    "drill.desk_played": N_("Director answered for a desk outside"),
    "drill.ended": N_("Drill ended"),
    "drill.sheet_handed_in": N_("Evaluation sheet handed in"),
    "drill.evaluated": N_("Evaluation closed"),
    "drill.report_edited": N_("Report edited"),
    "drill.reported": N_("Report handed in"),
    "drill.report_returned": N_("Report returned"),
    "drill.report_approved": N_("Report approved"),
    "drill.recorded": N_("Drill recorded afterwards"),
}
"""What the ledger says of a drill."""
