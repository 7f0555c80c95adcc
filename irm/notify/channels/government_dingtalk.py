"""专有钉钉 (政务钉钉): a work notification of the city's application to one person, by the person's accountId.

Another interface than that of 钉钉: a form instead of JSON, signed with the application's key instead of a token, and an id
of the sender's own by which the provider lets the same message through only once.
Source: 专有钉钉开放平台, 接口调用签名 and 工作通知 `/message/workNotification` (openplatform.dg-work.cn), as quoted publicly.
"""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from irm.clock import SHANGHAI
from irm.jobs import Resources
from irm.notify.channels import chat
from irm.notify.channels.asking import ask, excerpt, trouble_of
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.policy import channel_policy
from irm.outside import Answer

PATH: Final = "/message/workNotification"
MOST: Final = 2048
"""Bytes of `msg`."""
CUT: Final = "…"


async def send(message: Message, resources: Resources) -> Outcome:
    settings = resources.settings
    secret = settings.dingtalk_secret.get_secret_value()
    form = {
        "bizMsgId": str(message.delivery_id),
        "msg": _told(chat.reading_of(message, settings.phone_url)),
        "receiverIds": message.address,
        "tenantId": settings.dingtalk_tenant_id,
    }
    nonce = f"{int(message.at.timestamp() * 1000)}{secrets.randbelow(10_000):04}"
    headers = {
        **signed(PATH, form, settings.dingtalk_app_key, secret, at=message.at, nonce=nonce),
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    url = settings.dingtalk_url.rstrip("/") + PATH
    answer = await ask(
        resources, "POST", url, content=urlencode(form).encode(), headers=headers, ca=settings.dingtalk_ca
    )
    return answer if isinstance(answer, Outcome) else _outcome(answer, secret)


def signed(path: str, form: Mapping[str, str], key: str, secret: str, *, at: datetime, nonce: str) -> dict[str, str]:
    """Headers of a POST: HMAC-SHA256 over method, moment, nonce, path and the form as `name=value`, sorted and not encoded."""
    moment = at.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
    text = "\n".join(("POST", moment, nonce, path, "&".join(sorted(f"{name}={value}" for name, value in form.items()))))
    return {
        "apiKey": key,
        "X-Hmac-Auth-Version": "1.0",
        "X-Hmac-Auth-Timestamp": moment,
        "X-Hmac-Auth-Nonce": nonce,
        "X-Hmac-Auth-Signature": b64encode(hmac.digest(secret.encode(), text.encode(), sha256)).decode(),
    }


def _told(words: chat.Reading) -> str:
    """JSON of at most `MOST` bytes. A card's `markdown` is shown as plain text there."""

    def written(text: str) -> str:
        told: dict[str, Any] = {"msgtype": "text", "text": {"content": f"{words.title}\n{text}"}}
        if words.link:
            card = {"title": words.title, "markdown": f"{words.title}\n{text}", "single_title": words.button}
            card |= {"single_url": words.link, "single_pc_url": words.link}
            told = {"msgtype": "action_card", "action_card": card}
        return msgspec.json.encode(told).decode()

    over = len(written(words.text).encode()) - MOST
    if over <= 0:
        return written(words.text)
    return written(words.text.encode()[: -over - len(CUT.encode())].decode("utf-8", "ignore") + CUT)


def _outcome(answer: Answer, secret: str) -> Outcome:
    """`success` stands outside for the gateway and inside `content` for the service behind it."""
    fields = answer.fields() or {}
    if not isinstance(fields.get("success"), bool):
        # Without it it is not the provider who speaks, whatever the status: a proxy, a page to sign in.
        told = trouble_of(answer) or Outcome("unknown", "")
        return Outcome(told.kind, f"HTTP {answer.status}, no success")
    content, trouble = fields.get("content"), trouble_of(answer)
    inside: Mapping[str, Any] = content if isinstance(content, dict) else {}
    if trouble is None and fields["success"] and inside.get("success", True) is True:
        data = inside.get("data")
        found = data.get("msgId") if isinstance(data, dict) else content
        return Outcome("sent", provider_id=str(found) if isinstance(found, str | int) else None)
    if channel_policy().repeated in answer.text:
        return Outcome("sent", excerpt(answer.text, secret))
    return Outcome(trouble.kind if trouble else "refused", excerpt(answer.text, secret))
