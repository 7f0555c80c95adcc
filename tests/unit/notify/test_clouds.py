"""阿里云 and 腾讯云: the signatures against the providers' published samples, what is asked of them, and what their codes mean."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
import msgspec
import pytest
from pydantic import SecretStr

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import CHANNELS, accounts, aliyun, aliyun_signature, tencent, tencent_signature
from irm.notify.channels.protocol import Message, Outcome
from irm.outside import Answer
from tests.fakes.chat import SECRET
from tests.fakes.clouds import KEY_ID, NUMBER, SERIAL, AliyunFake, Cloud, TencentFake, refused, taken
from tests.fakes.gateway import HttpServer
from tests.unit.notify.test_every_channel import MESSAGE, PLAIN

PAGE: Final = replace(MESSAGE, purpose="page", reply_code="4821")


def test_the_signature_of_aliyun_is_that_of_its_published_sample() -> None:
    """《V3版本请求体&签名机制》, 固定参数示例: RunInstances of ECS on 2023-10-26."""
    url, headers = aliyun_signature.signed(
        "https://ecs.cn-shanghai.aliyuncs.com/",
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        action="RunInstances",
        version="2014-05-26",
        key_id="YourAccessKeyId",
        key_secret="YourAccessKeySecret",
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert headers["authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )
    assert url.startswith("https://ecs.cn-shanghai.aliyuncs.com/?ImageId=win2019")


def test_what_stands_in_a_query_is_encoded_as_it_is_signed() -> None:
    """《V3版本请求体&签名机制》: a blank is %20, an asterisk %2A, a tilde stays."""
    assert aliyun_signature.canonical({"b": "a b*c~d/e", "a": "确认"}) == "a=%E7%A1%AE%E8%AE%A4&b=a%20b%2Ac~d%2Fe"


def test_the_signature_of_tencent_is_that_of_its_published_sample() -> None:
    """《签名方法 v3》, DescribeInstances of CVM at 1551113065, with the asterisks of the sample for its key."""
    headers = tencent_signature.signed(
        "https://cvm.tencentcloudapi.com",
        rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}',
        service="cvm",
        action="DescribeInstances",
        version="2017-03-12",
        region="ap-guangzhou",
        key_id="AKID" + "*" * 32,
        key_secret="*" * 32,
        at=datetime.fromtimestamp(1551113065, UTC),
    )
    assert headers["authorization"] == (
        "TC3-HMAC-SHA256 Credential=AKID********************************/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def account(kind: str, provider: str, **more: Any) -> dict[str, Any]:
    values = {"provider": provider, "key_id": KEY_ID, "key_secret": SecretStr(SECRET), "app_id": "1400006666"}
    values |= {"codes": {"page": "T_1"}, "params": {"number": "{number}", "level": "{level}", "code": "{code}"}}
    if kind == "sms":
        values["signature"] = "示例市政务云"
    return {f"{kind}_{name}": value for name, value in {**values, **more}.items()}


async def asked(
    settings: Settings, fake: type[Cloud], channel: str, message: Message = PAGE, code_of_answer: str = "", **more: Any
) -> tuple[Outcome, dict[str, Any]]:
    """What became of it, and what the provider was asked (empty where it took nothing)."""
    server = HttpServer()
    if code_of_answer:
        server.will(body=taken("+8613900000001", "", code_of_answer))
    listening = await server.start()
    cloud = fake(server).attach()
    provider = "aliyun" if fake is AliyunFake else "tencent"
    told = settings.model_copy(update=account(channel, provider, url=server.url(""), **more))
    async with httpx2.AsyncClient(trust_env=False, verify=PLAIN) as http:
        outcome = await CHANNELS[channel].send(message, Resources(told, http))
    listening.close()
    return outcome, cloud.messages[0] if cloud.messages else {}


async def test_aliyun_is_asked_for_an_sms_by_the_names_of_its_variables(settings: Settings) -> None:
    outcome, said = await asked(settings, AliyunFake, "sms")
    assert outcome == Outcome("sent", provider_id=NUMBER)
    params = msgspec.json.decode(said.pop("TemplateParam"))
    assert params == {"number": "SJ-2026-000001", "level": "较大", "code": "4821"}
    assert said == {
        "Action": "SendSms",
        "Version": "2017-05-25",
        "PhoneNumbers": "13900000001",
        "SignName": "示例市政务云",
        "TemplateCode": "T_1",
        "OutId": str(PAGE.delivery_id),
    }


async def test_tencent_is_asked_for_an_sms_by_the_places_of_its_variables(settings: Settings) -> None:
    by_kind = {"page": ["{number}", "{code}"]}
    outcome, said = await asked(settings, TencentFake, "sms", params=by_kind)
    assert outcome == Outcome("sent", provider_id=SERIAL)
    assert said == {
        "Action": "SendSms",
        "Version": "2021-01-11",
        "PhoneNumberSet": ["+8613900000001"],
        "SmsSdkAppId": "1400006666",
        "SignName": "示例市政务云",
        "TemplateId": "T_1",
        "TemplateParamSet": ["SJ-2026-000001", "4821"],
        "SessionContext": str(PAGE.delivery_id),
    }


async def test_aliyun_calls_and_asks_for_the_key_where_it_knows_what_to_say_then(settings: Settings) -> None:
    outcome, said = await asked(settings, AliyunFake, "voice", caller="05715678")
    assert (outcome.kind, outcome.provider_id) == ("sent", NUMBER)
    assert (said["Action"], said["TtsCode"], said["CalledShowNumber"]) == ("SingleCallByTts", "T_1", "05715678")
    _, said = await asked(settings, AliyunFake, "voice", codes={"page": "T_1", "confirmed": "T_2"})
    assert (said["Action"], said["StartCode"]) == ("IvrCall", "T_1")
    assert (said["MenuKeyMap.1.Key"], said["MenuKeyMap.1.Code"]) == ("1", "T_2")
    assert {"CalledShowNumber", "OutId"}.isdisjoint(said), "15 bytes are too few for an id of irm's"
    told = replace(MESSAGE, purpose="notice")
    _, said = await asked(settings, AliyunFake, "voice", told, codes={"default": "T_3", "confirmed": "T_2"})
    assert (said["Action"], said["TtsCode"]) == ("SingleCallByTts", "T_3")


async def test_a_signature_that_was_entered_with_its_brackets_goes_without(settings: Settings) -> None:
    _, said = await asked(settings, AliyunFake, "sms", signature="【示例市政务云】")
    assert said["SignName"] == "示例市政务云"


async def test_no_outcome_tells_whose_number_it_was(settings: Settings) -> None:
    outcome, _ = await asked(settings, TencentFake, "sms", code_of_answer="FailedOperation.PhoneNumberInBlacklist")
    assert outcome.kind == "refused"
    assert PAGE.address not in outcome.detail


async def test_tencent_calls(settings: Settings) -> None:
    outcome, said = await asked(settings, TencentFake, "voice", replace(PAGE, address="057188887777"))
    assert outcome == Outcome("sent", provider_id="v-1")
    assert (said["Action"], said["Version"], said["CalledNumber"]) == ("SendTtsVoice", "2020-09-02", "+8657188887777")
    assert said["TemplateParamSet"] == ["SJ-2026-000001", "较大", "4821"]


@pytest.mark.parametrize("fake", [AliyunFake, TencentFake])
async def test_a_request_that_is_signed_with_another_key_is_refused(settings: Settings, fake: type[Cloud]) -> None:
    outcome, said = await asked(settings, fake, "sms", key_secret=SecretStr("another"))
    assert (outcome.kind, said) == ("refused", {})
    assert "Signature" in outcome.detail


@pytest.mark.parametrize("fake", [AliyunFake, TencentFake])
@pytest.mark.parametrize("channel", ["sms", "voice"])
async def test_what_has_no_registered_template_is_not_sent(settings: Settings, fake: type[Cloud], channel: str) -> None:
    outcome, said = await asked(settings, fake, channel, replace(PAGE, exercise=True))
    told = f"IRM_{channel.upper()}_CODES: no registered template for drill_page"
    assert (outcome, said) == (Outcome("refused", told), {})


@pytest.mark.parametrize(
    ("kind", "provider", "more", "missing"),
    [
        ("sms", "aliyun", {}, ()),
        ("sms", "aliyun", {"key_id": ""}, ("IRM_SMS_KEY_ID",)),
        ("sms", "aliyun", {"codes": {}, "signature": ""}, ("IRM_SMS_CODES", "IRM_SMS_SIGNATURE")),
        ("sms", "tencent", {"app_id": ""}, ("IRM_SMS_APP_ID",)),
        ("voice", "tencent", {"key_secret": SecretStr("")}, ("IRM_VOICE_KEY_SECRET",)),
        ("voice", "aliyun", {"app_id": ""}, ()),
    ],
)
def test_what_an_account_lacks_is_named_and_the_channel_is_not_configured(
    settings: Settings, kind: str, provider: str, more: dict[str, Any], missing: tuple[str, ...]
) -> None:
    told = settings.model_copy(update=account(kind, provider, **more))
    found = accounts.of_sms(told) if kind == "sms" else accounts.of_voice(told)
    assert found is not None
    assert found.missing == missing
    assert CHANNELS[kind].configured(told) is (not missing)
    assert SECRET not in repr(found)
    assert found.url.startswith("https://")


ALIYUN: Final[dict[str, tuple[int, str, str, str, bool]]] = {
    "a number that is none": (200, "isv.MOBILE_NUMBER_ILLEGAL", "", "refused", False),
    "a template that is not registered": (200, "isv.SMS_TEMPLATE_ILLEGAL", "", "refused", False),
    "a word on the black list": (200, "isv.BLACK_KEY_CONTROL_LIMIT", "", "refused", False),
    "a code that irm does not know": (200, "isv.SOMETHING_NEW", "", "refused", False),
    "so many a minute to one number": (200, "isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", "failed", True),
    "so many a day to one number": (200, "isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", "refused", True),
    "so many a day for all": (200, "isv.DAY_LIMIT_CONTROL", "触发日发送限额", "failed", False),
    "no money": (200, "isv.AMOUNT_NOT_ENOUGH", "账户余额不足", "failed", False),
    "its own trouble": (200, "isp.SYSTEM_ERROR", "", "failed", False),
    "too many requests": (400, "Throttling.User", "Request was denied due to user flow control.", "failed", False),
    "a clock that is wrong": (400, "InvalidTimeStamp.Expired", "", "failed", False),
    "no such key": (404, "InvalidAccessKeyId.NotFound", "", "refused", False),
    "a yes that is none": (403, "OK", "", "unknown", False),
    "its server down": (503, "ServiceUnavailable", "", "failed", False),
}


@pytest.mark.parametrize(("status", "code", "message", "kind", "of_receiver"), ALIYUN.values(), ids=ALIYUN)
def test_the_codes_of_aliyun(status: int, code: str, message: str, kind: str, of_receiver: bool) -> None:
    body = msgspec.json.encode({"Code": code, "Message": message, "RequestId": "819BE656"})
    outcome = aliyun.outcome_of(Answer(status, body))
    assert (outcome.kind, outcome.of_receiver) == (kind, of_receiver)
    assert code in outcome.detail


TENCENT: Final[dict[str, tuple[str, str, bool]]] = {
    "a number that is none": ("InvalidParameterValue.IncorrectPhoneNumber", "refused", False),
    "a number that wants nothing": ("FailedOperation.PhoneNumberInBlacklist", "refused", False),
    "a template that is not registered": ("FailedOperation.TemplateIncorrectOrUnapproved", "refused", False),
    "so many in thirty seconds to one number": ("LimitExceeded.PhoneNumberThirtySecondLimit", "failed", True),
    "too often to one number": ("LimitExceeded.DeliveryFrequencyLimit", "failed", True),
    "so many a day to one number": ("LimitExceeded.PhoneNumberDailyLimit", "refused", True),
    "so many a day for all": ("LimitExceeded.AppDailyLimit", "failed", False),
    "no money": ("FailedOperation.InsufficientBalanceInSmsPackage", "failed", False),
    "its own trouble": ("InternalError.OtherError", "failed", False),
    "it does not know itself": ("InternalError.SendAndRecvFail", "unknown", False),
    "a wrong key": ("AuthFailure.SecretIdNotFound", "refused", False),
    "a clock that is wrong": ("AuthFailure.SignatureExpire", "failed", False),
    "too many requests": ("RequestLimitExceeded", "failed", False),
}


@pytest.mark.parametrize(("code", "kind", "of_receiver"), TENCENT.values(), ids=TENCENT)
def test_the_codes_of_tencent(code: str, kind: str, of_receiver: bool) -> None:
    for body in (refused(code), taken("+8613900000001", "", code)):
        outcome = tencent.outcome_of(Answer(200, body.encode()))
        assert (outcome.kind, outcome.of_receiver) == (kind, of_receiver)
        assert code in outcome.detail


@pytest.mark.parametrize(
    "body", ['{"Response": {"RequestId": "1"}}', '{"Response": {"SendStatusSet": []}}', '{"Code": "OK"}']
)
def test_an_answer_without_a_status_is_no_yes_of_tencents(body: str) -> None:
    assert tencent.outcome_of(Answer(200, body.encode())).kind == "unknown"
