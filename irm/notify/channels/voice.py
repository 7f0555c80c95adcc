"""A telephone call that reads the page out and takes a key, by an HTTP gateway that is described as the SMS gateway is.

The call carries the delivery's id; the gateway tells by `/api/v1/voice/inbound` which key was pressed, or that nobody
answered (`irm/notify/voice_inbound.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels.gateway import Gateway, variables_of
from irm.notify.channels.protocol import Message, Outcome

TEMPLATE: Final[Mapping[str, Any]] = {"phone": "{phone}", "content": "{content}", "extra": "{id}"}


class Voice:
    def configured(self, settings: Settings) -> bool:
        return bool(settings.voice_url)

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not settings.voice_url:
            return Outcome("not_configured")
        gateway = Gateway(
            "IRM_VOICE_TEMPLATE",
            settings.voice_url,
            settings.voice_template,
            settings.voice_success,
            settings.voice_headers,
            TEMPLATE,
            is_form=settings.voice_format == "form",
            ca=settings.voice_ca,
        )
        return await gateway.post(message, variables_of(message, message.body), resources)
