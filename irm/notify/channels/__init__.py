"""The channels that are built. Adding one: a class of `protocol.Channel`, a line here, its name in `plan.BUILT`, and what
`tests/unit/notify/test_every_channel.py` needs to arrange for it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from irm.config import Settings
from irm.notify.channels import accounts
from irm.notify.channels.bots import Bot
from irm.notify.channels.dingtalk import DingTalk
from irm.notify.channels.email import Email
from irm.notify.channels.feishu import Feishu
from irm.notify.channels.in_app import InApp
from irm.notify.channels.protocol import Channel
from irm.notify.channels.sms import Sms
from irm.notify.channels.voice import Voice
from irm.notify.channels.webhook import Webhook
from irm.notify.channels.wecom import WeCom

CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType(
    {
        "sms": Sms(),
        "voice": Voice(),
        "email": Email(),
        "wecom": WeCom(),
        "dingtalk": DingTalk(),
        "feishu": Feishu(),
        "wecom_bot": Bot("wecom_bot", "errcode"),
        "dingtalk_bot": Bot("dingtalk_bot", "errcode"),
        "feishu_bot": Bot("feishu_bot", "code"),
        "webhook": Webhook(),
        "in_app": InApp(),
    }
)


def configured(settings: Settings) -> dict[str, bool]:
    """Which channels this installation can use."""
    return {name: channel.configured(settings) for name, channel in CHANNELS.items()}


def interfaces(settings: Settings) -> dict[str, str]:
    """Whose interface a channel speaks where it has the choice; a gateway that is described is not named."""
    found = {"sms": accounts.of_sms(settings), "voice": accounts.of_voice(settings)}
    return {name: account.interface for name, account in found.items() if account is not None}
