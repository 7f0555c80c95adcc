"""`irm shift`: 交接班 at the server, on a database of its own."""

import asyncio
import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from irm.access.policy import AUTHORITY, Role
from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database
from irm.notify.models import RosterRow, ShiftRow
from irm.wiring import WIRING
from tests import make


@pytest.fixture
def desk(committed_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Login names: who leaves in a quarter of an hour, who comes, a stranger."""
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)

    async def begin() -> tuple[str, str, str]:
        db = Database.connect(committed_url, clock=DatabaseClock(), wiring=WIRING, pool_size=2)
        try:
            async with db.transaction(SYSTEM) as tx:
                now = tx.clock.now()
                await make.organization(tx, AUTHORITY)
                unit, other = await make.organization(tx, code="bureau"), await make.organization(tx)
                night, day, stranger = [await make.account(tx, one, Role.DUTY_OFFICER) for one in (unit, unit, other)]
                roster = RosterRow(organization_id=unit, name="night and day")
                tx.add(roster)
                await tx.flush()
                change = now + timedelta(minutes=15)
                for one, since, until in ((night, -8, 0), (day, 0, 12)):
                    tx.add(
                        ShiftRow(
                            roster_id=roster.id,
                            person_id=one.person_id,
                            starts_at=change + timedelta(hours=since),
                            ends_at=change + timedelta(hours=until),
                            role="primary",
                        )
                    )
                await tx.flush()
                return night.login, day.login, stranger.login
        finally:
            await db.dispose()

    return asyncio.run(begin())


def irm(*words: str, locale: str = "en") -> Result:
    from irm.cli import main

    return CliRunner(env={"IRM_LOCALE": locale}).invoke(main, ["shift", *words])


def test_a_shift_changes_without_a_browser(desk: tuple[str, str, str]) -> None:
    night, day, stranger = desk
    refused = irm("give", "--as", day, "--to", night)
    assert refused.exit_code == 1
    assert "on duty by the roster" in refused.stderr
    given = irm("give", "--as", night, "--to", day, "--note", "机房空调报修，09:30 到场", "--json")
    assert given.exit_code == 0, given.output
    handover = json.loads(given.stdout)["handover"]
    assert (handover["status"], handover["organization"]) == ("waiting", "bureau")
    hidden = irm("show", handover["id"], "--as", stranger)
    assert (hidden.exit_code, "no such hand-over" in hidden.stderr) == (1, True)
    shown = irm("show", handover["id"], "--as", day, locale="zh_CN")
    assert "机房空调报修" in shown.stdout
    assert "待接班" in shown.stdout
    taken = irm("take", handover["id"], "--as", day, "--remark", "空调已盯", "--json")
    assert json.loads(taken.stdout)["handover"]["status"] == "taken"
    late = irm("take-back", handover["id"], "--as", night)
    assert (late.exit_code, "taken over already" in late.stderr) == (1, True)
    listed = irm("list", "--as", night, "--json")
    assert [one["status"] for one in json.loads(listed.stdout)] == ["taken"]


def test_who_does_not_take_it_says_why(desk: tuple[str, str, str]) -> None:
    night, day, _ = desk
    handover = json.loads(irm("give", "--as", night, "--to", day, "--json").stdout)["handover"]["id"]
    refused = irm("refuse", handover, "--as", day, "--reason", "身体不适，已报带班领导", "--json")
    found = json.loads(refused.stdout)
    assert (found["handover"]["status"], found["answer"]) == ("refused", "身体不适，已报带班领导")
