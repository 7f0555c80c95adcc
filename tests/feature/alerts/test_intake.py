"""What machines post is written down and nothing else: by whom, how much of it, how often the same, and what is refused."""

import base64
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from irm.alerts import sources
from irm.alerts.models import AlertMessageRow, AlertRow, AlertSourceRow
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.incidents.models import IncidentRow
from irm.jobs import JobRow
from tests.feature.alerts.conftest import Desk, Register, firing, webhook


def event(**more: Any) -> dict[str, Any]:
    """A CloudEvent as its specification writes one."""
    return {
        "specversion": "1.0",
        "id": "A234-1234-1234",
        "source": "/monitoring/portal",
        "type": "cn.example.service.down",
        "subject": "portal",
        "time": "2026-11-20T19:40:00Z",
        "datacontenttype": "application/json",
        "data": {"title": "门户网站无法访问", "severity": "critical", "system": "portal"},
    } | more


async def messages(db: Database) -> int:
    async with db.transaction(SYSTEM) as tx:
        return (await tx.scalar(select(func.coalesce(func.sum(AlertMessageRow.n), 0)))) or 0


async def source(db: Database) -> AlertSourceRow:
    async with db.transaction(SYSTEM) as tx:
        return (await tx.scalars(select(AlertSourceRow))).one()


async def test_alertmanager_is_taken_and_nobody_is_told_yet(register: Register, db: Database) -> None:
    machine = await register("alertmanager")
    answer = await machine.post(webhook(firing(), firing(instance="10.2.3.5:9100")))
    assert (answer.status_code, answer.json()) == (202, {"taken": 2, "repeated": False})
    assert await messages(db) == 2
    async with db.transaction(SYSTEM) as tx:
        assert await tx.scalar(select(func.count()).select_from(AlertRow)) == 0, "sorting is a job's"
        assert await tx.scalar(select(func.count()).select_from(IncidentRow)) == 0
    row = await source(db)
    assert (row.taken, row.last_seen_at) == (2, machine.clock.now())


async def test_its_real_configuration_may_also_use_a_name_and_a_password(register: Register, db: Database) -> None:
    machine = await register("alertmanager")
    basic = "Basic " + base64.b64encode(f"irm:{machine.secret}".encode()).decode()
    assert (await machine.post(webhook(firing()), authorization=basic)).status_code == 202


@pytest.mark.parametrize(
    ("authorization", "code"),
    [("", "unsigned"), ("Bearer whsec_guessed", "bad_signature"), ("Basic !!!", "unsigned"), ("Bearer", "unsigned")],
)
async def test_a_stranger_is_refused_and_counted(
    register: Register, db: Database, authorization: str, code: str
) -> None:
    machine = await register("alertmanager")
    answer = await machine.post(webhook(firing()), authorization=authorization)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await messages(db) == 0
    row = await source(db)
    assert (row.faults, row.last_fault) == (1, code)


async def test_a_source_that_is_not_there_is_answered_like_a_wrong_secret(register: Register) -> None:
    machine = await register("alertmanager")
    machine.code = "nobody"
    answer = await machine.post(webhook(firing()))
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")


async def test_an_event_is_taken_in_each_of_its_three_forms(register: Register, db: Database) -> None:
    machine = await register("cloudevents")
    assert (await machine.sign(event())).status_code == 202
    binary = {
        f"ce-{name}": str(value) for name, value in event(id="B").items() if name not in {"data", "datacontenttype"}
    }
    answer = await machine.sign(event()["data"], **{"content-type": "application/json"}, **binary)
    assert answer.status_code == 202, answer.text
    batch = {"content-type": "application/cloudevents-batch+json"}
    answer = await machine.sign([event(id="C"), event(id="D")], **batch)
    assert answer.json() == {"taken": 2, "repeated": False}
    assert await messages(db) == 4


async def test_an_event_must_be_signed_and_fresh(register: Register, db: Database) -> None:
    machine = await register("cloudevents")
    unsigned = await machine.post(event())
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "unsigned")
    stale = await machine.sign(event(), age=301)
    assert (stale.status_code, stale.json()["code"]) == (401, "stale")
    ahead = await machine.sign(event(), age=-301)
    assert (ahead.status_code, ahead.json()["code"]) == (401, "stale")
    forged = await machine.sign(event(), **{"webhook-signature": "v1,AAAA"})
    assert (forged.status_code, forged.json()["code"]) == (401, "bad_signature")
    assert await messages(db) == 0


