"""SMS by an HTTP gateway that is described, not programmed: `IRM_SMS_URL`, a template of its request, and how it says yes.

Gateways answer 200 to everything and put the refusal into the body, so a success has to be recognised, never assumed.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from httpx2 import ConnectError, ConnectTimeout, HTTPError, InvalidURL, Timeout

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels.protocol import Message, Outcome

TIMEOUT: Final = Timeout(8, connect=4)

TEMPLATE: Final[Mapping[str, Any]] = {"phone": "{phone}", "content": "{content}", "extra": "{id}"}
"""The default request body; `IRM_SMS_TEMPLATE` is JSON of the same kind, `IRM_SMS_SUCCESS` says `field=value[,value]`."""
CODES: Final = ("code", "status", "result", "errcode", "error_code", "ret", "success")
YES: Final = frozenset({"0", "00", "000000", "200", "ok", "success", "true", "sent"})
IDS: Final = ("id", "message_id", "msgid", "msg_id", "taskid", "task_id", "smsid", "bizid")
LONGEST_DETAIL: Final = 300
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class Sms:
    def configured(self, settings: Settings) -> bool:
        return bool(settings.sms_url)

    async def send(self, message: Message, resources: Resources) -> Outcome:
        settings = resources.settings
        if not settings.sms_url:
            return Outcome("not_configured")
        content = signed(message.body, settings.sms_signature)
        try:
            own = settings.sms_drill_template if message.exercise else ""
            template = template_of(own or settings.sms_template)
        except ValueError as error:
            return Outcome("failed", f"IRM_SMS_TEMPLATE: {error}")
        body = filled(template, {"phone": message.address, "content": content, "id": str(message.delivery_id)})
        headers = {"content-type": "application/json", "idempotency-key": str(message.delivery_id)}
        try:
            response = await resources.http.post(
                settings.sms_url, content=msgspec.json.encode(body), headers=headers, timeout=TIMEOUT
            )
        except (ConnectError, ConnectTimeout) as error:
            return Outcome("failed", repr(error))
        except InvalidURL as error:
            return Outcome("refused", repr(error))
        except HTTPError as error:
            return Outcome("unknown", repr(error))
        return verdict(response.status_code, response.text, settings.sms_success)


def signed(body: str, signature: str) -> str:
    """Carriers drop an SMS that does not begin with the registered signature in lenticular brackets."""
    return (
        f"\N{LEFT BLACK LENTICULAR BRACKET}{signature}\N{RIGHT BLACK LENTICULAR BRACKET}{body}" if signature else body
    )


def template_of(source: str) -> Any:
    """Raises ValueError where it is not JSON."""
    return msgspec.json.decode(source) if source else dict(TEMPLATE)


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """The template with `{phone}`, `{content}`, `{id}` replaced in every string; nothing else is interpreted."""
    if isinstance(template, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    return template


def verdict(status: int, text: str, success: str = "") -> Outcome:
    """What the gateway's answer means. `success`: `field=value,value` where the usual fields do not fit.

    A 200 is a yes only if the body says so, or is empty or no JSON object and no rule was given.
    """
    if status in (408, 425, 429) or status >= 500:  # noqa: PLR2004 - HTTP
        return Outcome("failed", f"HTTP {status} {excerpt(text)}")
    if status >= 300:  # noqa: PLR2004 - HTTP
        return Outcome("refused", f"HTTP {status} {excerpt(text)}")
    try:
        answer = msgspec.json.decode(text) if text.strip() else {}
    except msgspec.DecodeError:
        answer = None
    field, _, values = success.partition("=")
    if not isinstance(answer, dict):
        return Outcome("refused", excerpt(text)) if field else Outcome("sent", excerpt(text))
    fields = {key.casefold(): value for key, value in answer.items() if isinstance(key, str)}
    provider_id = next((str(fields[key]) for key in IDS if fields.get(key)), None)
    if field:
        told, yes = fields.get(field.strip().casefold()), frozenset(_word(each) for each in values.split(","))
        good = told is not None and _word(told) in yes
    else:
        told = next((fields[key] for key in CODES if key in fields), None)
        good = told is None or _word(told) in YES
    return Outcome("sent", provider_id=provider_id) if good else Outcome("refused", excerpt(text), provider_id)


def excerpt(text: str) -> str:
    return text.replace("\x00", "")[:LONGEST_DETAIL]


def _word(value: object) -> str:
    return str(value).strip().casefold()
