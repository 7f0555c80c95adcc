"""A signed webhook (standardwebhooks): the receiver can tell that it is from irm, unaltered and fresh."""

import msgspec

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels.asking import ask, trouble_of
from irm.notify.channels.protocol import Message, Outcome
from irm.signing import signed


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
        answer = await ask(resources, "POST", message.address, content=body, headers=headers)
        if isinstance(answer, Outcome):
            return answer
        # The receiver is a machine of its own: that it answered is its receipt, and what it says besides is its own affair.
        return trouble_of(answer) or Outcome("sent", provider_id=answer.request_id, received=True)
