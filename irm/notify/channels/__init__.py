"""The channels that are built. Adding one: a class of `protocol.Channel`, a line here, its name in `plan.BUILT`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from irm.config import Settings
from irm.notify.channels.email import Email
from irm.notify.channels.in_app import InApp
from irm.notify.channels.protocol import Channel
from irm.notify.channels.sms import Sms
from irm.notify.channels.webhook import Webhook

CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType(
    {"sms": Sms(), "email": Email(), "webhook": Webhook(), "in_app": InApp()}
)


def configured(settings: Settings) -> dict[str, bool]:
    """Which channels this installation can use."""
    return {name: channel.configured(settings) for name, channel in CHANNELS.items()}
