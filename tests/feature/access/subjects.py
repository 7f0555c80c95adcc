"""Whose a route's subject is: for every kind of address with a place in it, rows of the made-up city and who owns them.

`OWNED` is keyed by the route's room and the names of its places; a select gives the values of the places and, as `whose`,
one organization that the row belongs to. `COMMON` are what no organization owns. A route that stands in neither fails the
walk: whoever adds one says here whose its subject is.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from irm.db import Tx

PLACE: Final = re.compile(r"{(\w+):(\w+)}")
MOST: Final = 3
"""Rows of each kind: the newest ones of different organizations."""

Kind = tuple[str, ...]
"""Room and names of the places: ("incidents", "number")."""

_INCIDENT = "FROM incident JOIN part ON part.incident_id = incident.id"
_OF_SUBMISSION = "submission.organization_id AS whose FROM submission"
_KEPT = "SELECT code, organization.id AS whose FROM organization JOIN roster ON organization_id = organization.id"
_SWAP = (
    "SELECT roster_swap.id AS swap_id, 'accepted' AS answer, organization_id AS whose FROM roster_swap"
    " JOIN roster ON roster.id = roster_id"
)
_SHIFT = "SELECT id AS handover_id, organization_id AS whose FROM shift_handover"
OWNED: Final[dict[Kind, str]] = {
    ("approvals", "request_id"): "SELECT id AS request_id, organization_id AS whose FROM report_approval",
    ("assessments", "number"): (
        "SELECT assessment.number, system.owner_id AS whose FROM assessment JOIN system ON system.id = system_id"
    ),
    ("attachments", "attachment_id"): (
        "SELECT id AS attachment_id, organization_id AS whose FROM attachment WHERE subject LIKE 'incident/%'"
    ),
    ("authorizations", "authorization_id"): (
        "SELECT id AS authorization_id, organization_id AS whose FROM standing_authorization"
    ),
    ("changes", "number"): "SELECT number, by_id AS whose FROM planned_change",
    ("changes", "number", "file_id"): (
        "SELECT planned_change.number, attachment.id AS file_id, by_id AS whose FROM planned_change"
        " JOIN attachment ON attachment.subject LIKE 'change/' || planned_change.id || '%'"
    ),
    ("break-glass", "glass_id"): "SELECT id AS glass_id, organization_id AS whose FROM break_glass",
    ("delegations", "delegation_id"): "SELECT id AS delegation_id, organization_id AS whose FROM delegation",
    ("deliveries", "delivery_id"): "SELECT id AS delivery_id, organization_id AS whose FROM delivery",
    ("directives", "directive_id"): "SELECT directive_id, organization_id AS whose FROM directive_bearer",
    ("drills", "number"): "SELECT number, organization_id AS whose FROM drill",
    ("drills", "incident"): f"SELECT incident.id AS incident, part.organization_id AS whose {_INCIDENT}",
    ("drills", "number", "kind"): "SELECT number, 'docx' AS kind, organization_id AS whose FROM drill",
    ("drills", "number", "attachment"): (
        "SELECT number, attachment.id AS attachment, drill.organization_id AS whose FROM drill"
        " JOIN attachment ON attachment.subject = 'drill/' || drill.id"
    ),
    ("drills", "number", "inject"): (
        "SELECT number, inject_id AS inject, organization_id AS whose FROM drill"
        " JOIN drill_inject ON drill_id = drill.id"
    ),
    ("drills", "number", "delivery"): (
        "SELECT drill.number, delivery.id AS delivery, drill.organization_id AS whose FROM drill"
        " JOIN exercise_subject ON exercise_id = drill.id JOIN delivery ON delivery.subject = exercise_subject.subject"
    ),
    ("drills", "number", "submission"): (
        "SELECT drill.number, submission.id AS submission, drill.organization_id AS whose FROM drill"
        " JOIN exercise_subject ON exercise_id = drill.id"
        " JOIN submission ON submission.subject = exercise_subject.subject"
    ),
    ("editions", "edition_id"): "SELECT id AS edition_id, organization_id AS whose FROM edition",
    ("evidence", "file_id"): "SELECT id AS file_id, organization_id AS whose FROM attachment",
    ("evidence", "pack_id"): "SELECT id AS pack_id, home_id AS whose FROM pack",
    ("evidence-packs", "pack_id"): "SELECT id AS pack_id, home_id AS whose FROM pack",
    ("findings", "number"): "SELECT number, organization_id AS whose FROM finding",
    ("findings", "number", "proposal"): (
        "SELECT number, finding_proposal.id AS proposal, organization_id AS whose FROM finding"
        " JOIN finding_proposal ON finding_id = finding.id"
    ),
    ("handovers", "handover_id"): (
        "SELECT evidence_handover.id AS handover_id, organization_id AS whose FROM evidence_handover"
        " JOIN directive_bearer USING (directive_id)"
    ),
    ("incidents", "number"): f"SELECT incident.number, part.organization_id AS whose {_INCIDENT}",
    ("incidents", "number", "name"): (
        f"SELECT incident.number, section AS name, part.organization_id AS whose {_INCIDENT},"
        " unnest(ARRAY['timeline', 'reports', 'tasks']) AS section"
    ),
    ("incidents", "number", "assessment_id"): (
        f"SELECT incident.number, level_assessment.id AS assessment_id, part.organization_id AS whose {_INCIDENT}"
        " JOIN level_assessment ON level_assessment.incident_id = incident.id"
    ),
    ("incidents", "number", "change_id"): (
        f"SELECT incident.number, status_change.id AS change_id, part.organization_id AS whose {_INCIDENT}"
        " JOIN status_change ON status_change.incident_id = incident.id"
    ),
    ("incidents", "number", "waiting_id"): (
        f"SELECT incident.number, status_change.id AS waiting_id, part.organization_id AS whose {_INCIDENT}"
        " JOIN status_change ON status_change.incident_id = incident.id"
    ),
    ("incidents", "number", "handover_id"): (
        "SELECT incident.number, incident_handover.id AS handover_id, organization_id AS whose FROM incident"
        " JOIN incident_handover ON incident_id = incident.id"
    ),
    ("incidents", "number", "merge_id"): (
        f"SELECT incident.number, merge.id AS merge_id, part.organization_id AS whose {_INCIDENT}"
        " JOIN merge ON absorbed_id = incident.id"
    ),
    ("media-inquiries", "inquiry_id"): (
        "SELECT media_inquiry.id AS inquiry_id, organization_id AS whose FROM media_inquiry"
        " JOIN contact_record ON contact_record.id = contact_record_id"
    ),
    ("obligations", "obligation_id"): "SELECT id AS obligation_id, bearer_id AS whose FROM obligation",
    ("papers", "obligation_id"): (
        "SELECT id AS obligation_id, bearer_id AS whose FROM obligation WHERE form LIKE 'monthly%'"
    ),
    ("papers", "obligation_id", "file_id"): (
        "SELECT obligation_id, attachment_id AS file_id, submission.organization_id AS whose FROM submission_obligation"
        " JOIN submission ON submission.id = submission_id JOIN submission_file USING (submission_id)"
        " JOIN obligation ON obligation.id = obligation_id WHERE obligation.form LIKE 'monthly%'"
    ),
    ("reports", "edition_id"): "SELECT id AS edition_id, organization_id AS whose FROM edition",
    ("reports", "edition_id", "file_id"): (
        "SELECT edition.id AS edition_id, attachment.id AS file_id, edition.organization_id AS whose FROM edition"
        " JOIN attachment ON attachment.subject = 'edition/' || edition.id"
    ),
    ("runs", "run_id"): (
        "SELECT run.id AS run_id, part.organization_id AS whose FROM run"
        " JOIN part ON 'incident/' || part.incident_id = run.subject"
    ),
    ("submissions", "submission_id"): f"SELECT submission.id AS submission_id, {_OF_SUBMISSION}",
    ("submissions", "submission_id", "attachment_id"): (
        f"SELECT submission.id AS submission_id, attachment_id, {_OF_SUBMISSION}"
        " JOIN submission_file ON submission_id = submission.id"
    ),
    ("submissions", "submission_id", "receipt_id"): (
        f"SELECT submission.id AS submission_id, receipt.id AS receipt_id, {_OF_SUBMISSION}"
        " JOIN receipt ON receipt.submission_id = submission.id"
    ),
    ("systems", "code"): "SELECT code, owner_id AS whose FROM system",
    ("tasks", "task_id"): "SELECT id AS task_id, organization_id AS whose FROM task",
    ("tokens", "token_id"): (
        "SELECT api_token.id AS token_id, membership.organization_id AS whose FROM api_token"
        " JOIN account ON account.id = account_id JOIN membership USING (person_id)"
    ),
    ("me", "token_id"): (
        "SELECT api_token.id AS token_id, membership.organization_id AS whose FROM api_token"
        " JOIN account ON account.id = account_id JOIN membership USING (person_id)"
    ),
    ("me", "passkey_id"): (
        "SELECT passkey.id AS passkey_id, membership.organization_id AS whose FROM passkey"
        " JOIN account ON account.id = account_id JOIN membership USING (person_id)"
    ),
    ("me", "identity_id"): (
        "SELECT linked_identity.id AS identity_id, membership.organization_id AS whose FROM linked_identity"
        " JOIN account ON account.id = account_id JOIN membership USING (person_id)"
    ),
    ("me", "session_id"): (
        "SELECT token_hash AS session_id, membership.organization_id AS whose FROM session"
        " JOIN account ON account.id = account_id JOIN membership USING (person_id)"
    ),
    ("organizations", "code"): "SELECT code, id AS whose FROM organization",
    ("organizations", "code", "address_id"): (
        "SELECT code, contact_address.id AS address_id, organization.id AS whose FROM organization"
        " JOIN contact_address ON organization_id = organization.id"
    ),
    ("organizations", "code", "person_id"): (
        "SELECT code, engagement.person_id, organization.id AS whose FROM organization"
        " JOIN engagement ON organization_id = organization.id"
    ),
    ("vetting", "paper_id"): (
        "SELECT vetting_paper.id AS paper_id, engagement.organization_id AS whose FROM vetting_paper"
        " JOIN engagement ON engagement.id = engagement_id"
    ),
    ("organizations", "code", "liaison_id"): (
        "SELECT code, liaison.id AS liaison_id, organization.id AS whose FROM organization"
        " JOIN liaison ON organization_id = organization.id"
    ),
    ("posts", "post_id"): "SELECT id AS post_id, organization_id AS whose FROM staff_post",
    ("posts", "post_id", "holding_id"): (
        "SELECT staff_post.id AS post_id, staff_post_holding.id AS holding_id, organization_id AS whose FROM staff_post"
        " JOIN staff_post_holding ON post_id = staff_post.id WHERE ended_at IS NULL"
    ),
    ("organizations", "import_id"): (
        "SELECT list_import.id AS import_id, membership.organization_id AS whose FROM list_import"
        " JOIN account ON account.id = account_id JOIN membership USING (person_id) WHERE kind = 'organizations'"
    ),
    ("systems", "import_id"): (
        "SELECT list_import.id AS import_id, membership.organization_id AS whose FROM list_import"
        " JOIN account ON account.id = account_id JOIN membership USING (person_id) WHERE kind = 'systems'"
    ),
    **{
        (kind, "import_id"): (
            "SELECT list_import.id AS import_id, membership.organization_id AS whose FROM list_import"
            f" JOIN account ON account.id = account_id JOIN membership USING (person_id) WHERE kind = '{kind}'"
        )
        for kind in ("people", "liaisons", "staff", "posts")
    },
    ("screens", "screen_id"): "SELECT id AS screen_id, organization_id AS whose FROM duty_screen",
    ("alerts", "alert_id"): (
        "SELECT alert.id AS alert_id, alert_source.organization_id AS whose FROM alert"
        " JOIN alert_source ON alert_source.id = source_id"
    ),
    ("rosters", "roster_id"): "SELECT id AS roster_id, organization_id AS whose FROM roster",
    ("rosters", "leave_id"): "SELECT id AS leave_id, organization_id AS whose FROM roster_leave",
    ("rosters", "rotation_id"): (
        "SELECT roster_rotation.id AS rotation_id, organization_id AS whose FROM roster_rotation"
        " JOIN roster ON roster.id = roster_id"
    ),
    ("rosters", "override_id"): (
        "SELECT roster_override.id AS override_id, organization_id AS whose FROM roster_override"
        " JOIN roster ON roster.id = roster_id"
    ),
    ("swaps", "swap_id", "answer"): _SWAP,
    ("duty", "swap_id", "answer"): _SWAP,
    ("duty", "code"): _KEPT,
    ("duty", "code", "what"): f"SELECT *, 'override' AS what FROM ({_KEPT}) AS kept",
    ("duty", "code", "what", "known"): (
        "SELECT code, 'override' AS what, roster_override.id AS known, organization.id AS whose FROM roster_override"
        " JOIN roster ON roster.id = roster_id JOIN organization ON organization.id = organization_id"
    ),
    ("duty", "handover_id"): _SHIFT,
    ("shift-handovers", "handover_id"): _SHIFT,
    ("duty", "feed_id"): (
        "SELECT roster_feed.id AS feed_id, roster.organization_id AS whose FROM roster_feed JOIN roster ON roster.id = roster_id"
    ),
}
COMMON: Final[dict[Kind, str]] = {
    ("accounts", "account_id"): "the city's system administrator looks after all accounts",
    ("accounts", "account_id", "act"): "the city's system administrator looks after all accounts",
    ("alert-sources", "code"): "the city's system administrator registers all sources",
    ("channels", "name"): "channels are those of the installation",
    ("me", "name"): "a channel, of the account alone",
    ("roles", "account_id"): "the city's security administrator gives all roles",
    ("calendar", "name"): "the secret in the address is the key",
    ("drafts", "form"): "the name of a form; what was typed is found by the account alone",
    ("ledger", "index"): "the city's ledger, read by its audit administrator",
    ("ledger", "size"): "the city's ledger, read by its audit administrator",
    ("obligations", "pack", "rule"): "a rule is law; the records under it are those of the reader's organization",
    ("playbooks", "playbook"): "the city's playbooks bind everybody",
    ("playbooks", "playbook", "version"): "the city's playbooks bind everybody",
    ("rules", "pack"): "rule packs are law",
    ("rules", "pack", "switch"): "rule packs are law",
    ("rules", "pack", "version"): "rule packs are law",
    ("standing-duties", "pack", "rule"): "a rule is law; the records under it are those of the reader's organization",
    ("work", "job_id"): "irm's own work, tried again by the cloud authority",
    ("workdays", "year"): "the state's calendar",
}
READ_BY_ALL: Final[frozenset[Kind]] = frozenset({("organizations", "code")})
"""Whom to call is known to everybody who works here; only who may change it is a question of whose it is."""


@dataclass(frozen=True)
class Subject:
    """One row of the made-up city: what stands in the places of an address, and an organization that it belongs to."""

    places: dict[str, str]
    whose: UUID

    def path(self, route: str) -> str:
        return PLACE.sub(lambda found: self.places[found[1]], route)


def kind_of(route: str) -> Kind:
    """("incidents", "number") of `/api/v1/incidents/{number:str}/facts`; empty where the address names no subject."""
    places = tuple(name for name, _ in PLACE.findall(route))
    return (route.removeprefix("/api/v1").split("/")[1], *places) if places else ()


async def found_in(tx: Tx, kind: Kind) -> list[Subject]:
    """The newest rows of `kind`, of as many organizations as there are, `MOST` at most."""
    asked = f"SELECT DISTINCT ON (whose) * FROM ({OWNED[kind]}) AS each WHERE whose IS NOT NULL"
    return (await _read(tx, kind, f"{asked} ORDER BY whose, {_newest(kind)}"))[:MOST]


async def found_of(tx: Tx, kind: Kind, whose: UUID, *, most: int) -> list[Subject]:
    """The newest rows of `kind` of one organization."""
    asked = f"SELECT DISTINCT * FROM ({OWNED[kind]}) AS each WHERE whose = :whose ORDER BY {_newest(kind)} LIMIT {most}"
    return await _read(tx, kind, asked, whose=whose)


def _newest(kind: Kind) -> str:
    return ", ".join(f"{place} DESC" for place in kind[1:])


async def _read(tx: Tx, kind: Kind, asked: str, **given: UUID) -> list[Subject]:
    rows: list[Any] = list((await tx.execute(text(asked), given)).mappings())
    return [Subject({place: str(row[place]) for place in kind[1:]}, row["whose"]) for row in rows]
