"""SMS: by 阿里云 or 腾讯云, or by an HTTP gateway that is described (plain text, or a registered template's number with its
variables)."""

from collections.abc import Mapping
from typing import Any, Final

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import accounts, aliyun, tencent
from irm.notify.channels.gateway import Gateway
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.registered import code_of, kind_of, variables_of
from irm.notify.channels.sms_text import shortened, signed, units
from irm.notify.policy import channel_policy

TEMPLATE: Final[Mapping[str, Any]] = {"phone": "{phone}", "content": "{content}", "extra": "{id}"}
"""The default request body; `IRM_SMS_TEMPLATE` is JSON of the same kind."""


class Sms:
    def configured(self, settings: Settings) -> bool:
        account = accounts.of_sms(settings)
        return not account.missing if account is not None else bool(settings.sms_url)

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not self.configured(settings):
            return Outcome("not_configured")
        if (account := accounts.of_sms(settings)) is not None:
            send = aliyun.sms if account.provider == "aliyun" else tencent.sms
            return await send(account, message, resources)
        template = code_of(message, settings.sms_codes)
        if settings.sms_codes and not template:
            return Outcome("refused", f"IRM_SMS_CODES: no registered template for {kind_of(message)}")
        own = settings.sms_drill_template if message.exercise else ""
        gateway = Gateway(
            "IRM_SMS_TEMPLATE",
            settings.sms_url or "",
            own or settings.sms_template,
            settings.sms_success,
            settings.sms_headers,
            TEMPLATE,
            is_form=settings.sms_format == "form",
            params=settings.sms_params,
            ca=settings.sms_ca,
        )
        values = variables_of(message, fitting(message, settings.sms_signature))
        return await gateway.post(message, {**values, "sign": settings.sms_signature, "template": template}, resources)


def fitting(message: Message, signature: str) -> str:
    """The text with its signature, in no more segments than the policy pays for."""
    keep = [word for word in (message.number, message.reply_code) if word]
    whole = signed(message.body, signature)
    text = shortened(whole, channel_policy().sms_segments, keep)
    return text if units(text) < units(whole) else whole
