"""What a gateway's answer means, what its request looks like, and how long an SMS is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from irm.condition_types import ConditionError
from irm.notify.channels.answers import check_rule, verdict
from irm.notify.channels.protocol import TEST
from irm.notify.channels.registered import code_of, filled, kind_of, params_of
from irm.notify.channels.sms import TEMPLATE, fitting
from irm.notify.channels.sms_text import segments, shortened, signed, units
from irm.outside import Answer
from tests.unit.notify.test_every_channel import MESSAGE

ALIYUN = '{"Code": "OK", "Message": "OK", "BizId": "900619746936498440^0", "RequestId": "F655A8D5"}'
"""阿里云短信 SendSms (help.aliyun.com: dysmsapi 2017-05-25), its sample of a success."""
TENCENT = (
    '{"Response": {"SendStatusSet": [{"SerialNo": "5000:1045710669157053657849499619", "PhoneNumber": "+8618511122233",'
    ' "Fee": 1, "SessionContext": "test", "Code": "%s", "Message": "send success", "IsoCode": "CN"}],'
    ' "RequestId": "a0aabda6-cf91-4f3e-a81f-9198114a2279"}}'
)
"""腾讯云短信 SendSms (cloud.tencent.com/document/product/382/55981), its sample of a success."""
BY_STATUS = 'body.Response.SendStatusSet[0].Code == "Ok"'


@pytest.mark.parametrize(
    ("status", "body", "success", "kind"),
    [
        (200, '{"code": 0, "id": "77"}', "", "sent"),
        (200, ALIYUN, "", "sent"),
        (200, '{"status": "success"}', "", "sent"),
        (200, "", "", "sent"),
        (200, "OK", "", "sent"),
        (200, "0,2026112103410001", "", "sent"),
        (200, "<html>sign in</html>", "", "unknown"),
        (200, "101", "", "unknown"),
        (200, '{"code": 105, "message": "no balance"}', "", "refused"),
        (200, '{"success": false}', "", "refused"),
        (200, '{"result": "rejected"}', "result=accepted,queued", "refused"),
        (200, '{"result": "Queued"}', "result=accepted,queued", "sent"),
        (200, '{"other": 1}', "result=accepted", "refused"),
        (200, "<html>", "result=accepted", "unknown"),
        (200, ALIYUN, 'body.Code == "OK"', "sent"),
        (200, ALIYUN.replace('"OK"', '"isv.BUSINESS_LIMIT_CONTROL"'), 'body.Code == "OK"', "refused"),
        (200, TENCENT % "Ok", BY_STATUS, "sent"),
        (200, TENCENT % "LimitExceeded.PhoneNumberDailyLimit", BY_STATUS, "refused"),
        (200, '{"ret": 0, "n": 2}', "body.ret == 0 && body.n > 1", "sent"),
        (200, '{"ret": 0, "n": 1}', "body.ret == 0 && body.n > 1", "refused"),
        # a rule that does not fit the answer decides nothing
        (200, '{"something": "else"}', 'body.Code == "OK"', "unknown"),
        (200, '{"Code": 7}', 'body.Code == "OK"', "unknown"),
        (200, ALIYUN, "body.Code ==", "unknown"),
        (400, "bad number", "", "refused"),
        (301, '{"code": 0}', "", "refused"),
        (429, "", "", "failed"),
        (502, "", "", "failed"),
        (504, "", "", "unknown"),
    ],
)
def test_an_error_inside_a_200_is_an_error(status: int, body: str, success: str, kind: str) -> None:
    assert verdict(Answer(status, body.encode()), success).kind == kind


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (ALIYUN, "900619746936498440^0"),
        (TENCENT % "Ok", "5000:1045710669157053657849499619"),
        ('{"code": 0, "id": 77}', "77"),
        ('{"code": 0}', None),
    ],
)
def test_the_gateways_own_number_is_kept_wherever_it_stands(body: str, number: str | None) -> None:
    assert verdict(Answer(200, body.encode()), "").provider_id == number


@pytest.mark.parametrize("rule", ["", "code=0", 'body.Code == "OK"', BY_STATUS, 'status == "200"'])
def test_a_rule_that_can_be_read_is_none_to_complain_about(rule: str) -> None:
    check_rule(rule)


@pytest.mark.parametrize("rule", ["body.Code ==", "answer.Code == 0", "body.Code"])
def test_a_rule_that_cannot_be_read_is_told_before_anything_is_sent(rule: str) -> None:
    with pytest.raises(ConditionError):
        check_rule(rule)


def test_the_gateways_template_is_filled_and_nothing_else_is_interpreted() -> None:
    values = {"phone": "139", "content": '{id} "quoted" \\', "id": "7"}
    assert filled(TEMPLATE, values) == {"phone": "139", "content": '{id} "quoted" \\', "extra": "7"}
    nested = {"mobile": ["{phone}"], "params": {"text": "{content}"}, "n": 1}
    assert filled(nested, {"phone": "139", "content": "text", "id": "7"}) == {
        "mobile": ["139"],
        "params": {"text": "text"},
        "n": 1,
    }


CODES = {"page": "SMS_1", "pages": "SMS_2", "drill_page": "SMS_3", "default": "SMS_9"}


@pytest.mark.parametrize(
    ("more", "kind", "code"),
    [
        ({"purpose": "page"}, "page", "SMS_1"),
        ({"purpose": "page", "carries": 40}, "pages", "SMS_2"),
        ({"purpose": "page", "exercise": True}, "drill_page", "SMS_3"),
        ({"purpose": "notice"}, "notice", "SMS_9"),
        ({"purpose": "page", "number": TEST}, "test", "SMS_1"),
    ],
)
def test_each_kind_of_message_has_the_number_of_its_registered_template(
    more: dict[str, Any], kind: str, code: str
) -> None:
    message = replace(MESSAGE, **more)
    assert kind_of(message) == kind
    assert code_of(message, CODES) == code
    assert code_of(message, {}) == ""


def test_no_drill_reads_like_the_real_thing() -> None:
    notice = replace(MESSAGE, exercise=True)
    assert code_of(notice, CODES) == ""
    assert code_of(notice, {**CODES, "drill_default": "SMS_8"}) == "SMS_8"


def test_the_weekly_test_has_a_wording_of_its_own() -> None:
    weekly = replace(MESSAGE, purpose="page", number=TEST)
    assert code_of(weekly, {**CODES, "test": "SMS_7"}) == "SMS_7"


NAMED = {"number": "{number}", "level": "{level}"}
BY_KIND = {"page": ["{number}", "{code}"], "default": ["{number}"]}


@pytest.mark.parametrize(
    ("params", "more", "told"),
    [
        (NAMED, {}, {"number": "SJ-2026-000001", "level": "较大"}),
        (NAMED, {"level": ""}, {"number": "SJ-2026-000001", "level": "无"}),
        (BY_KIND, {"purpose": "page", "exercise": True, "reply_code": "4821"}, ["SJ-2026-000001", "4821"]),
        ({**BY_KIND, "drill_page": ["{code}"]}, {"purpose": "page", "exercise": True, "reply_code": "4821"}, ["4821"]),
        (BY_KIND, {"purpose": "page", "reply_code": "4821"}, ["SJ-2026-000001", "4821"]),
        (BY_KIND, {}, ["SJ-2026-000001"]),
        ({"page": NAMED}, {}, {}),
    ],
    ids=["by name", "an empty one", "a drill's as", "a drill's own", "a page's own", "every other's", "none"],
)
def test_the_variables_of_a_template_are_by_name_or_by_place(params: Any, more: dict[str, Any], told: Any) -> None:
    message = replace(MESSAGE, **more)
    values = {"number": message.number, "level": message.level, "code": message.reply_code or ""}
    assert params_of(message, params, values) == told


@pytest.mark.parametrize(("count", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_an_sms_holds_seventy_signs_and_sixty_seven_in_each_part_of_a_longer_one(count: int, parts: int) -> None:
    assert segments("事" * count) == parts


def test_a_sign_beyond_the_basic_plane_counts_twice() -> None:
    assert units("𠮷") == 2
    assert segments("𠮷" * 35) == 1
    assert segments("𠮷" * 36) == 2


LONG = (
    "【示例市政务云】40项应办事项（"
    + "、".join(f"某某业务应用系统{n}" for n in range(40))
    + "等），请登录处理。回复4821确认收到全部。"
)


def test_what_is_too_long_loses_its_list_first() -> None:
    assert shortened(LONG, 3) == "【示例市政务云】40项应办事项，请登录处理。回复4821确认收到全部。"


def test_what_is_still_too_long_ends_behind_a_sign_and_keeps_number_and_answer() -> None:
    text = "【示例市】" + "甲乙丙丁，" * 60 + "事件SJ-2026-000123，请登录处理。回复4821确认收到。"
    short = shortened(text, 2, ["SJ-2026-000123", "4821"])
    assert segments(short) <= 2
    assert short.startswith("【示例市】甲乙丙丁，")
    assert "SJ-2026-000123" in short
    assert short.endswith("…回复4821确认收到。")


@given(st.text(alphabet="事件，。（）、ab 12", max_size=600), st.integers(1, 5))
def test_whatever_is_shortened_fits_and_says_how_to_answer(text: str, most: int) -> None:
    whole = f"【示例市】{text}事件SJ-2026-000123。回复4821确认收到。"
    short = shortened(whole, most, ["SJ-2026-000123", "4821"])
    assert segments(short) <= most
    assert "SJ-2026-000123" in short
    assert short.endswith("回复4821确认收到。")
    if segments(whole) <= most:
        assert short == whole


def test_a_text_that_fits_goes_as_it_is() -> None:
    assert fitting(MESSAGE, "示例市政务云") == signed(MESSAGE.body, "示例市政务云")
