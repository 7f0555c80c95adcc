"""Kinds, tiers and channels (DESIGN §1, §5), with the names that people read. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from irm.access.policy import Role
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
