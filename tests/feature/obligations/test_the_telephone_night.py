"""Story: telephone and fax. Everything of the night is written down, partly afterwards, with both moments."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from irm.access.policy import Role
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night
from tests.feature.obligations.test_evidence_on_demand import kept_log, listed

ITEMS = {"unit": "市级平台", "course": "已恢复"}


async def test_the_telephone_night(night: Night, sign_in: SignIn, tmp_path: Path) -> None:
    desk: httpx.AsyncClient = await sign_in(night.officer)
    desk.headers.update({"accept": "application/json"})
    number = night.subject.number
    async with night.db.transaction() as tx:
        police = await make.organization(tx, "public_security", tier="city")
        await make.account(tx, police, Role.REGULATOR)

    async def post(path: str, status: int = 201, **body: Any) -> dict[str, Any]:
        answer = await desk.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def duties() -> dict[str, str]:
        return {str(one.id): one.status for one in await night.duties()}

    # 03:41 The province takes the first report by telephone; it is written down twenty minutes later.
    (owed,) = await night.open(night.owed())
    night.clock.tick(minutes=20)
    draft = await night.draft(owed.id)
    called_at = (night.clock.now() - timedelta(minutes=18)).isoformat()
    call = await post(
        f"/incidents/{number}/contacts",
        direction="out",
        means="telephone",
        counterpart=str(night.province),
        said="电话报告初报",
        stated_at=called_at,
        serves=[
            {"purpose": "submission", "submission": str(draft)},
            {"purpose": "receipt", "submission": str(draft), "number": "S-1"},
        ],
    )
    assert call["entered_afterwards"] is True
    assert (await duties())[str(owed.id)] == "met"

    # It wants a progress report, in a few minutes, by fax; and gives the one that it got back for supplement.
    until = (night.clock.now() + timedelta(minutes=12)).isoformat()
    directive = await post(
        "/directives",
        incident=number,
        authority=str(night.province),
        asks="progress",
        means="telephone",
        said="限时传真续报",
        due_at=until,
    )
    (duty,) = directive["duties"]
    night.clock.tick(minutes=5)
    begun = await post(f"/obligations/{duty['id']}/report")
    await post(f"/submissions/{begun['id']}/submit", 200, means="fax", items=ITEMS)
    assert (await duties())[duty["id"]] == "submitted"
    await post(f"/submissions/{begun['id']}/receipt", outcome="returned", means="telephone", note="补充受影响用户数")
    assert (await duties())[duty["id"]] == "returned"
    (completion,) = [one for one in await night.duties() if one.form == "completion"]
    begun = await post(f"/obligations/{completion.id}/report")
    await post(f"/submissions/{begun['id']}/submit", 200, means="fax", items=ITEMS)
    await post(f"/submissions/{begun['id']}/receipt", outcome="received", means="telephone", number="S-2")
    assert (await duties())[str(completion.id)] == "met"

    # The police bring 调取证据通知书 and take the log and a disk.
    log = await kept_log(night, tmp_path)
    notice = await post(
        "/directives",
        incident=number,
        authority=str(police),
        asks="handover",
        means="visit",
        said="调取登录日志和硬盘",
        number="公网安调证字〔2026〕18号",
    )
    await post(f"/directives/{notice['id']}/handovers", **listed(log))
    assert (await duties())[notice["duties"][0]["id"]] == "met"

    # A journalist calls: written down, and the spokesperson answers.
    question = await post(
        "/media-inquiries", incident=number, means="telephone", outlet="晚报记者甲", said="网站为何打不开"
    )
    await post(f"/media-inquiries/{question['id']}/answer", 200, answer="正在恢复", answered_by="新闻发言人")

    told = await night.told()
    for action in (
        "contact.recorded",
        "directive.given",
        "submission.returned",
        "directive.evidence_handed_over",
        "evidence.handed_over",
        "media.asked",
        "media.answered",
    ):
        assert action in told
    assert "open" not in (await duties()).values()