async def test_the_same_message_again_counts_nothing_and_its_name_on_another_is_refused(
    register: Register, db: Database
) -> None:
    machine = await register("cloudevents")
    assert (await machine.sign(event(), name="msg-1")).json() == {"taken": 1, "repeated": False}
    assert (await machine.sign(event(), name="msg-1")).json() == {"taken": 1, "repeated": True}
    other = await machine.sign(event(id="other"), name="msg-1")
    assert (other.status_code, other.json()["code"]) == (409, "replayed")
    assert await messages(db) == 1
    row = await source(db)
    assert (row.taken, row.faults, row.last_fault) == (1, 1, "replayed")


async def test_a_replaced_secret_is_taken_for_a_day_and_not_longer(
    register: Register, db: Database, settings: Settings, clock: FixedClock
) -> None:
    machine = await register("alertmanager")
    old = machine.secret
    async with db.transaction(SYSTEM) as tx:
        machine.secret = await sources.rotate_secret(
            tx, machine.code, at_once=False, by=None, actor=SYSTEM, home=settings.home, now=clock.now()
        )
    assert machine.secret != old
    assert (await machine.post(webhook(firing()))).status_code == 202
    assert (await machine.post(webhook(firing()), authorization=f"Bearer {old}")).status_code == 202
    clock.tick(hours=24, seconds=1)
    assert (await machine.post(webhook(firing()), authorization=f"Bearer {old}")).status_code == 401
    assert (await machine.post(webhook(firing()))).status_code == 202
    async with db.transaction(SYSTEM) as tx:
        newest = await sources.rotate_secret(
            tx, machine.code, at_once=True, by=None, actor=SYSTEM, home=settings.home, now=clock.now()
        )
    assert (await machine.post(webhook(firing()))).status_code == 401, "at once means at once"
    assert (await machine.post(webhook(firing()), authorization=f"Bearer {newest}")).status_code == 202


async def test_what_comes_too_fast_is_told_when_to_come_again_and_counted(
    register: Register, db: Database, clock: FixedClock
) -> None:
    machine = await register("alertmanager", rate_per_minute=10)
    many = webhook(*(firing(instance=f"10.2.3.{n}:9100") for n in range(8)))
    assert (await machine.post(many)).status_code == 202
    refused = await machine.post(many)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
    assert int(refused.headers["retry-after"]) == 36, "six more at ten a minute"
    row = await source(db)
    assert (row.taken, row.refused, row.last_refused_at, row.faults) == (8, 8, clock.now(), 0)
    clock.tick(seconds=36)
    assert (await machine.post(many)).status_code == 202
    never = await machine.post(webhook(*(firing(instance=f"10.2.4.{n}:9100") for n in range(11))))
    assert (never.status_code, never.json()["code"]) == (422, "too_many"), "it would never pass: no use to come again"


async def test_a_source_that_is_switched_off_is_refused(register: Register, db: Database, clock: FixedClock) -> None:
    machine = await register("alertmanager")
    async with db.transaction(SYSTEM) as tx:
        await sources.switch_source(tx, machine.code, is_enabled=False, by=None, actor=SYSTEM, now=clock.now())
    answer = await machine.post(webhook(firing()))
    assert (answer.status_code, answer.json()["code"]) == (401, "disabled")


DEEP: Any = {}
for _ in range(40):
    DEEP = {"deeper": DEEP}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "3"}, "version"),
        (webhook(), "alerts"),
        (webhook({"status": "on"}), "alerts.0.status"),
        (webhook(firing() | {"labels": {"alertname": 5}}), "alerts.0.labels.alertname"),
        (webhook(firing() | {"labels": ["a"]}), "alerts.0.labels"),
        (webhook(firing() | {"startsAt": "yesterday"}), "alerts.0.startsAt"),
        (webhook(firing() | {"startsAt": "2026-11-20T19:40:00"}), "alerts.0.startsAt"),
        (webhook(firing(), firing(nul="a\x00b")), "alerts.1.labels.nul"),
        (webhook(firing(big="x" * 40_000)), ""),
        (webhook(*[firing()] * 501), "alerts"),
        (webhook("alert"), "alerts.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_hostile_content_names_what_is_wrong(register: Register, db: Database, body: Any, field: str) -> None:
    machine = await register("alertmanager")
    answer = await machine.post(body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert await messages(db) == 0
    assert (await source(db)).faults == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 60_000, b'"\\ud800"', b"null"])
