"""A telephone call that reads the page out and takes a key: by 阿里云 or 腾讯云, or by an HTTP gateway that is described as the
SMS gateway is.

The call carries the delivery's id; `/api/v1/voice/inbound` is told which key was pressed, or that nobody answered
(`irm/notify/told_back.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import accounts, aliyun, tencent
from irm.notify.channels.gateway import Gateway
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.registered import variables_of

TEMPLATE: Final[Mapping[str, Any]] = {"phone": "{phone}", "content": "{content}", "extra": "{id}"}


class Voice:
    def configured(self, settings: Settings) -> bool:
        account = accounts.of_voice(settings)
        return not account.missing if account is not None else bool(settings.voice_url)

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not self.configured(settings):
            return Outcome("not_configured")
        if (account := accounts.of_voice(settings)) is not None:
            send = aliyun.call if account.provider == "aliyun" else tencent.call
            return await send(account, message, resources)
        gateway = Gateway(
            "IRM_VOICE_TEMPLATE",
            settings.voice_url or "",
            settings.voice_template,
            settings.voice_success,
            settings.voice_headers,
            TEMPLATE,
            is_form=settings.voice_format == "form",
            ca=settings.voice_ca,
        )
        return await gateway.post(message, variables_of(message, message.body), resources)
