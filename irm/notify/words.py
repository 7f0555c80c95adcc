"""Names of channels, purposes, states, means and reasons, as pages show them. Pure."""

from typing import Final

from irm.access import vocabulary
from irm.i18n import N_
from irm.notify.reasons import REASONS

CHANNEL_NAMES: Final[dict[str, str]] = {
    **vocabulary.CHANNEL_NAMES,
    "wecom_bot": N_("WeCom group"),
    "dingtalk_bot": N_("DingTalk group"),
    "feishu_bot": N_("Feishu group"),
    "none": N_("No way to tell anybody"),
}
PURPOSE_NAMES: Final[dict[str, str]] = {
    "page": N_("Duty page"),
    "notice": N_("Notice"),
    "report": N_("Report sent"),
    "reminder": N_("Reminder"),
}
STATUS_NAMES: Final[dict[str, str]] = {
    "waiting": N_("To be sent"),
    "sending": N_("Being sent"),
    "sent": N_("Sent"),
    "delivered": N_("Delivered"),
    "failed": N_("Not sent"),
    "skipped": N_("Skipped"),
    "cancelled": N_("Taken back"),
    "would_have": N_("Would have been sent"),
}
MEANS_NAMES: Final[dict[str, str]] = {
    "page": N_("in irm"),
    "link": N_("by the link in the mail"),
    "api": N_("by interface"),
    "sms_reply": N_("by SMS reply"),
    "contact_record": N_("by contact record"),
    "voice_key": N_("by key on the telephone"),
    "chat_card": N_("by chat card"),
    "mail_reply": N_("by reply to the mail"),
}
INTERFACE_NAMES: Final[dict[str, str]] = {
    "aliyun": N_("Alibaba Cloud"),
    "aliyun_speaks": N_("Alibaba Cloud, without keys"),
    "tencent": N_("Tencent Cloud"),
}
HEARD_NAMES: Final[dict[str, str]] = {
    "answered": N_("went the whole way and came back"),
    "received": N_("receipt given"),
    "accepted": N_("taken by the provider; arrival not proven"),
    "not": N_("did not arrive in time"),
}
WEEKDAYS: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
ROLE_NAMES: Final[dict[str, str]] = {
    "primary": N_("First on duty"),
    "backup": N_("Backup"),
    "leader": N_("Leader of the duty"),
}
ATTEMPT_NAMES: Final[dict[str, str]] = {
    "sent": N_("taken by the provider"),
    "refused": N_("refused by the provider"),
    "failed": N_("did not go out"),
    "unknown": N_("may have gone out"),
    "not_configured": N_("this channel is not configured"),
}
WHY_NOBODY: Final[dict[str, str]] = {
    "no_roster": N_("the organization has no roster"),
    "no_shifts": N_("no further shift is planned"),
    "gap": N_("there is a gap in the roster"),
    "retired": N_("everybody on the roster has left"),
    "only_leader": N_("only the leader of the duty is there"),
}
TONES: Final[dict[str, str]] = {
    "waiting": "active",
    "sending": "active",
    "sent": "done",
    "delivered": "done",
    "failed": "active",
    "skipped": "aside",
    "cancelled": "aside",
    "would_have": "aside",
}


def reason_of(code: str | None) -> str:
    """The msgid of a reason; a code that this version does not know stands for itself."""
    return REASONS.get(code or "") or WHY_NOBODY.get(code or "") or (code or "")


def tone_of(status: str) -> str:
    return TONES.get(status, "neutral")
