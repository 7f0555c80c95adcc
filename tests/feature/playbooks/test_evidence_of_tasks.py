"""A task that asks for evidence is done with a file, or with the reason why there is none."""

from typing import Any

import pytest
from sqlalchemy import select

from irm.ledger import LedgerEntryRow
from irm.playbooks.language import read_playbook
from irm.playbooks.models import TaskRow
from irm.positions import LanguageError
from tests.conftest import Drain
from tests.feature.playbooks.conftest import HEAD, Night

PRESERVE = (
    "  - {id: preserve, task: {title: {zh-CN: 保全证据}, to: on_duty(incident.using_units), within: 30m,"
    " checklist: [日志, 磁盘镜像, 屏幕], evidence: required}}\n"
)
LOG = ("auth.log.txt", b"Nov 21 03:35:12 portal sshd[811]: Accepted password for root\n", "text/plain")


async def _given(night: Night, sign_in: Any, drain: Drain) -> tuple[Any, str]:
    """The unit's client and the address of its task."""
    await night.begin(PRESERVE)
    await drain()
    client = await sign_in(night.unit_duty)
    (task,) = (await client.get("/api/v1/tasks")).json()["tasks"]
    assert task["evidence_required"] is True
    return client, f"/api/v1/tasks/{task['id']}"


async def test_without_a_file_or_a_reason_it_is_not_done(night: Night, sign_in: Any, drain: Drain) -> None:
    client, task = await _given(night, sign_in, drain)
    refused = await client.post(f"{task}/done", json={"checked": [0, 1, 2]})
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == ["no_evidence"]
    done = await client.post(f"{task}/done", json={"checked": [0], "no_evidence": "主机已重装，日志未保留"})
    assert (done.status_code, done.json()["status"]) == (200, "done")
    assert done.json()["no_evidence_reason"] == "主机已重装，日志未保留"


async def test_with_a_file_it_is_done_and_the_ledger_names_the_file(night: Night, sign_in: Any, drain: Drain) -> None:
    client, task = await _given(night, sign_in, drain)
    kept = await client.post(f"{task}/files", files={"file": LOG})
    assert kept.status_code == 201, kept.text
    done = await client.post(f"{task}/done", json={"checked": [0, 1, 2], "no_evidence": "not asked any more"})
    assert done.status_code == 200
    assert done.json()["no_evidence_reason"] is None
    late = await client.post(f"{task}/files", files={"file": LOG})
    assert late.status_code == 409, "what is over takes no further file"
    async with night.db.transaction() as tx:
        body = await tx.scalar(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "task.done"))
    assert kept.json()["id"] in (body or "")


async def test_the_page_keeps_a_file_before_it_refuses_the_rest(night: Night, sign_in: Any, drain: Drain) -> None:
    client, address = await _given(night, sign_in, drain)
    page = address.removeprefix("/api/v1")
    csrf = {"_csrf": client.headers["x-csrf-token"]}
    empty = await client.post(page, data=csrf)
    assert empty.status_code == 422
    assert "e-no_evidence" in empty.text
    halfway = await client.post(page, data=csrf | {"keep": "yes"}, files={"files": LOG})
    assert (halfway.status_code, halfway.headers["location"]) == (303, page)
    assert LOG[0] in (await client.get(page)).text
    done = await client.post(page, data=csrf)
    assert done.status_code == 303
    async with night.db.transaction() as tx:
        row = await tx.scalar(select(TaskRow))
    assert row is not None
    assert row.status == "done"


async def test_nobody_else_adds_files(night: Night, sign_in: Any, drain: Drain) -> None:
    _, task = await _given(night, sign_in, drain)
    regulator = await sign_in(night.leader)
    assert (await regulator.post(f"{task}/files", files={"file": LOG})).status_code == 201, "the authority may"
    async with night.db.transaction() as tx:
        from irm.access.policy import Role
        from tests import make

        stranger = await make.account(tx, await make.organization(tx, "vendor"), Role.DUTY_OFFICER)
    client = await sign_in(stranger)
    assert (await client.post(f"{task}/files", files={"file": LOG})).status_code == 404


def test_the_language_knows_one_word_for_it() -> None:
    with pytest.raises(LanguageError) as fault:
        read_playbook(
            HEAD.format(id="story", start="{on: incident.graded}") + PRESERVE.replace("required", "perhaps"),
            file="story.yaml",
        )
    assert "evidence" in str(fault.value) or "required" in str(fault.value)
