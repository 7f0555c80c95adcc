"""A signed webhook (standardwebhooks): the receiver can tell that it is from irm, unaltered and fresh."""

from typing import Final

import msgspec
from httpx2 import ConnectError, ConnectTimeout, HTTPError, InvalidURL

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.sms import TIMEOUT, excerpt
from irm.signing import signed

FOR_EVER: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 422})


class Webhook:
    """`IRM_WEBHOOK_SECRET`: base64, with or without `whsec_`. The receiver's address is the person's own."""

    def configured(self, settings: Settings) -> bool:
        return bool(settings.webhook_secret.get_secret_value())

    async def send(self, message: Message, resources: Resources) -> Outcome:
        if not self.configured(resources.settings):
            return Outcome("not_configured")
        body = msgspec.json.encode(
            {
                "type": f"irm.{message.purpose}",
                "delivery": str(message.delivery_id),
                "title": message.title,
                "text": message.body,
                "severity": message.severity,
                "exercise": message.exercise,
                "url": resources.settings.public_url.rstrip("/") + message.path,
            }
        )
        try:
            secret = resources.settings.webhook_secret.get_secret_value()
            headers = signed(str(message.delivery_id), message.at, body, secret)
        except ValueError as error:
            return Outcome("failed", f"IRM_WEBHOOK_SECRET: {error}")
        try:
            response = await resources.http.post(message.address, content=body, headers=headers, timeout=TIMEOUT)
        except (ConnectError, ConnectTimeout) as error:
            return Outcome("failed", repr(error))
        except InvalidURL as error:
            return Outcome("refused", repr(error))
        except HTTPError as error:
            return Outcome("unknown", repr(error))
        if response.is_success:
            return Outcome("sent", provider_id=response.headers.get("x-request-id"), received=True)
        detail = f"HTTP {response.status_code} {excerpt(response.text)}"
        return Outcome("refused" if response.status_code in FOR_EVER else "failed", detail)
