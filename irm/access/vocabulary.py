"""Kinds, tiers, channels, roles and permissions (DESIGN §1, §5), with the names that people read. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from irm.access.policy import Permission, Role
from irm.i18n import N_

KIND_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cloud_authority": N_("Cloud authority"),
        "cyberspace_office": N_("Cyberspace office"),
        "public_security": N_("Public security"),
        "protection_department": N_("Protection department"),
        "sector_regulator": N_("Sector regulator"),
        "superior": N_("Superior department"),
        "duty_general": N_("General duty office"),
        "secrecy_administration": N_("Secrecy administration"),
        "vendor": N_("Vendor"),
        "using_unit": N_("Using unit"),
        "assessor": N_("Assessor"),
        "other": N_("Other organization"),
    }
)
KINDS: Final = tuple(KIND_NAMES)

TIER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"county": N_("County"), "city": N_("City"), "province": N_("Province"), "national": N_("National")}
)
TIERS: Final = tuple(TIER_NAMES)

CHANNEL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "telephone": N_("Telephone"),
        "sms": N_("SMS"),
        "voice": N_("Voice call"),
        "email": N_("Mail"),
        "wecom": N_("WeCom"),
        "dingtalk": N_("DingTalk"),
        "feishu": N_("Feishu"),
        "fax": N_("Fax"),
        "webhook": N_("Webhook"),
        "in_app": N_("In irm"),
    }
)
CHANNELS: Final = tuple(CHANNEL_NAMES)

ROLE_NAMES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.SYSTEM_ADMINISTRATOR: N_("System administrator"),
        Role.SECURITY_ADMINISTRATOR: N_("Security administrator"),
        Role.AUDIT_ADMINISTRATOR: N_("Audit administrator"),
        Role.REPORTER: N_("Reporter"),
        Role.HANDLER: N_("Handler"),
        Role.DUTY_OFFICER: N_("Duty officer"),
        Role.DUTY_LEADER: N_("Duty leader"),
        Role.DEPUTY: N_("Deputy in charge"),
        Role.SECURITY_LEAD: N_("Security lead"),
        Role.UNIT_HEAD: N_("Unit head"),
        Role.COMPLIANCE_OFFICER: N_("Compliance officer"),
        Role.DRILL_DIRECTOR: N_("Drill director"),
        Role.EVALUATOR: N_("Drill evaluator"),
        Role.ASSESSOR: N_("Assessor"),
        Role.REGULATOR: N_("Regulator"),
    }
)

PERMISSION_NAMES: Final[Mapping[Permission, str]] = MappingProxyType(
    {
        Permission.OWN_ACCOUNT: N_("Use one's own account"),
        Permission.READ_ORGANIZATIONS: N_("Read the contact list"),
        Permission.READ_RULES: N_("Read rule packs"),
        Permission.READ_BOARD: N_("Read the duty board"),
        Permission.READ_SYSTEMS: N_("Read the register of systems"),
        Permission.EDIT_SYSTEMS: N_("Edit the register of systems"),
        Permission.READ_FINDINGS: N_("Read findings"),
        Permission.EDIT_FINDINGS: N_("Enter and rectify findings"),
        Permission.VERIFY_FINDINGS: N_("Verify rectification"),
        Permission.READ_ASSESSMENTS: N_("Read assessments"),
        Permission.EDIT_ASSESSMENTS: N_("Plan and file assessments"),
        Permission.SEE_CII: N_("See what concerns critical infrastructure"),
        Permission.FILE_INCIDENT: N_("File an incident"),
        Permission.FILE_FOR_CALLER: N_("File for a caller"),
        Permission.READ_INCIDENTS: N_("Read incidents"),
        Permission.SET_FACTS: N_("Enter facts of an incident"),
        Permission.ASSESS_LEVEL: N_("Assess the level"),
        Permission.CHANGE_STATUS: N_("Change the state of an incident"),
        Permission.READ_EVIDENCE: N_("Read evidence"),
        Permission.ADD_EVIDENCE: N_("Add evidence"),
        Permission.HAND_OVER_EVIDENCE: N_("Hand over evidence"),
        Permission.EXPORT_EVIDENCE: N_("Export evidence packs"),
        Permission.READ_OBLIGATIONS: N_("Read duties"),
        Permission.READ_SUBMISSIONS: N_("Read submissions"),
        Permission.SUBMIT_REPORT: N_("Submit reports"),
        Permission.APPROVE_REPORTS: N_("Approve reports"),
        Permission.ENTER_AUTHORIZATIONS: N_("Enter standing authorizations"),
        Permission.RECORD_RECEIPT: N_("Record receipts"),
        Permission.RECORD_CONTACT: N_("Record contacts"),
        Permission.VET_STAFF: N_("Enter the vetting of vendors' staff"),
        Permission.RECORD_DIRECTIVE: N_("Record directives"),
        Permission.ACKNOWLEDGE: N_("Acknowledge pages"),
        Permission.DO_TASKS: N_("Do tasks"),
        Permission.READ_ROSTER: N_("Read rosters"),
        Permission.EDIT_ROSTER: N_("Edit rosters"),
        Permission.READ_DELIVERIES: N_("Read deliveries"),
        Permission.READ_PLAYBOOKS: N_("Read playbooks"),
        Permission.PUBLISH_PLAYBOOK: N_("Publish playbooks"),
        Permission.MANAGE_RULES: N_("Manage rule packs"),
        Permission.APPROVE_RULES: N_("Approve rule packs"),
        Permission.MANAGE_ACCOUNTS: N_("Manage accounts"),
        Permission.MANAGE_ORGANIZATIONS: N_("Manage organizations"),
        Permission.MANAGE_ROLES: N_("Manage roles"),
        Permission.MANAGE_CHANNELS: N_("Manage channels"),
        Permission.READ_LEDGER: N_("Read the ledger"),
        Permission.READ_OUTBOX: N_("Read sent messages"),
        Permission.READ_DRILLS: N_("Read drills"),
        Permission.READ_CHANGES: N_("Read planned changes"),
        Permission.PLAN_CHANGES: N_("Plan changes"),
        Permission.ANSWER_CHANGES: N_("Answer planned changes"),
        Permission.READ_PAPERS: N_("Read monthly papers"),
        Permission.HAND_IN_PAPERS: N_("Hand in monthly papers"),
        Permission.ANSWER_PAPERS: N_("Answer monthly papers"),
        Permission.PLAN_DRILLS: N_("Plan drills"),
        Permission.APPROVE_DRILLS: N_("Approve drills"),
        Permission.DIRECT_DRILLS: N_("Direct drills"),
        Permission.READ_ANNUAL_REPORTS: N_("Read annual reports"),
        Permission.MAKE_ANNUAL_REPORTS: N_("Make annual reports"),
        Permission.APPROVE_ANNUAL_REPORTS: N_("Approve annual reports"),
        Permission.RETRY_WORK: N_("Try failed work again"),
        Permission.MANAGE_SCREENS: N_("Manage duty screens"),
        Permission.READ_ALERTS: N_("Read alerts"),
        Permission.JUDGE_ALERTS: N_("Judge alerts"),
        Permission.HAND_OVER_SHIFT: N_("Hand the shift over and take it over"),
        Permission.MANAGE_SOURCES: N_("Manage alert sources"),
        Permission.ACT_UNASKED: N_("Grave acts without asking for the password again"),
        Permission.KEEP_CONTACTS: N_("Keep the organization's contacts"),
    }
)
