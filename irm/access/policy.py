"""Who may do what (DESIGN §7). Pure: roles, permissions, and how far a reader's permission reaches.

A route names what it asks for (`opt=allow(Permission.READ_INCIDENTS)`, or `opt=PUBLIC`); the guard refuses a reader who
holds the permission nowhere. Which rows it covers is asked with `may(principal, permission, resource)` for one thing and
`reach(principal, permission)` for a list. Nobody is a super administrator: the three administrators see no incident.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from irm.access.reaching import Narrow, Reach as Reach, Resource as Resource  # noqa: PLC0414 - the rooms have both from here
from irm.actor import Actor


class Role(StrEnum):
    """Values are stored and written in playbooks (`role(cloud_authority, duty_leader)`)."""

    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDIT_ADMINISTRATOR = "audit_administrator"
    REPORTER = "reporter"
    HANDLER = "handler"
    DUTY_OFFICER = "duty_officer"
    DUTY_LEADER = "duty_leader"
    DEPUTY = "deputy"
    SECURITY_LEAD = "security_lead"
    UNIT_HEAD = "unit_head"
    COMPLIANCE_OFFICER = "compliance_officer"
    DRILL_DIRECTOR = "drill_director"
    EVALUATOR = "evaluator"
    ASSESSOR = "assessor"
    REGULATOR = "regulator"


ADMINISTRATORS: Final = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR})
"""三员: no person holds two of them (DESIGN §7; GB/T 22239 安全管理中心)."""


class Permission(StrEnum):
    """Values are also the scopes of API tokens: stable for ever."""

    OWN_ACCOUNT = "own_account"
    READ_ORGANIZATIONS = "read_organizations"
    READ_RULES = "read_rules"
    READ_BOARD = "read_board"
    READ_SYSTEMS = "read_systems"
    EDIT_SYSTEMS = "edit_systems"
    READ_FINDINGS = "read_findings"
    EDIT_FINDINGS = "edit_findings"
    VERIFY_FINDINGS = "verify_findings"
    READ_ASSESSMENTS = "read_assessments"
    EDIT_ASSESSMENTS = "edit_assessments"
    SEE_CII = "see_cii"
    FILE_INCIDENT = "file_incident"
    FILE_FOR_CALLER = "file_for_caller"
    READ_INCIDENTS = "read_incidents"
    SET_FACTS = "set_facts"
    ASSESS_LEVEL = "assess_level"
    CHANGE_STATUS = "change_status"
    READ_EVIDENCE = "read_evidence"
    ADD_EVIDENCE = "add_evidence"
    HAND_OVER_EVIDENCE = "hand_over_evidence"
    EXPORT_EVIDENCE = "export_evidence"
    READ_OBLIGATIONS = "read_obligations"
    READ_SUBMISSIONS = "read_submissions"
    SUBMIT_REPORT = "submit_report"
    APPROVE_REPORTS = "approve_reports"
    ENTER_AUTHORIZATIONS = "enter_authorizations"
    RECORD_RECEIPT = "record_receipt"
    RECORD_CONTACT = "record_contact"
    RECORD_DIRECTIVE = "record_directive"
    ACKNOWLEDGE = "acknowledge"
    DO_TASKS = "do_tasks"
    READ_ROSTER = "read_roster"
    EDIT_ROSTER = "edit_roster"
    READ_DELIVERIES = "read_deliveries"
    READ_PLAYBOOKS = "read_playbooks"
    PUBLISH_PLAYBOOK = "publish_playbook"
    MANAGE_RULES = "manage_rules"
    APPROVE_RULES = "approve_rules"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_ORGANIZATIONS = "manage_organizations"
    MANAGE_ROLES = "manage_roles"
    MANAGE_CHANNELS = "manage_channels"
    READ_LEDGER = "read_ledger"
    READ_OUTBOX = "read_outbox"
    READ_DRILLS = "read_drills"
    READ_CHANGES = "read_changes"
    PLAN_CHANGES = "plan_changes"
    ANSWER_CHANGES = "answer_changes"
    READ_PAPERS = "read_papers"
    HAND_IN_PAPERS = "hand_in_papers"
    ANSWER_PAPERS = "answer_papers"
    PLAN_DRILLS = "plan_drills"
    APPROVE_DRILLS = "approve_drills"
    DIRECT_DRILLS = "direct_drills"
    READ_ANNUAL_REPORTS = "read_annual_reports"
    MAKE_ANNUAL_REPORTS = "make_annual_reports"
    APPROVE_ANNUAL_REPORTS = "approve_annual_reports"
    RETRY_WORK = "retry_work"
    MANAGE_SCREENS = "manage_screens"
    READ_ALERTS = "read_alerts"
    JUDGE_ALERTS = "judge_alerts"
    MANAGE_SOURCES = "manage_sources"
    ACT_UNASKED = "act_unasked"
    """Only as a scope: this token may do that before which a person is asked again who they are (`dangerous`)."""
    KEEP_CONTACTS = "keep_contacts"
    VET_STAFF = "vet_staff"
    HAND_OVER_SHIFT = "hand_over_shift"


P = Permission

EVERYONE: Final = frozenset({P.OWN_ACCOUNT, P.READ_ORGANIZATIONS, P.READ_RULES, P.ACT_UNASKED})

_REPORTS: Final = EVERYONE | {
    P.FILE_INCIDENT,
    P.READ_INCIDENTS,
    P.READ_BOARD,
    P.READ_SYSTEMS,
    P.READ_EVIDENCE,
    P.ADD_EVIDENCE,
    P.READ_OBLIGATIONS,
    P.READ_SUBMISSIONS,
    P.READ_ROSTER,
    P.READ_PLAYBOOKS,
    P.ACKNOWLEDGE,
    P.READ_OUTBOX,
    P.READ_DRILLS,
    P.READ_CHANGES,
    P.READ_PAPERS,
    P.READ_FINDINGS,
    P.READ_ASSESSMENTS,
}
_HANDLES: Final = _REPORTS | frozenset(
    {P.SET_FACTS, P.DO_TASKS, P.RECORD_CONTACT, P.READ_DELIVERIES, P.EDIT_FINDINGS, P.READ_ALERTS, P.HAND_OVER_SHIFT}
)
_OVERSIGHT: Final = frozenset({P.PLAN_CHANGES, P.ANSWER_CHANGES, P.HAND_IN_PAPERS, P.ANSWER_PAPERS})
"""Both sides of changes and papers: which of them one is, follows from the organization, never from the role."""
_ON_DUTY: Final = (
    _HANDLES
    | _OVERSIGHT
    | {
        P.FILE_FOR_CALLER,
        P.ASSESS_LEVEL,
        P.CHANGE_STATUS,
        P.SUBMIT_REPORT,
        P.RECORD_RECEIPT,
        P.RECORD_DIRECTIVE,
        P.HAND_OVER_EVIDENCE,
        P.SEE_CII,
        P.READ_ANNUAL_REPORTS,
        P.RETRY_WORK,
        P.JUDGE_ALERTS,
    }
)
_LEADS: Final = _ON_DUTY | {
    P.APPROVE_REPORTS,
    P.EDIT_ROSTER,
    P.EXPORT_EVIDENCE,
    P.PUBLISH_PLAYBOOK,
    P.PLAN_DRILLS,
    P.APPROVE_DRILLS,
    P.DIRECT_DRILLS,
    P.KEEP_CONTACTS,
}
_KEEPS_THE_YEAR: Final = frozenset(
    {P.EDIT_SYSTEMS, P.EDIT_ASSESSMENTS, P.VERIFY_FINDINGS, P.READ_ANNUAL_REPORTS, P.MAKE_ANNUAL_REPORTS}
)
_SIGNS_FOR_THE_YEAR: Final = frozenset(
    {P.VERIFY_FINDINGS, P.MAKE_ANNUAL_REPORTS, P.APPROVE_ANNUAL_REPORTS, P.APPROVE_RULES}
)
"""The head and the deputy in charge: they also let a changed rule take effect, beside another security administrator."""

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.SYSTEM_ADMINISTRATOR: EVERYONE
        | {P.MANAGE_ACCOUNTS, P.MANAGE_ORGANIZATIONS, P.MANAGE_CHANNELS, P.READ_OUTBOX, P.RETRY_WORK}
        | {P.MANAGE_SCREENS, P.MANAGE_SOURCES},
        Role.SECURITY_ADMINISTRATOR: EVERYONE
        | {P.MANAGE_ROLES, P.MANAGE_RULES, P.APPROVE_RULES, P.READ_PLAYBOOKS, P.PUBLISH_PLAYBOOK}
        | {P.ENTER_AUTHORIZATIONS, P.VET_STAFF},
        Role.AUDIT_ADMINISTRATOR: EVERYONE | {P.READ_LEDGER, P.READ_PLAYBOOKS},
        Role.REPORTER: _REPORTS,
        Role.HANDLER: _HANDLES,
        Role.DUTY_OFFICER: _ON_DUTY,
        Role.DUTY_LEADER: _LEADS,
        Role.DEPUTY: _LEADS | _SIGNS_FOR_THE_YEAR,
        Role.SECURITY_LEAD: _LEADS | _KEEPS_THE_YEAR | {P.VET_STAFF},
        Role.UNIT_HEAD: _LEADS | _SIGNS_FOR_THE_YEAR | {P.ENTER_AUTHORIZATIONS},
        Role.COMPLIANCE_OFFICER: _HANDLES
        | _KEEPS_THE_YEAR
        | _OVERSIGHT
        | {P.SUBMIT_REPORT, P.RECORD_RECEIPT, P.RECORD_DIRECTIVE, P.EXPORT_EVIDENCE, P.SEE_CII, P.PLAN_DRILLS}
        | {P.KEEP_CONTACTS, P.VET_STAFF},
        Role.DRILL_DIRECTOR: EVERYONE
        | {P.READ_PLAYBOOKS, P.READ_ROSTER, P.READ_SYSTEMS, P.READ_DRILLS, P.PLAN_DRILLS, P.DIRECT_DRILLS},
        Role.EVALUATOR: EVERYONE | {P.READ_PLAYBOOKS, P.READ_DRILLS},
        Role.ASSESSOR: EVERYONE
        | {P.READ_SYSTEMS, P.READ_FINDINGS, P.EDIT_FINDINGS, P.READ_ASSESSMENTS, P.EDIT_ASSESSMENTS},
        Role.REGULATOR: EVERYONE | {P.READ_SUBMISSIONS, P.RECORD_RECEIPT, P.READ_ROSTER},
    }
)

CITY: Final = frozenset(
    {
        P.FILE_FOR_CALLER,
        P.PUBLISH_PLAYBOOK,
        P.MANAGE_RULES,
        P.APPROVE_RULES,
        P.MANAGE_ACCOUNTS,
        P.MANAGE_ORGANIZATIONS,
        P.MANAGE_ROLES,
        P.MANAGE_CHANNELS,
        P.READ_LEDGER,
        P.RETRY_WORK,
        P.MANAGE_SCREENS,
        P.MANAGE_SOURCES,
        P.VET_STAFF,
    }
)
"""What touches the whole city: only a membership in a cloud authority gives it, whatever the role says elsewhere."""

AUTHORITY: Final = "cloud_authority"

REGULATORS: Final = frozenset(
    {
        "cyberspace_office",
        "public_security",
        "protection_department",
        "sector_regulator",
        "superior",
        "duty_general",
        "secrecy_administration",
    }
)
"""Kinds that receive reports: they see what was sent to them as it was sent, never the working incident (DESIGN §6)."""


@dataclass(frozen=True)
class Limited:
    """Roles that somebody holds in an organization for these systems alone."""

    organization_id: UUID
    roles: frozenset[Role]
    systems: frozenset[UUID]


@dataclass(frozen=True)
class Principal:
    """Whoever makes the request: a person's session, or an API token acting for an account."""

    account_id: UUID
    person_id: UUID
    actor: Actor
    memberships: Mapping[UUID, frozenset[Role]]
    """By organization, held for all of it; what is retired or out of date is not here."""
    kinds: Mapping[UUID, str] = field(default_factory=dict)
    """Organization kinds of the memberships (DESIGN §1)."""
    below: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    """For a district's cloud authority: the organizations of its district. Absent: the authority of the whole city."""
    scopes: frozenset[Permission] | None = None
    """None: a session, with all that the roles give. A token: only these, and never more than the roles give."""
    limited: tuple[Limited, ...] = ()
    """What is held beside `memberships`, for named systems only (`access/narrowing.py`)."""
    away: "Principal | None" = None
    """As they are but for the matter before which they stand; None: before none that widens what they hold."""
    limited_to: UUID | None = None
    """A token that was made for one organization: its person's messages elsewhere are none of its business."""
    session_id: str | None = None
    """Hash of the session's token; None for API tokens."""
    wrong_before: int = 0
    """Wrong passwords and codes before this sign-in; told for its first minutes."""
    proven_at: datetime | None = None
    """When the session's owner last showed who they are; None for API tokens."""
    factor_due_at: datetime | None = None
    """Until when a second factor has to be set up; None: there is one, or none is needed."""
    factor_overdue: bool = False
    """This session may set up a second factor and nothing else."""
    locale: str = "zh-CN"
    name: str = ""
    """Shown in the page's corner; personal data, never for logs or the ledger."""
    organization_name: str = ""
    """Short name of `home`."""

    @property
    def organizations(self) -> frozenset[UUID]:
        """Where a role is held for all of it: for these the reader acts whatever it is about."""
        return frozenset(self.memberships)

    @property
    def workplaces(self) -> frozenset[UUID]:
        """Where any role is held, for named systems only too."""
        return self.organizations | {one.organization_id for one in self.limited}

    @property
    def home(self) -> UUID | None:
        """The organization that the reader acts for unless another is named."""
        return self.actor.organization_id

    @property
    def roles(self) -> frozenset[Role]:
        held = (*self.memberships.values(), *(one.roles for one in self.limited))
        return frozenset(role for roles in held for role in roles)

    @property
    def is_authority(self) -> bool:
        """Works in a cloud authority, in whatever role, and not for named systems alone."""
        return AUTHORITY in {self.kinds.get(organization) for organization in self.memberships}


