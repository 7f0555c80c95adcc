"""Bots of group chats (WeCom, DingTalk, Feishu): a text into the city's one group of that kind. For notices: everybody
reads it, and nobody can be said to have answered. The bot's address holds its key, so it is a secret."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import new as hmac
from typing import Any, Final
from urllib.parse import urlencode

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import chat
from irm.notify.channels.asking import excerpt
from irm.notify.channels.protocol import Message, Outcome

BUSY: Final = frozenset({-1, 45009, 130101, 410100, 9499, 11232, 99991400})
"""Limits of messages of one bot, of each of the three."""


@dataclass(frozen=True)
class Bot:
    """`setting` is the name of both settings: the address, and with `_secret` the signing secret."""

    setting: str
    code: str

    def configured(self, settings: Settings) -> bool:
        return bool(self._address(settings))

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        address, secret = self._address(settings), self._secret(settings)
        if not address:
            return Outcome("not_configured")
        words = chat.reading_of(message, settings.phone_url)
        text = "\n".join(filter(None, (words.title, words.text, words.link)))
        url, body = self._request(address, secret, text, message.at)
        said = await chat.post(resources, url, body, code=self.code, ca=getattr(settings, f"{self._kind}_ca"))
        if isinstance(said, Outcome):
            return said
        kind = chat.verdict_of(said.code, chat.Codes(frozenset(), BUSY))
        if kind == "sent":
            return Outcome("sent")
        return Outcome("failed" if kind == "failed" else "refused", excerpt(said.text, secret, address))

    @property
    def _kind(self) -> str:
        return self.setting.removesuffix("_bot")

    def _address(self, settings: Settings) -> str:
        address: str = getattr(settings, self.setting).get_secret_value()
        return address

    def _secret(self, settings: Settings) -> str:
        found = getattr(settings, f"{self.setting}_secret", None)
        return found.get_secret_value() if found is not None else ""

    def _request(self, address: str, secret: str, text: str, at: datetime) -> tuple[str, dict[str, Any]]:
        if self._kind == "feishu":
            body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
            seconds = str(int(at.timestamp()))
            proof = {"timestamp": seconds, "sign": feishu_signature(secret, seconds)} if secret else {}
            return address, proof | body
        if self._kind == "dingtalk" and secret:
            milliseconds = str(int(at.timestamp() * 1000))
            proof = {"timestamp": milliseconds, "sign": dingtalk_signature(secret, milliseconds)}
            address = f"{address}{'&' if '?' in address else '?'}{urlencode(proof)}"
        return address, {"msgtype": "text", "text": {"content": text}}


def dingtalk_signature(secret: str, milliseconds: str) -> str:
    """HMAC-SHA256 under the secret, of the moment and the secret."""
    return b64encode(hmac(secret.encode(), f"{milliseconds}\n{secret}".encode(), sha256).digest()).decode()


def feishu_signature(secret: str, seconds: str) -> str:
    """HMAC-SHA256 of nothing, under the moment and the secret: the other way round than DingTalk's."""
    return b64encode(hmac(f"{seconds}\n{secret}".encode(), b"", sha256).digest()).decode()
