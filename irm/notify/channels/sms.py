"""SMS by an HTTP gateway: plain text, or the number of a registered template with its variables."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels.gateway import Gateway, variables_of
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.sms_text import shortened, signed, units
from irm.notify.policy import channel_policy

TEMPLATE: Final[Mapping[str, Any]] = {"phone": "{phone}", "content": "{content}", "extra": "{id}"}
"""The default request body; `IRM_SMS_TEMPLATE` is JSON of the same kind."""


class Sms:
    def configured(self, settings: Settings) -> bool:
        return bool(settings.sms_url)

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not settings.sms_url:
            return Outcome("not_configured")
        content = fitting(message, settings.sms_signature)
        try:
            template = registered(message, settings.sms_codes)
        except ValueError:
            return Outcome("failed", "IRM_SMS_CODES: no JSON")
        if settings.sms_codes and not template:
            return Outcome("refused", f"IRM_SMS_CODES: no registered template for {kind_of(message)}")
        own = settings.sms_drill_template if message.exercise else ""
        gateway = Gateway(
            "IRM_SMS_TEMPLATE",
            settings.sms_url,
            own or settings.sms_template,
            settings.sms_success,
            settings.sms_headers,
            TEMPLATE,
            is_form=settings.sms_format == "form",
            params=settings.sms_params,
            ca=settings.sms_ca,
        )
        values = variables_of(message, content)
        return await gateway.post(message, {**values, "sign": settings.sms_signature, "template": template}, resources)


def fitting(message: Message, signature: str) -> str:
    """The text with its signature, in no more segments than the policy pays for."""
    keep = [word for word in (message.number, message.reply_code) if word]
    whole = signed(message.body, signature)
    text = shortened(whole, channel_policy().sms_segments, keep)
    return text if units(text) < units(whole) else whole


def kind_of(message: Message) -> str:
    """How the registered templates of a city are told apart: `page`, `pages` (several in one), `drill_page`, …"""
    purpose = f"{message.purpose}s" if message.carries > 1 else message.purpose
    return f"drill_{purpose}" if message.exercise else purpose


def registered(message: Message, codes: str) -> str:
    """The number of the registered template for this kind of message, else that of `default`, else empty. Raises
    ValueError where `codes` is no JSON object."""
    known = msgspec.json.decode(codes, type=dict[str, str]) if codes else {}
    return known.get(kind_of(message)) or known.get("default", "")
