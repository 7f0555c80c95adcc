"""Which person by which channel; targets; texts; answers of gateways; retries."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.i18n import translator
from irm.notify.channels.email import is_address
from irm.notify.channels.sms_text import signed
from irm.notify.messages import About, compose, level_of
from irm.notify.plan import BUILT, CHANNELS, GROUPS, Address, Leg, Recipient, plan
from irm.notify.reasons import REASONS
from irm.notify.retries import PAUSES, pause_after, priority
from irm.notify.targets import Target, TargetError, parse, referred

ORGANIZATION, PERSON, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
OFFICER = Recipient(
    ORGANIZATION,
    PERSON,
    addresses=(Address("email", "a@b.cn", 2), Address("sms", "13900000001", 1), Address("sms", "13900000002", 3)),
)
ABOUT = About("SJ-2026-000123", 3, "/incidents/SJ-2026-000123", {"zh-CN": "门户网站被篡改", "en": "Portal defaced"})


def told(legs: tuple[Leg, ...]) -> list[tuple[str, str | None, str | None]]:
    return [(leg.channel, leg.address, leg.reason) for leg in legs]


def test_each_channel_asked_for_gets_one_message_to_the_best_address() -> None:
    assert told(plan([OFFICER], ["sms", "email"])) == [("sms", "13900000001", None), ("email", "a@b.cn", None)]


def test_a_channel_that_is_not_built_or_not_set_up_is_recorded_and_skipped() -> None:
    assert told(plan([OFFICER], ["fax", "email", "sms", "webhook"], off={"email"})) == [
        ("fax", None, "not_built"),
        ("email", "a@b.cn", "not_configured"),
        ("sms", "13900000001", None),
        ("webhook", None, "no_address"),
    ]


def test_preferred_is_the_first_address_that_works() -> None:
    assert told(plan([OFFICER], "preferred")) == [("sms", "13900000001", None)]
    assert told(plan([OFFICER], "preferred", off={"sms"})) == [("email", "a@b.cn", None)]
    fax_first = replace(OFFICER, addresses=(Address("fax", "0375", 0), *OFFICER.addresses))
    assert told(plan([fax_first], "preferred")) == [("sms", "13900000001", None)]


def test_without_any_working_address_that_is_the_outcome() -> None:
    assert told(plan([OFFICER], "preferred", off={"sms", "email"})) == [("none", None, "no_working_address")]


def test_a_group_is_told_once_and_never_asked() -> None:
    leader = Recipient(OTHER, OTHER, addresses=(Address("sms", "13900000003", 1),))
    legs = plan([OFFICER, leader], ["sms", "wecom_bot"])
    assert told(legs) == [
        ("sms", "13900000001", None),
        ("sms", "13900000003", None),
        ("wecom_bot", "group", None),
    ]
    assert legs[-1].recipient == Recipient(ORGANIZATION), "a group is nobody in particular"
    assert told(plan([OFFICER], ["dingtalk_bot"], asks=True)) == [("dingtalk_bot", None, "group_asked")]
    assert told(plan([OFFICER], ["feishu_bot"], off={"feishu_bot"})) == [("feishu_bot", None, "not_configured")]
    assert plan([], ["wecom_bot"]) == ()


def test_whoever_is_meant_twice_is_told_once() -> None:
    twice = [OFFICER, replace(OFFICER, organization_id=OTHER)]
    assert len(plan(twice, ["sms"])) == 1


addresses = st.lists(
    st.builds(Address, st.sampled_from(CHANNELS), st.sampled_from(["x", "y"]), st.integers(0, 3)), max_size=5
).map(tuple)


@given(
    st.lists(st.builds(Recipient, st.just(ORGANIZATION), st.uuids(), addresses=addresses), max_size=4),
    st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=4),
    st.sets(st.sampled_from(BUILT)),
)
def test_everybody_and_every_channel_has_a_leg_and_every_leg_an_address_or_a_reason(
    recipients: list[Recipient], via: list[str], off: set[str]
) -> None:
    legs = plan(recipients, via, off=off)
    groups = set(via) & set(GROUPS) if recipients else set()
    assert len(legs) == len({each.who for each in recipients}) * len(set(via) - set(GROUPS)) + len(groups)
    for leg in legs:
        assert (leg.reason is None) == (leg.address is not None and leg.channel in BUILT and leg.channel not in off)
        assert leg.reason is None or leg.reason in REASONS
    for leg in plan(recipients, "preferred", off=off):
        assert leg.reason in {None, "no_working_address"}


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("on_duty(cloud_authority)", Target("on_duty", "cloud_authority")),
        (" role( cloud_authority , duty_leader ) ", Target("role", "cloud_authority", "duty_leader")),
        ("on_duty(incident.using_units)", Target("on_duty", "incident.using_units")),
        ("organization(code:szb-wxb)", Target("organization", "code:szb-wxb")),
    ],
)
def test_a_target_is_read(text: str, target: Target) -> None:
    assert parse(text) == target
    assert parse(str(target)) == target


@pytest.mark.parametrize(
    "text", ["", "everybody", "on_duty()", "role(a)", "on_duty(a, b)", "all(a)", "on_duty(a) or role(a, b)"]
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        parse(text)


def test_a_reference_reads_the_facts_copy() -> None:
    context = {
        "organizations": {"using_units": [str(ORGANIZATION), str(OTHER), str(ORGANIZATION)], "vendors": []},
        "obligation": {"bearer": str(OTHER)},
    }
    assert referred("incident.using_units", context) == (ORGANIZATION, OTHER)
    assert referred("using_units", context) == (ORGANIZATION, OTHER)
    assert referred("vendors", context) == ()
    assert referred("obligation.bearer", context) == (OTHER,)
    assert referred(str(PERSON), context) == (PERSON,)
    assert referred("cloud_authority", context) is None


def test_an_sms_is_chinese_minimal_and_keeps_its_order() -> None:
    t = translator("zh-CN")
    text = compose("page", "sms", ABOUT, t, code="4821", exercise=False)
    assert signed(text.body, "示例市政务云") == (
        "【示例市政务云】事件SJ-2026-000123，较大，请登录处理。回复4821确认收到。"
    )
    drill = compose("page", "sms", ABOUT, t, code="4821", exercise=True)
    assert signed(drill.body, "示例市政务云").startswith("【示例市政务云】演练：事件")


@pytest.mark.parametrize("channel", ["sms", "email", "webhook"])
@pytest.mark.parametrize("purpose", ["page", "notice", "reminder"])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_what_leaves_the_network_carries_no_content(channel: str, purpose: str, locale: str) -> None:
    text = compose(purpose, channel, ABOUT, translator(locale), code=None, exercise=True)
    for part in ("门户", "篡改", "Portal"):
        assert part not in text.title + text.body
    assert text.detail == "minimal"
    assert ABOUT.number in text.body
    first = "演练" if locale == "zh-CN" else "Exercise"
    assert text.title.startswith(first)
    assert text.body.startswith(first)


def test_inside_irm_the_title_may_be_told() -> None:
    text = compose("notice", "in_app", ABOUT, translator("en"), code=None, exercise=False)
    assert text.title == "Portal defaced"
    assert text.detail == "full"


@pytest.mark.parametrize(
    ("incident", "level"),
    [
        ({"reached": 4, "possible": 2, "assessed": None}, 2),
        ({"reached": 4, "possible": 2, "assessed": 4}, 4),
        ({"reached": 2, "possible": 1, "assessed": 3}, 2),
        ({"reached": None, "possible": None}, None),
    ],
)
def test_the_level_is_the_one_that_clocks_run_by(incident: dict[str, int | None], level: int | None) -> None:
    assert level_of(incident) == level


@pytest.mark.parametrize("address", ["", "a", "@b", "a@", "a@b\r\nBcc: c@d", "a@b,c@d", "a b@c", "<a@b>"])
def test_what_is_no_mail_address_never_reaches_a_server(address: str) -> None:
    assert not is_address(address)


@pytest.mark.parametrize("purpose", PAUSES)
def test_retries_grow_and_end(purpose: str) -> None:
    pauses = [pause_after(purpose, attempt) for attempt in range(1, len(PAUSES[purpose]) + 2)]
    assert pauses[-1] is None
    known = [each for each in pauses if each is not None]
    assert known == sorted(known)
    assert known[0] > timedelta(0)


def test_the_gravest_page_goes_first_and_every_page_before_anything_else() -> None:
    order = [priority("page", level) for level in (1, 2, 3, 4)]
    assert order == sorted(order)
    assert max(order) < min(priority(purpose, 1) for purpose in ("report", "notice", "reminder"))


@pytest.mark.parametrize(
    ("incident", "said"),
    [
        ({"reached": 4, "possible": 1}, "可能特别重大"),
        ({"reached": 2, "possible": 2}, "重大"),
        ({"reached": 4, "possible": 1, "assessed": 3}, "较大"),
    ],
)
def test_a_level_that_is_only_feared_is_not_said_as_established(incident: dict[str, int], said: str) -> None:
    about = About.incident({"number": "SJ-2026-000123", **incident})
    assert (
        f"SJ-2026-000123，{said}"
        in compose("page", "sms", about, translator("zh-CN"), code="2100", exercise=False).body
    )
