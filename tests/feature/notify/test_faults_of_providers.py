"""A mail server or a gateway that is busy, silent or gone: the page arrives all the same, and is marked if it may have
arrived twice. The silences are those of the settings' time-outs, shortened here."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import pytest
from httpx2 import Timeout

from irm import outside
from irm.clock import FixedClock
from irm.config import Settings
from irm.notify.channels import email
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels", "impatient")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds of patience become fractions."""
    monkeypatch.setattr(email, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(outside, "TIMEOUT", Timeout(0.5))


@dataclass(frozen=True)
class Trouble:
    """`how`: of the fake mail server. `arrived`: the mails that the first attempt left there."""

    how: str
    outcome: str
    arrived: int
    marked: bool


BY_MAIL: Final = {
    "busy before the text": Trouble("busy", "failed", 0, marked=False),
    "busy after the text": Trouble("busy_at_the_end", "failed", 0, marked=False),
    "silent before the text": Trouble("mute", "failed", 0, marked=False),
    "silent after the text": Trouble("mute_at_the_end", "unknown", 1, marked=True),
    "gone after the text": Trouble("vanish", "unknown", 1, marked=True),
}


@pytest.mark.parametrize("trouble", BY_MAIL.values(), ids=BY_MAIL)
async def test_a_mail_server_in_trouble_delays_a_page_and_doubles_none_unmarked(
    night: Night, outside: Outside, drain: Drain, clock: FixedClock, trouble: Trouble
) -> None:
    troubled: set[str] = getattr(outside.mail, trouble.how)
    troubled.add(night.officer.email)
    await night.page(via=["email"])
    await night.page("role(cloud_authority, duty_leader)", via=["email"], step="leader")
    await drain()
    outside.expect.mail(night.leader.email)
    for _ in range(trouble.arrived):
        outside.expect.mail(night.officer.email)

    troubled.clear()
    clock.tick(minutes=2)
    await drain()
    outside.expect.mail(night.officer.email)
    outside.expect.nothing()
    found = {each.person_id: each for each in await night.deliveries()}
    late, at_once = found[night.officer.person_id], found[night.leader.person_id]
    assert [each.outcome for each in late.attempts] == [trouble.outcome, "sent"]
    assert (late.status, late.possibly_duplicate) == ("sent", trouble.marked)
    assert [each.outcome for each in at_once.attempts] == ["sent"], "another recipient's trouble is not hers"
    assert not at_once.possibly_duplicate


async def test_two_mails_of_one_page_carry_one_identity(
    night: Night, outside: Outside, drain: Drain, clock: FixedClock
) -> None:
    outside.mail.mute_at_the_end.add(night.officer.email)
    await night.page(via=["email"])
    await drain()
    outside.mail.mute_at_the_end.clear()
    clock.tick(minutes=2)
    await drain()
    first, second = (outside.expect.mail(night.officer.email) for _ in range(2))
    assert first.message_id == second.message_id, "a mail server that knows it drops the second"


async def test_a_mail_server_that_says_nothing_at_all_is_asked_again(
    night: Night,
    outside: Outside,
    drain: Drain,
    clock: FixedClock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    await night.page(via=["email"])
    with monkeypatch.context() as patched:
        patched.setattr(settings, "smtp_url", f"smtp://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
        await drain()
    never.set()
    silent.close()
    clock.tick(minutes=2)
    await drain()
    outside.expect.mail(night.officer.email)
    [delivery] = await night.deliveries()
    assert [each.outcome for each in delivery.attempts] == ["failed", "sent"]
    assert not delivery.possibly_duplicate


BY_SMS: Final[dict[str, tuple[dict[str, Any], str, bool]]] = {
    "an error of its own": ({"status": 500}, "failed", False),
    "too many at once": ({"status": 429}, "failed", False),
    "silence after the request": ({"hang": 2}, "unknown", True),
}


@pytest.mark.parametrize(("answer", "outcome", "marked"), BY_SMS.values(), ids=BY_SMS)
async def test_a_gateway_in_trouble_delays_a_page_and_doubles_none_unmarked(
    night: Night,
    outside: Outside,
    drain: Drain,
    clock: FixedClock,
    answer: dict[str, Any],
    outcome: str,
    marked: bool,
) -> None:
    outside.gateway.will(**answer)
    await night.page(via=["sms", "email"])
    await drain()
    outside.expect.mail(night.officer.email)
    clock.tick(minutes=2)
    await drain()
    first, second = (outside.expect.sms(night.officer.telephone) for _ in range(2))
    assert first.delivery == second.delivery, "a gateway that honours the key drops the second"
    outside.expect.nothing()
    found = {each.channel: each for each in await night.deliveries()}
    assert [each.outcome for each in found["sms"].attempts] == [outcome, "sent"]
    assert (found["sms"].status, found["sms"].possibly_duplicate) == ("sent", marked)
    assert [each.outcome for each in found["email"].attempts] == ["sent"]


@pytest.mark.parametrize("body", ['{"code": 105}', '{"errcode": "40001"}', '{"status": "fail"}', '{"success": false}'])
async def test_an_error_inside_a_200_is_no_success_and_another_channel_is_not_touched(
    night: Night, outside: Outside, drain: Drain, body: str
) -> None:
    outside.gateway.will(body=body)
    await night.page(via=["sms", "email"])
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.mail(night.officer.email)
    found = {each.channel: each for each in await night.deliveries()}
    assert (found["sms"].status, found["sms"].reason) == ("failed", "refused")
    assert found["email"].status == "sent"
