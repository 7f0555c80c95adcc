"""A few seconds of `make faults`: processes, servers and providers break while irm is used, and nothing is lost. Then
something is taken away by hand, and the checker has to say so."""

from pathlib import Path

import httpx
from sqlalchemy import text

from tests.faults.checking import faults_in
from tests.faults.run import Plan, run
from tests.faults.snapshot import taken
from tests.faults.town import Town

SHORT = (
    "worker killed",
    "dispatcher killed",
    "Valkey flushed",
    "PostgreSQL's backends terminated in a stream",
    "SMS gateway answers 500",
    "SMTP says later",
)
"""Faults that are over at once: the rest is for the long run."""
SPOILT = {
    "UPDATE run SET next_at = next_at - interval '1 day' WHERE status = 'running' AND next_at IS NOT NULL": "did not fire",
    "DELETE FROM grading": "is not whole: grading",
    "UPDATE delivery SET sent_at = NULL WHERE id IN (SELECT id FROM delivery WHERE sent_at IS NOT NULL LIMIT 1)": "was told sent 1 times",
    "UPDATE job SET outcome = 'dead' WHERE id IN (SELECT id FROM job WHERE outcome = 'done' LIMIT 1)": "was given up",
}


async def test_nothing_is_lost_when_much_breaks_while_irm_is_used(tmp_path: Path) -> None:
    found: list[str] = []

    async def spoil(it: Town) -> None:
        async with it.engine.begin() as connection:
            for statement in SPOILT:
                assert (await connection.execute(text(statement))).rowcount
        first = it.history.of("sms")[0]["id"]
        async with httpx.AsyncClient() as http:
            for _ in range(4):
                told = {"extra": first, "phone": "10000000101", "content": "again"}
                await http.post(it.gateway.url("/sms"), json=told)
        found.extend(faults_in(await taken(it.engine), it.history.lines))

    plan = Plan(6, seed=7, floor=3, every=1, pause=0.7, only=SHORT, doubled=False, back_within=1, afterwards=spoil)
    result = await run(plan, tmp_path / "history.jsonl")
    assert result.broken == []
    assert result.faults.total() >= 4
    assert result.counts["filings accepted"] >= 4
    assert result.counts["messages received"] > 0
    for words in (*SPOILT.values(), "more often than anybody could be in doubt"):
        assert any(words in fault for fault in found), words
