"""WeCom (企业微信, 政务微信): a message of the city's application to one person, by the person's user id."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import chat
from irm.notify.channels.asking import excerpt
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.tokens import Token

CODE: Final = "errcode"
CODES: Final = chat.Codes(expired=frozenset({40014, 42001}), busy=frozenset({-1, 6000, 45009, 45011, 45033}))
"""Global error codes of the provider: invalid or expired token; system busy, version conflict, limits of calls."""
UNREACHED: Final = ("invaliduser", "unlicenseduser")


class WeCom:
    def configured(self, settings: Settings) -> bool:
        return bool(settings.wecom_corp_id and settings.wecom_agent_id and settings.wecom_secret.get_secret_value())

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not self.configured(settings):
            return Outcome("not_configured")
        base, secret = settings.wecom_url.rstrip("/"), settings.wecom_secret.get_secret_value()

        async def fetch() -> Token | Outcome:
            asked = urlencode({"corpid": settings.wecom_corp_id, "corpsecret": secret})
            said = await chat.get(resources, f"{base}/cgi-bin/gettoken?{asked}", code=CODE, ca=settings.wecom_ca)
            token = said.fields.get("access_token") if isinstance(said, chat.Said) and said.code == 0 else None
            if not isinstance(said, chat.Said) or not isinstance(token, str) or not token:
                return chat.token_trouble(said, chat.Codes(frozenset(), CODES.busy), secret)
            return Token(token, timedelta(seconds=int(said.fields.get("expires_in") or 0)))

        async def send(token: str) -> Outcome:
            url = f"{base}/cgi-bin/message/send?{urlencode({'access_token': token})}"
            said = await chat.post(resources, url, self._body(message, settings), code=CODE, ca=settings.wecom_ca)
            if isinstance(said, Outcome):
                return said
            kind = chat.verdict_of(said.code, CODES)
            unreached = any(message.address.casefold() in _people(said.fields.get(field)) for field in UNREACHED)
            provider_id = str(said.fields.get("msgid") or "") or None
            if kind == "sent" and not unreached:
                return Outcome("sent", provider_id=provider_id)
            return Outcome("failed" if kind == "failed" else "refused", excerpt(said.text, token, secret), provider_id)

        return await chat.with_token((base, settings.wecom_corp_id, secret), message, fetch, send)

    def _body(self, message: Message, settings: Settings) -> dict[str, Any]:
        words = chat.reading_of(message, settings.phone_url)
        told: dict[str, Any]
        if words.link:
            card = {"title": words.title, "description": words.text, "url": words.link, "btntxt": words.button}
            told = {"msgtype": "textcard", "textcard": card}
        else:
            told = {"msgtype": "text", "text": {"content": f"{words.title}\n{words.text}"}}
        return {
            "touser": message.address,
            "agentid": settings.wecom_agent_id,
            **told,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": 1800,
        }


def _people(listed: object) -> frozenset[str]:
    """The provider writes them in lower case, with bars between."""
    return frozenset(str(listed or "").casefold().split("|"))
