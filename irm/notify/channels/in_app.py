"""Inside irm: the delivery row is the message; the reader's inbox shows it."""

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels.protocol import Message, Outcome


class InApp:
    def configured(self, settings: Settings) -> bool:  # noqa: ARG002 - always there
        return True

    async def send(self, message: Message, resources: Resources) -> Outcome:  # noqa: ARG002 - nothing leaves irm
        return Outcome("sent", provider_id=str(message.delivery_id))
