"""Story: telephone and fax. Everything of the night is written down, partly afterwards, with both moments."""

from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from irm.access.policy import Role
from irm.clock import SHANGHAI
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night
from tests.feature.obligations.test_evidence_on_demand import kept_log, listed

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
SIGNED = PDF + b"\n"
ITEMS = {"unit": "市级平台", "course": "已恢复"}


async def html(desk: httpx.AsyncClient, page: str) -> str:
    return (await desk.get(page, headers={"accept": "text/html"})).text


async def both_moments(desk: httpx.AsyncClient, page: str, happened: str, written: str) -> None:
    """补录: when it happened and when it was written down, both in the words of the wall's clock."""
    shown = await html(desk, page)
    for moment in (happened, written):
        assert datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%H:%M") in shown
    assert "补录" in shown


async def brought(desk: httpx.AsyncClient, number: str, police: str) -> str:
    """调取证据通知书 as the desk takes it at the door, with its scan; the directive's id."""
    given = {"incident": number, "means": "visit", "direction": "in", "serves": "directive", "asks": "handover"}
    given |= {"counterpart": police, "said": "调取登录日志和硬盘", "directive_number": "公网安调证字〔2026〕18号"}
    answer = await desk.post("/contacts/new", data=given, files={"file": ("通知书.pdf", PDF, "application/pdf")})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/directives/")


async def the_police_come(night: Night, desk: httpx.AsyncClient, police: UUID, tmp_path: Path) -> None:
    """They bring 调取证据通知书, which is kept with the directive, and take a log and a disk on a list that is signed."""
    log = await kept_log(night, tmp_path)
    notice = await brought(desk, night.subject.number, str(police))
    handed_at = night.clock.now().isoformat()
    night.clock.tick(minutes=25)
    handed = await desk.post(f"/api/v1/directives/{notice}/handovers", json=listed(log, stated_at=handed_at))
    assert handed.status_code == 201, handed.text
    signed = {"file": ("签字清单.pdf", SIGNED, "application/pdf")}
    assert (await desk.post(f"/handovers/{handed.json()['id']}/scans", files=signed)).status_code == 303
    (demanded,) = [one for one in await night.duties() if one.form == "evidence_handover"]
    assert demanded.status == "met"
    shown = await html(desk, f"/directives/{notice}")
    for text in (sha256(SIGNED).hexdigest(), log.sha256, "公网安调证字〔2026〕18号", "/attachments/"):
        assert text in shown


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

    # It wants a fax, and a progress report before 06:00; and gives the one that it got back for supplement.
    until = night.clock.now().astimezone(SHANGHAI).replace(hour=6, minute=0)
    directive = await post(
        "/directives",
        incident=number,
        authority=str(night.province),
        asks="progress",
        means="telephone",
        said="6 时前传真续报",
        stated_at=called_at,
        due_at=until.isoformat(),
    )
    (duty,) = directive["duties"]
    (opened,) = [one for one in await night.duties() if str(one.id) == duty["id"]]
    assert (opened.due_at, opened.form) == (until, "progress")
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

    await the_police_come(night, desk, police, tmp_path)

    # A journalist calls; it is written down half an hour later, and the spokesperson answers, nobody else.
    asked_at = (night.clock.now() - timedelta(minutes=30)).isoformat()
    question = await post(
        "/media-inquiries",
        incident=number,
        means="telephone",
        outlet="晚报记者甲",
        said="网站为何打不开",
        stated_at=asked_at,
        answer_by=until.isoformat(),
    )
    assert question["answerer"] == "市政府新闻发言人"
    await post(f"/media-inquiries/{question['id']}/answer", 200, answer="正在恢复", answered_by="新闻发言人")

    # What was entered afterwards shows both moments wherever it is read: when it happened, and when it was written down.
    await both_moments(desk, night.subject.page, called_at, call["recorded_at"])
    await both_moments(desk, f"/directives/{directive['id']}", called_at, call["recorded_at"])
    await both_moments(desk, f"/media-inquiries/{question['id']}", asked_at, question["contact"]["recorded_at"])
    told = await night.told()
    for action in (
        "contact.recorded",
        "directive.given",
        "submission.returned",
        "directive.evidence_handed_over",
        "evidence.handed_over",
        "submission.receipt_confirmed",
        "media.asked",
        "media.answered",
    ):
        assert action in told
    assert "open" not in (await duties()).values()
