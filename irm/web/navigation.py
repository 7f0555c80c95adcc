"""The menu. An entry shows when its page exists and the reader may open it, so rooms appear as they are filled."""

from dataclasses import dataclass
from typing import Final

from irm.i18n import N_
from irm.web.reader import Reader


@dataclass(frozen=True)
class Entry:
    path: str
    label: str
    icon: str
    permission: str = ""
    group: int = 0
    """Between two groups a line is drawn."""


DESKTOP: Final = (
    Entry("/", N_("Board"), "board", group=1),
    Entry("/incidents", N_("Incidents"), "incident", "read_incidents", group=1),
    Entry("/alerts", N_("Alerts"), "bell", "read_alerts", group=1),
    Entry("/drills", N_("Drills"), "drill", "read_drills", group=1),
    Entry("/duty", N_("On duty"), "duty", "read_roster", group=1),
    Entry("/deliveries", N_("Deliveries"), "mail", "read_deliveries", group=1),
    Entry("/obligations", N_("Duties owed"), "clock", "read_obligations", group=2),
    Entry("/submissions", N_("Submissions"), "report", "read_submissions", group=2),
    Entry("/approvals", N_("Reports to approve"), "check", "approve_reports", group=2),
    Entry("/papers", N_("Monthly papers"), "file", "read_papers", group=2),
    Entry("/changes", N_("Planned changes"), "steps", "read_changes", group=2),
    Entry("/systems", N_("Systems"), "system", "read_systems", group=3),
    Entry("/assessments", N_("Tests"), "check", "read_assessments", group=3),
    Entry("/findings", N_("Findings"), "edit", "read_findings", group=3),
    Entry("/reports", N_("Reports"), "report", "read_annual_reports", group=4),
    Entry("/evidence", N_("Evidence"), "file", "read_evidence", group=4),
    Entry("/ledger", N_("Ledger"), "ledger", "read_ledger", group=4),
    Entry("/rules", N_("Rules"), "book", "read_rules", group=5),
    Entry("/playbooks", N_("Playbooks"), "steps", "read_playbooks", group=5),
    Entry("/organizations", N_("Contact list"), "phone", "read_organizations", group=5),
    Entry("/authorizations", N_("Standing authorizations"), "edit", "enter_authorizations", group=5),
    Entry("/accounts", N_("Accounts"), "person", "manage_accounts", group=5),
    Entry("/roles", N_("Giving roles"), "person", "manage_roles", group=5),
    Entry("/delegations", N_("Duties handed over"), "person", "manage_roles", group=5),
    Entry("/break-glass", N_("Break-glass"), "warning", "read_ledger", group=5),
    Entry("/screens", N_("Duty screens"), "duty", "manage_screens", group=5),
    Entry("/alert-sources", N_("Alert sources"), "bell", "manage_sources", group=5),
    Entry("/alert-rules", N_("Alert rules"), "book", "manage_rules", group=5),
    Entry("/channels", N_("Channels"), "out", "manage_channels", group=5),
    Entry("/outbox", N_("Sent messages"), "out", "read_outbox", group=5),
    Entry("/admin", N_("Administration"), "admin", group=5),
)
"""What happens; what is owed; what it is about; what is told and proven; what the city has laid down."""
PHONE: Final = (
    Entry("/", N_("Board"), "board"),
    Entry("/report", N_("File now"), "plus", "file_incident"),
    Entry("/incidents", N_("Incidents"), "incident", "read_incidents"),
    Entry("/todo", N_("To do"), "task"),
    Entry("/me", N_("Me"), "person"),
)


def offered(entries: tuple[Entry, ...], reader: Reader, paths: frozenset[str]) -> list[Entry]:
    return [
        entry for entry in entries if entry.path in paths and (not entry.permission or reader.may(entry.permission))
    ]


def current(entries: list[Entry], path: str) -> str:
    """The entry that `path` belongs to: the longest whose path begins it."""
    fitting = [
        entry.path
        for entry in entries
        if path == entry.path or (entry.path != "/" and path.startswith(entry.path + "/"))
    ]
    return max(fitting, key=len, default="")
