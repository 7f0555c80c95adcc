"""Feishu (飞书): a message of the city's application to one person, by the person's user id (or what
`IRM_FEISHU_ID_TYPE` says that addresses on this channel are)."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import chat
from irm.notify.channels.asking import excerpt
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.tokens import Token

CODE: Final = "code"
CODES: Final = chat.Codes(
    expired=frozenset({99991661, 99991663, 99991664, 99991665, 99991671, 99991677}),
    busy=frozenset({99991400, 230020, 1000004, 1000005}),
)
"""Codes of the open platform: tokens that are missing, invalid or expired; limits of calls."""


class Feishu:
    def configured(self, settings: Settings) -> bool:
        return bool(settings.feishu_app_id and settings.feishu_secret.get_secret_value())

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not self.configured(settings):
            return Outcome("not_configured")
        base, secret = settings.feishu_url.rstrip("/"), settings.feishu_secret.get_secret_value()

        async def fetch() -> Token | Outcome:
            said = await chat.post(
                resources,
                f"{base}/open-apis/auth/v3/tenant_access_token/internal",
                {"app_id": settings.feishu_app_id, "app_secret": secret},
                code=CODE,
                ca=settings.feishu_ca,
            )
            token = said.fields.get("tenant_access_token") if isinstance(said, chat.Said) and said.code == 0 else None
            if not isinstance(said, chat.Said) or not isinstance(token, str) or not token:
                return chat.token_trouble(said, chat.Codes(frozenset(), CODES.busy), secret)
            return Token(token, timedelta(seconds=int(said.fields.get("expire") or 0)))

        async def send(token: str) -> Outcome:
            asked = urlencode({"receive_id_type": settings.feishu_id_type})
            said = await chat.post(
                resources,
                f"{base}/open-apis/im/v1/messages?{asked}",
                self._body(message, settings),
                code=CODE,
                ca=settings.feishu_ca,
                headers={"authorization": f"Bearer {token}"},
            )
            if isinstance(said, Outcome):
                return said
            kind, data = chat.verdict_of(said.code, CODES), said.fields.get("data")
            provider_id = str(data.get("message_id") or "") or None if isinstance(data, dict) else None
            if kind == "sent":
                return Outcome("sent", provider_id=provider_id)
            return Outcome("failed" if kind == "failed" else "refused", excerpt(said.text, token, secret))

        return await chat.with_token((base, settings.feishu_app_id, secret), message, fetch, send)

    def _body(self, message: Message, settings: Settings) -> dict[str, Any]:
        """`uuid`: the provider drops what it was sent twice under one within an hour."""
        words = chat.reading_of(message, settings.phone_url)
        told: dict[str, Any] = {"text": f"{words.title}\n{words.text}"}
        if words.link:
            button = {"tag": "button", "text": {"tag": "plain_text", "content": words.button}, "url": words.link}
            told = {
                "header": {"title": {"tag": "plain_text", "content": words.title}},
                "elements": [
                    {"tag": "div", "text": {"tag": "plain_text", "content": words.text}},
                    {"tag": "action", "actions": [button | {"type": "primary"}]},
                ],
            }
        return {
            "receive_id": message.address,
            "msg_type": "interactive" if words.link else "text",
            "content": msgspec.json.encode(told).decode(),
            "uuid": str(message.delivery_id),
        }
