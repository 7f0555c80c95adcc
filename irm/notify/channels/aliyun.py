"""阿里云短信服务 (SendSms of dysmsapi 2017-05-25) and 语音服务 (SingleCallByTts, IvrCall of dyvmsapi 2017-05-25).

Neither is idempotent: what may have gone out twice is marked so by irm.
Source: help.aliyun.com, SendSms (document_detail/419273), API错误码 (…/101346), SingleCallByTts (…/55315),
IvrCall (…/114037), 语音服务API错误码 (…/178344).
"""

import secrets
from typing import Final

import msgspec

from irm.jobs import Resources
from irm.notify.channels.accounts import CONFIRMED, Account
from irm.notify.channels.aliyun_signature import signed
from irm.notify.channels.asking import ask, excerpt, trouble_of
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.registered import code_of, kind_of, params_of, variables_of
from irm.notify.policy import channel_policy
from irm.outside import Answer

VERSION: Final = "2017-05-25"
YES: Final = "OK"
LIMIT: Final = "isv.BUSINESS_LIMIT_CONTROL"
"""So many to one number by the minute, the hour or the day; which of them stands in the message only."""
LATER: Final = frozenset(
    {
        "isp.SYSTEM_ERROR",
        "isp.GATEWAY_ERROR",
        "isp.UNKNOWN",
        "isv.DAY_LIMIT_CONTROL",
        "isv.MONTH_LIMIT_CONTROL",
        "isv.AMOUNT_NOT_ENOUGH",
        "isv.OUT_OF_SERVICE",
        "isv.ACCOUNT_ABNORMAL",
        "isv.VOICE_CALL_FAIL",
        "InternalError",
        "ServiceUnavailable",
        "SignatureNonceUsed",
        "InvalidTimeStamp.Expired",
    }
)
"""The provider's own trouble, an account without money or beyond its quota, a clock that is wrong: nothing that lies with the
message or its receiver."""
THROTTLED: Final = "Throttling"


async def sms(account: Account, message: Message, resources: Resources) -> Outcome:
    params = params_of(message, account.params, variables_of(message, message.body))
    query = {
        "PhoneNumbers": message.address,
        "SignName": account.sender,
        "TemplateCode": code_of(message, account.codes),
        "TemplateParam": msgspec.json.encode(params).decode(),
        "OutId": str(message.delivery_id),
    }
    return await _asked(account, "SendSms", query, message, resources)


async def call(account: Account, message: Message, resources: Resources) -> Outcome:
    params = msgspec.json.encode(params_of(message, account.params, variables_of(message, message.body))).decode()
    code, thanks = code_of(message, account.codes), account.codes.get(CONFIRMED, "")
    # OutId has room for 15 bytes here, too few for an id of irm's: the receipt is known by its CallId.
    query = {"CalledNumber": message.address}
    if account.sender:
        query["CalledShowNumber"] = account.sender
    if message.purpose == "page" and thanks:
        query |= {"StartCode": code, "StartTtsParams": params, "MenuKeyMap.1.Key": "1", "MenuKeyMap.1.Code": thanks}
        return await _asked(account, "IvrCall", query, message, resources)
    query |= {"TtsCode": code, "TtsParam": params}
    return await _asked(account, "SingleCallByTts", query, message, resources)


async def _asked(
    account: Account, action: str, query: dict[str, str], message: Message, resources: Resources
) -> Outcome:
    if not code_of(message, account.codes):
        return Outcome("refused", f"IRM_{account.kind}_CODES: no registered template for {kind_of(message)}")
    url, headers = signed(
        account.url,
        query,
        action=action,
        version=VERSION,
        key_id=account.key_id,
        key_secret=account.key_secret,
        at=message.at,
        nonce=secrets.token_hex(16),
    )
    answer = await ask(resources, "POST", url, headers=headers, ca=account.ca)
    return (
        answer
        if isinstance(answer, Outcome)
        else outcome_of(answer, account.key_secret, account.key_id, message.address)
    )


def outcome_of(answer: Answer, *hidden: str) -> Outcome:
    """What the answer means: `Code`, which also comes with a 4xx. `hidden`: what must not be told again."""
    fields = answer.fields() or {}
    code, trouble, told = fields.get("Code"), trouble_of(answer), excerpt(answer.text, *hidden)
    if trouble is not None and (trouble.kind != "refused" or not isinstance(code, str)):
        return Outcome(trouble.kind, excerpt(trouble.detail, *hidden))
    if not isinstance(code, str):
        return Outcome("unknown", told)
    provider_id = str(fields.get("BizId") or fields.get("CallId") or "") or None
    if code == YES:
        return Outcome("unknown", told) if trouble is not None else Outcome("sent", provider_id=provider_id)
    if code == LIMIT:
        is_over = channel_policy().limit_of_the_day in str(fields.get("Message"))
        return Outcome("refused" if is_over else "failed", told, of_receiver=True)
    return Outcome("failed" if code in LATER or code.startswith(THROTTLED) else "refused", told)
