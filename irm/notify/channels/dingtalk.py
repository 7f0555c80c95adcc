"""DingTalk (钉钉): a work notification (工作通知) of the city's application to one person, by the person's user id.

The provider takes a message first and looks for its receiver afterwards; so the result is asked for once, right away. An
answer that does not know yet is no refusal.
"""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import chat, government_dingtalk
from irm.notify.channels.asking import excerpt
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.tokens import Token

CODE: Final = "errcode"
CODES: Final = chat.Codes(
    expired=frozenset({40014, 42001}),
    busy=frozenset({-1, 90002, 90003, 90004, 90005, 90006, 90007, 90008, 90009, 90018}),
)
"""Global error codes of the provider: invalid or expired token; system busy, limits of calls."""
OF_ITS_OWN: Final = 88
"""The gateway's code for "see sub_code"."""
UNREACHED: Final = ("invalid_user_id_list", "forbidden_user_id_list", "failed_user_id_list")


class DingTalk:
    def configured(self, settings: Settings) -> bool:
        known = settings.dingtalk_app_key and (settings.dingtalk_agent_id or settings.dingtalk_tenant_id)
        return bool(known and settings.dingtalk_secret.get_secret_value())

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not self.configured(settings):
            return Outcome("not_configured")
        if settings.dingtalk_tenant_id:
            return await government_dingtalk.send(message, resources)
        base, secret = settings.dingtalk_url.rstrip("/"), settings.dingtalk_secret.get_secret_value()

        async def fetch() -> Token | Outcome:
            asked = urlencode({"appkey": settings.dingtalk_app_key, "appsecret": secret})
            said = await chat.get(resources, f"{base}/gettoken?{asked}", code=CODE, ca=settings.dingtalk_ca)
            token = said.fields.get("access_token") if isinstance(said, chat.Said) and said.code == 0 else None
            if not isinstance(said, chat.Said) or not isinstance(token, str) or not token:
                return chat.token_trouble(said, chat.Codes(frozenset(), CODES.busy), secret)
            return Token(token, timedelta(seconds=int(said.fields.get("expires_in") or 7200)))

        async def place(verb: str, token: str, body: dict[str, Any]) -> chat.Said | Outcome:
            url = f"{base}/topapi/message/corpconversation/{verb}?{urlencode({'access_token': token})}"
            return await chat.post(resources, url, body, code=CODE, ca=settings.dingtalk_ca)

        async def send(token: str) -> Outcome:
            said = await place("asyncsend_v2", token, self._body(message, settings))
            if isinstance(said, Outcome):
                return said
            kind = chat.verdict_of(_code_of(said), CODES)
            task = said.fields.get("task_id")
            if kind != "sent":
                return Outcome("failed" if kind == "failed" else "refused", excerpt(said.text, token, secret))
            asked = await place("getsendresult", token, {"agent_id": settings.dingtalk_agent_id, "task_id": task})
            result = asked.fields.get("send_result") if isinstance(asked, chat.Said) else None
            if isinstance(result, dict) and any(message.address in (result.get(field) or ()) for field in UNREACHED):
                return Outcome("refused", _why(result), str(task))
            return Outcome("sent", provider_id=str(task))

        return await chat.with_token((base, settings.dingtalk_app_key, secret), message, fetch, send)

    def _body(self, message: Message, settings: Settings) -> dict[str, Any]:
        words = chat.reading_of(message, settings.phone_url)
        told: dict[str, Any]
        if words.link:
            card = {
                "title": words.title,
                "markdown": f"**{words.title}**\n\n{words.text}",
                "single_title": words.button,
                "single_url": words.link,
            }
            told = {"msgtype": "action_card", "action_card": card}
        else:
            told = {"msgtype": "text", "text": {"content": f"{words.title}\n{words.text}"}}
        return {"agent_id": settings.dingtalk_agent_id, "userid_list": message.address, "msg": told}


def _code_of(said: chat.Said) -> int:
    sub = str(said.fields.get("sub_code") or "")
    return int(sub) if said.code == OF_ITS_OWN and sub.isdecimal() else said.code


def _why(result: dict[str, Any]) -> str:
    """Who was not reached, without the rest of the answer."""
    return ", ".join(field for field in UNREACHED if result.get(field))