async def test_what_is_no_json_is_refused(register: Register, db: Database, content: bytes) -> None:
    machine = await register("alertmanager")
    answer = await machine.post(content)
    assert answer.status_code == 422, answer.text
    assert await messages(db) == 0


async def test_events_nested_too_deep_or_of_no_name_are_refused(register: Register) -> None:
    machine = await register("cloudevents")
    deep = await machine.sign(event(data=DEEP))
    assert deep.status_code == 422
    assert deep.json()["errors"][0]["field"].startswith("data.deeper.deeper")
    for name in ("id", "source", "type", "specversion"):
        answer = await machine.sign({key: value for key, value in event().items() if key != name})
        assert [one["field"] for one in answer.json()["errors"]] == [name]


async def test_a_body_of_more_than_a_megabyte_is_too_large(register: Register) -> None:
    machine = await register("alertmanager")
    assert (await machine.post(b" " * 1_100_000)).status_code == 413


LETTER = """From: Monitor <monitor@watch.example.invalid>
To: irm@city.example.invalid
Subject: [CRITICAL] =?utf-8?b?6Zeo5oi3572R56uZ5peg5rOV6K6/6Zeu?=
Message-ID: <1@watch.example.invalid>
Date: Fri, 20 Nov 2026 19:40:00 +0000
Content-Type: text/plain; charset=utf-8

The portal does not answer.
"""


async def test_a_letter_is_taken_from_senders_on_the_list_only(register: Register, db: Database, drain: Any) -> None:
    machine = await register("email", senders=("@watch.example.invalid",))
    raw = {"content-type": "message/rfc822"}
    assert (await machine.post(LETTER.encode(), **raw)).status_code == 202
    stranger = await machine.post(LETTER.replace("monitor@watch.", "monitor@other.").encode(), **raw)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "sender")
    near = await machine.post(LETTER.replace("monitor@watch.", "monitor@evil-watch.").encode(), **raw)
    assert near.status_code == 403, "the domain is the whole domain"
    hook = {"from": "monitor@watch.example.invalid", "subject": "[RESOLVED] x", "text": "ok", "message_id": "2"}
    assert (await machine.post(hook)).status_code == 202
    await sort(db, drain)
    async with db.transaction(SYSTEM) as tx:
        row = (await tx.scalars(select(AlertRow))).one()
    assert (row.title, row.severity, row.text) == ("门户网站无法访问", "critical", "The portal does not answer.")


async def sort(db: Database, drain: Any) -> None:
    """The dispatcher writes what recurs; here the test does."""
    from irm import jobs

    async with db.transaction(SYSTEM) as tx:
        await jobs.schedule(tx, "alerts.group", {}, run_at=db.clock.now())
    await drain()


async def test_the_job_is_asked_for_only_while_something_waits(register: Register, db: Database, drain: Any) -> None:
    from irm.alerts.grouping import is_anything_to_group

    machine = await register("alertmanager")
    async with db.transaction(SYSTEM) as tx:
        assert not await is_anything_to_group(tx)
    await machine.post(webhook(firing()))
    async with db.transaction(SYSTEM) as tx:
        assert await is_anything_to_group(tx)
    await sort(db, drain)
    async with db.transaction(SYSTEM) as tx:
        assert not await is_anything_to_group(tx)
        assert await tx.scalar(select(JobRow.outcome).where(JobRow.name == "alerts.group")) == "done"
        kept = (await tx.scalars(select(AlertMessageRow))).one()
    assert kept.heard is None, "what was sorted is not kept a second time"
    assert json.dumps(kept.body_hash)


async def test_the_desk_is_told_in_its_own_words(register: Register, desk: Desk) -> None:
    machine = await register("alertmanager")
    answer = await machine.post(webhook({"status": "on"}), **{"accept-language": "zh-CN"})
    assert answer.json()["detail"] == "该报文未接收，未保存任何内容。"
