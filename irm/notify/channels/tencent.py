"""腾讯云短信 (SendSms 2021-01-11) and 语音消息 (SendTtsVoice 2020-09-02).

Neither is idempotent: what may have gone out twice is marked so by irm. Receipts name the SerialNo or CallId.
Source: cloud.tencent.com, SendSms (document/product/382/55981), 错误码 (…/382/59177), SendTtsVoice (…/1128/51558),
公共错误码 (document/api/382/52075).
"""

from typing import Any, Final

import msgspec

from irm.jobs import Resources
from irm.notify.channels.accounts import Account
from irm.notify.channels.asking import ask, excerpt, trouble_of
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.registered import code_of, kind_of, params_of, variables_of
from irm.notify.channels.tencent_signature import signed
from irm.outside import Answer

YES: Final = "Ok"
CHINA: Final = "+86"
PERHAPS: Final = frozenset(
    {
        "InternalError.Timeout",
        "InternalError.SendAndRecvFail",
        "InternalError.AccessUpstreamTimeout",
        "InternalError.SsoSendRecvFail",
        "FailedOperation.AccessUpstreamTimeout",
    }
)
"""The provider itself does not know: it waited in vain for what lies behind it."""
LATER: Final = (
    "InternalError",
    "LimitExceeded",
    "RequestLimitExceeded",
    "ResourceUnavailable",
    "FailedOperation.InsufficientBalance",
    "UnauthorizedOperation.ServiceSuspendDueToArrears",
    "AuthFailure.SignatureExpire",
)
"""Beginnings of codes: the provider's own trouble, limits, an account without money, a clock that is wrong."""
OF_NUMBERS: Final = ("LimitExceeded.PhoneNumber", "LimitExceeded.DeliveryFrequencyLimit")
"""Limits of one number, of which no other is kept from anything."""
OF_THE_DAY: Final = frozenset({"LimitExceeded.PhoneNumberDailyLimit", "LimitExceeded.PhoneNumberSameContentDailyLimit"})


async def sms(account: Account, message: Message, resources: Resources) -> Outcome:
    body = {
        "PhoneNumberSet": [international(message.address)],
        "SmsSdkAppId": account.app_id,
        "SignName": account.sender,
        "TemplateId": code_of(message, account.codes),
        "TemplateParamSet": _in_places(message, account),
        "SessionContext": str(message.delivery_id),
    }
    return await _asked(account, "sms", "SendSms", "2021-01-11", body, message, resources)


async def call(account: Account, message: Message, resources: Resources) -> Outcome:
    body = {
        "TemplateId": code_of(message, account.codes),
        "CalledNumber": international(message.address),
        "VoiceSdkAppid": account.app_id,
        "TemplateParamSet": _in_places(message, account),
        "SessionContext": str(message.delivery_id),
    }
    return await _asked(account, "vms", "SendTtsVoice", "2020-09-02", body, message, resources)


def international(number: str) -> str:
    """E.164. irm keeps numbers in China without +86; one of another country is kept with its +."""
    return number if number.startswith("+") else CHINA + number.removeprefix("0")


def _in_places(message: Message, account: Account) -> list[str]:
    """Variables stand by place; given by name, they go in the order in which they are written."""
    params = params_of(message, account.params, variables_of(message, message.body))
    return [str(each) for each in (params.values() if isinstance(params, dict) else params)]


async def _asked(
    account: Account,
    service: str,
    action: str,
    version: str,
    body: dict[str, Any],
    message: Message,
    resources: Resources,
) -> Outcome:
    if not code_of(message, account.codes):
        return Outcome("refused", f"IRM_{account.kind}_CODES: no registered template for {kind_of(message)}")
    content = msgspec.json.encode(body)
    headers = signed(
        account.url,
        content,
        service=service,
        action=action,
        version=version,
        region=account.region,
        key_id=account.key_id,
        key_secret=account.key_secret,
        at=message.at,
    )
    answer = await ask(resources, "POST", account.url, content=content, headers=headers, ca=account.ca)
    return (
        answer
        if isinstance(answer, Outcome)
        else outcome_of(answer, account.key_secret, account.key_id, message.address)
    )


def outcome_of(answer: Answer, *hidden: str) -> Outcome:
    """What the answer means: `Error.Code`, or the status of the one number. `hidden`: what must not be told again."""
    if (trouble := trouble_of(answer)) is not None:
        return Outcome(trouble.kind, excerpt(trouble.detail, *hidden))
    told = excerpt(answer.text, *hidden)
    response = (answer.fields() or {}).get("Response")
    if not isinstance(response, dict):
        return Outcome("unknown", told)
    if isinstance(error := response.get("Error"), dict):
        return _by_code(str(error.get("Code")), told)
    listed = response.get("SendStatusSet")
    status = listed[0] if isinstance(listed, list) and listed else response.get("SendStatus")
    if not isinstance(status, dict):
        return Outcome("unknown", told)
    # A call that was taken has its CallId and no code.
    code = status.get("Code", YES if status.get("CallId") else None)
    if code == YES:
        return Outcome("sent", provider_id=str(status.get("SerialNo") or status.get("CallId") or "") or None)
    return _by_code(code, told) if isinstance(code, str) else Outcome("unknown", told)


def _by_code(code: str, told: str) -> Outcome:
    if code in PERHAPS:
        return Outcome("unknown", told)
    if code in OF_THE_DAY or not code.startswith(LATER):
        return Outcome("refused", told, of_receiver=code in OF_THE_DAY)
    return Outcome("failed", told, of_receiver=code.startswith(OF_NUMBERS))