@lru_cache(1024)
def granted(roles: frozenset[Role], kind: str) -> frozenset[Permission]:
    """What `roles` give in one organization of `kind`."""
    held = frozenset(permission for role in roles for permission in PERMISSIONS[role])
    return held if kind == AUTHORITY else held - CITY


def reach(principal: Principal, permission: Permission) -> Reach:
    """Cloud authority: everything (a district's: its district). Regulators: what was sent to them. Others: their own.

    What is held for named systems only reaches as far, among what concerns these; never what touches the whole city.
    """
    if principal.scopes is not None and permission not in principal.scopes:
        return Reach()
    far = _reach(principal, principal.memberships, permission)
    limited = principal.limited if permission not in CITY else ()
    parts = ((one.systems, _reach(principal, {one.organization_id: one.roles}, permission)) for one in limited)
    narrow = tuple(Narrow(systems, within) for systems, within in parts if not within.is_empty)
    return replace(far, narrow=narrow) if narrow else far


def _reach(principal: Principal, held: Mapping[UUID, frozenset[Role]], permission: Permission) -> Reach:
    everything, own, sent = False, set[UUID](), set[UUID]()
    for organization, roles in held.items():
        kind = principal.kinds.get(organization, "other")
        if permission not in granted(roles, kind):
            continue
        if kind == AUTHORITY:
            district = principal.below.get(organization)
            everything = everything or district is None
            own |= {organization, *(district or ())}
        elif kind in REGULATORS:
            sent.add(organization)
            if roles != frozenset({Role.REGULATOR}):
                own.add(organization)
        else:
            own.add(organization)
    return Reach(everything, frozenset(own), frozenset(sent))


