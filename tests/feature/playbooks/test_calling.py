"""Another system is asked and answers, refuses, answers late, or never does; what it said is kept."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from irm import jobs, log, performing
from irm.config import Endpoint, Settings
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.overview.schema_routes import schemas
from irm.playbooks import calling, runner
from irm.playbooks.models import CallRow
from irm.wiring import WIRING
from tests.conftest import Drain
from tests.fakes.gateway import HttpServer
from tests.feature.playbooks.conftest import Night

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ASK = """
  - id: tell-soc
    call: {endpoint: soc, within: 10m}
  - id: told
    when: called.tell_soc == "answered"
    task: {title: {zh-CN: 等待对方处置}, to: on_duty(cloud_authority), within: 1h}
  - id: not-told
    after: [tell-soc]
    when: called.tell_soc != "answered"
    task: {title: {zh-CN: 电话通知}, to: on_duty(cloud_authority), within: 1h}
"""


@pytest.fixture
async def soc() -> AsyncIterator[HttpServer]:
    made = HttpServer()
    server = await made.start()
    yield made
    server.close()


@pytest.fixture
def settings(settings: Settings, soc: HttpServer) -> Settings:
    named = {"soc": Endpoint(url=soc.url("/ask?key=in-the-address"), secret=SecretStr(SECRET))}
    return settings.model_copy(update={"endpoints": named})


async def call_of(night: Night) -> CallRow:
    async with night.db.transaction() as tx:
        return (await tx.scalars(select(CallRow))).one()


async def answers(night: Night) -> list[dict[str, Any]]:
    async with night.db.transaction() as tx:
        rows = await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "run.call_answered"))
        return [json.loads(row) for row in rows]


async def is_replayed(night: Night, run: UUID) -> bool:
    async with night.db.transaction() as tx:
        return await runner.replay(tx, run) == runner.state_of(await night.run(run))


async def test_what_the_other_system_answers_is_kept(night: Night, drain: Drain, soc: HttpServer) -> None:
    said = '{"ticket": "T-17"}'
    soc.will(body=said)
    run = await night.begin(ASK)
    await drain()
    assert await night.steps(run) == {"tell-soc": "answered", "told": "active", "not-told": "condition"}
    [asked] = soc.taken
    kept = await call_of(night)
    assert (kept.status, kept.http_status, kept.answer, kept.tries) == ("answered", 200, said, 1)
    assert kept.answer_sha256 == sha256(said.encode()).hexdigest()
    assert kept.headers == {"content-type": "application/json"}
    expected = Webhook(SECRET).sign(asked.headers["webhook-id"], night.clock.now(), asked.body.decode())
    assert asked.headers["webhook-signature"] == expected
    assert asked.json["incident"] == {
        "number": "SJ-2026-000001",
        "level": 3,
        "basis": "settled",
        "path": "/incidents/SJ-2026-000001",
    }
    assert (asked.json["step"], asked.json["exercise"], asked.json["run"]) == ("tell-soc", False, str(run))
    assert asked.json["playbook"] == {"id": "story", "version": 1}
    assert "Portal altered" not in asked.body.decode(), "content stays in irm"
    jsonschema_rs.validator_for(schemas()["call.v1"].schema).validate(asked.json)
    [told] = await answers(night)
    assert (told["outcome"], told["http"], told["sha256"]) == ("answered", 200, kept.answer_sha256)
    assert await is_replayed(night, run)


async def test_a_system_that_stumbles_is_asked_again_in_the_same_words(
    night: Night, drain: Drain, soc: HttpServer
) -> None:
    soc.will(status=500, body="broken")
    soc.will(drop=True)
    run = await night.begin(ASK)
    await drain()
    assert (await call_of(night)).last_error == "HTTP 500"
    assert await answers(night) == [], "it has not answered yet"
    night.clock.tick(seconds=2)
    await drain()
    assert (await call_of(night)).last_error == "RemoteProtocolError"
    night.clock.tick(seconds=4)
    await drain()
    assert (await night.steps(run))["tell-soc"] == "answered"
    assert len(soc.taken) == 3
    assert len({(one.headers["idempotency-key"], one.headers["webhook-id"], one.body) for one in soc.taken}) == 1
    assert len({one.headers["webhook-timestamp"] for one in soc.taken}) == 3
    kept = await call_of(night)
    assert (kept.tries, kept.last_error) == (3, None)


async def test_what_is_refused_for_good_is_not_asked_again(night: Night, drain: Drain, soc: HttpServer) -> None:
    soc.will(status=422, body="no such host")
    run = await night.begin(ASK)
    await drain()
    night.clock.tick(minutes=5)
    await drain()
    assert len(soc.taken) == 1
    assert await night.steps(run) == {"tell-soc": "refused", "told": "condition", "not-told": "active"}
    assert (await call_of(night)).answer == "no such host"


async def test_a_redirect_is_not_followed(night: Night, drain: Drain, soc: HttpServer) -> None:
    soc.will(status=302)
    run = await night.begin(ASK)
    await drain()
    assert (await night.steps(run))["tell-soc"] == "refused"
    assert len(soc.taken) == 1


async def test_silence_lasts_as_long_as_the_step_says(night: Night, drain: Drain, soc: HttpServer) -> None:
    soc.always = type(soc.always)(status=503)
    run = await night.begin(ASK)
    for _ in range(11):
        await drain()
        night.clock.tick(minutes=1)
    await drain()
    assert await night.steps(run) == {"tell-soc": "no_answer", "told": "condition", "not-told": "active"}
    tried = len(soc.taken)
    assert tried > 3
    night.clock.tick(hours=1)
    await drain()
    assert len(soc.taken) == tried, "nobody waits for it any more"
    assert (await call_of(night)).status == "no_answer"
    assert await is_replayed(night, run)


async def test_an_answer_that_comes_after_the_step_is_kept_and_changes_nothing(
    night: Night, drain: Drain, soc: HttpServer, resources: jobs.Resources
) -> None:
    run = await night.begin(ASK)
    async with night.db.transaction() as tx:
        await runner.advance_run(tx, run)
        job = (await tx.scalars(select(JobRow).where(JobRow.name == "playbooks.call"))).one()
        work = await calling.claim(tx, job.args, night.clock.now(), 1)
    assert work is not None
    answer = await calling.call(work, resources)
    night.clock.tick(minutes=10)
    async with night.db.transaction() as tx:
        await runner.advance_run(tx, run)
    async with night.db.transaction() as tx:
        await calling.record(tx, job.args, work, answer, night.clock.now(), 1, is_current=True)
    kept = await call_of(night)
    assert (kept.status, kept.http_status, kept.answered_at) == ("no_answer", 200, night.clock.now())
    assert [one["late"] for one in await answers(night)] == [True]
    await drain()
    assert (await night.steps(run))["tell-soc"] == "no_answer"


async def test_killed_between_asking_and_writing_down(
    night: Night, drain: Drain, soc: HttpServer, resources: jobs.Resources
) -> None:
    """The first process asked and died; the second asks in the same words, and what the first comes back with is no news."""
    run = await night.begin(ASK)
    async with night.db.transaction() as tx:
        await runner.advance_run(tx, run)
        job = (await tx.scalars(select(JobRow).where(JobRow.name == "playbooks.call"))).one()
        first = await calling.claim(tx, job.args, night.clock.now(), 1)
        job.attempt, job.lease_until = 1, night.clock.now() + timedelta(seconds=30)
    assert first is not None
    soc.will(body="first")
    answer = await calling.call(first, resources)
    await drain()
    assert len(soc.taken) == 1, "it may still be talking"
    night.clock.tick(seconds=31)
    soc.will(body="second")
    await drain()
    assert len({one.headers["idempotency-key"] for one in soc.taken}) == 1
    assert (await call_of(night)).answer == "second"
    async with night.db.transaction() as tx:
        again = await calling.record(tx, job.args, first, answer, night.clock.now(), 1, is_current=False)
    assert again is None
    assert (await call_of(night)).answer == "second"
    assert len(await answers(night)) == 1
    assert (await night.steps(run))["tell-soc"] == "answered"


async def test_a_step_that_was_overtaken_is_not_asked_any_more(night: Night, drain: Drain, soc: HttpServer) -> None:
    from irm.playbooks import starting

    run = await night.begin(ASK)
    async with night.db.transaction() as tx:
        await runner.advance_run(tx, run)
        await starting.cancel_runs(tx, subject=night.subject, reason="dismissed", now=night.clock.now())
        await runner.advance_run(tx, run)
    await drain()
    assert soc.taken == []
    assert (await call_of(night)).status == "no_answer"


async def test_a_long_answer_is_cut_and_said_to_be(night: Night, drain: Drain, soc: HttpServer) -> None:
    soc.will(body="x" * (calling.MOST_KEPT + 1))
    await night.begin(ASK)
    await drain()
    kept = await call_of(night)
    assert (len(kept.answer or ""), kept.answer_cut) == (calling.MOST_KEPT, True)
    assert kept.answer_sha256 == sha256(b"x" * calling.MOST_KEPT).hexdigest()


async def test_an_answer_that_is_no_text_is_kept_as_far_as_it_can_be_read(
    night: Night, drain: Drain, soc: HttpServer
) -> None:
    soc.will(body="a\x00b")
    await night.begin(ASK)
    await drain()
    assert (await call_of(night)).answer == "a�b"


async def test_an_endpoint_that_the_settings_do_not_name(night: Night, drain: Drain, soc: HttpServer) -> None:
    run = await night.begin(ASK.replace("endpoint: soc", "endpoint: siem"))
    await drain()
    assert await night.steps(run) == {"tell-soc": "not_configured", "told": "condition", "not-told": "active"}
    assert soc.taken == []


async def test_a_drill_calls_only_who_takes_exercises(
    night: Night, drain: Drain, soc: HttpServer, resources: jobs.Resources
) -> None:
    run = await night.begin(ASK, exercise=True)
    await drain()
    assert (await night.steps(run))["tell-soc"] == "exercise_skipped"
    assert soc.taken == []


async def test_in_a_drill_it_is_said_to_be_one(night: Night, soc: HttpServer, resources: jobs.Resources) -> None:
    takes = resources.settings.endpoints["soc"].model_copy(update={"drills": True})
    known = resources.settings.model_copy(update={"endpoints": {"soc": takes}})
    run = await night.begin(ASK, exercise=True)
    await performing.drain(night.db, WIRING.jobs, jobs.Resources(known, resources.http))
    assert (await night.steps(run))["tell-soc"] == "answered"
    assert soc.taken[0].json["exercise"] is True


async def test_neither_secret_nor_address_is_written_anywhere(
    night: Night, drain: Drain, soc: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger=log.HTTP_CLIENT)  # as `log.configure` does
    soc.will(status=500)
    soc.will(drop=True)
    run = await night.begin(ASK)
    for _ in range(4):
        await drain()
        night.clock.tick(seconds=5)
    async with night.db.transaction() as tx:
        rows = [str(vars(row)) for row in (*await tx.scalars(select(CallRow)), *await tx.scalars(select(JobRow)))]
        entries = [str(row) for row in await tx.scalars(select(LedgerEntryRow.body))]
    everything = "\n".join([*rows, *entries, caplog.text, str((await night.run(run)).state)])
    assert SECRET not in everything
    assert "in-the-address" not in everything


async def test_a_certificate_that_cannot_be_read(night: Night, soc: HttpServer, resources: jobs.Resources) -> None:
    named = resources.settings.endpoints["soc"].model_copy(update={"ca": resources.settings.home / "missing.pem"})
    known = resources.settings.model_copy(update={"endpoints": {"soc": named}})
    await night.begin(ASK)
    await performing.drain(night.db, WIRING.jobs, jobs.Resources(known, resources.http))
    kept = await call_of(night)
    assert (kept.status, kept.last_error) == ("waiting", "bad_ca")
    assert soc.taken == []