def may(principal: Principal, permission: Permission, resource: Resource | None = None) -> bool:
    """Without a resource: does the reader hold the permission anywhere at all?

    Their own account belongs to everybody who could sign in, even while they hold no role.
    """
    far = reach(principal, permission)
    if permission is Permission.OWN_ACCOUNT and resource is None:
        return principal.scopes is None or permission in principal.scopes
    return not far.is_empty if resource is None else far.covers(resource)


def permissions(principal: Principal) -> frozenset[Permission]:
    """All that the reader holds somewhere; what the navigation and the buttons ask."""
    return frozenset(permission for permission in Permission if may(principal, permission))


PERMISSION_OPT: Final = "permission"
PUBLIC: Final[dict[str, Any]] = {PERMISSION_OPT: None}
"""For routes that anybody may call; they say so, because a route that says nothing stops the start."""

FRESH_OPT: Final = "fresh"
FRESH_MINUTES: Final = 15


def dangerous(opt: Mapping[str, Any], *, minutes: int = FRESH_MINUTES) -> dict[str, Any]:
    """`opt=dangerous(allow(…))`: whoever has not proven within so many minutes who they are is asked again
    (`guard.py`) before it is done; a token needs the scope `act_unasked`."""
    return {**opt, FRESH_OPT: minutes}


WITHOUT_FACTOR_OPT: Final = "without_factor"
WITHOUT_FACTOR: Final[dict[str, Any]] = {WITHOUT_FACTOR_OPT: True}
"""`opt={**SIGNED_IN, **WITHOUT_FACTOR}`: also for whoever is due to set up a second factor before anything else."""


def allow(*any_of: Permission) -> dict[str, Any]:
    """The `opt=` of a route: one of these permissions must be held somewhere."""
    return {PERMISSION_OPT: frozenset(any_of)}


SIGNED_IN: Final = allow(Permission.OWN_ACCOUNT)
"""For routes that everybody with an account may call."""
