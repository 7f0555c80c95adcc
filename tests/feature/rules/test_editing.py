"""A lawyer changes a figure on the page: red tests, the difference, the second person, and then it is counted by."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.rules.drafting import skeleton
from irm.rules.load import builtin_packs, builtin_sources
from irm.rules.moments import SHANGHAI
from irm.rules.queries import packs_for
from irm.rules.service import publish_builtin
from tests import make

CHAIN = builtin_sources()["city-chain.yaml"]
VERSION = next(pack.version for pack in builtin_packs() if pack.id == "city-chain")
PAGE = {"accept": "text/html"}


def with_figure(figure: str, moment: str, version: str = "2026.12.1") -> str:
    return (
        CHAIN.replace(f'version: "{VERSION}"', f'version: "{version}"')
        .replace("within: PT1H", f"within: {figure}", 1)
        .replace("2026-11-21T04:50:00+08:00", moment)
    )


RED = with_figure("PT30M", "2026-11-21T04:50:00+08:00")
GREEN = with_figure("PT30M", "2026-11-21T04:20:00+08:00")


@dataclass(frozen=True)
class Person:
    """Whatever one does, one does signed in as oneself."""

    account: Any
    sign_in: Any

    async def get(self, path: str, **given: Any) -> httpx.Response:
        client: httpx.AsyncClient = await self.sign_in(self.account)
        return await client.get(path, headers=PAGE, **given)

    async def post(self, path: str, **given: Any) -> httpx.Response:
        client: httpx.AsyncClient = await self.sign_in(self.account)
        return await client.post(path, headers=PAGE, **given)


@pytest.fixture
async def people(db: Database, clock: FixedClock, sign_in: Any) -> dict[str, Person]:
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        unit = await make.organization(tx)
        accounts = {
            "lawyer": await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR),
            "deputy": await make.account(tx, authority, Role.DEPUTY),
            "officer": await make.account(tx, authority, Role.DUTY_OFFICER),
            "head": await make.account(tx, unit, Role.UNIT_HEAD),
        }
    return {name: Person(account, sign_in) for name, account in accounts.items()}


async def in_use(db: Database, clock: FixedClock) -> str:
    async with db.transaction() as tx:
        return {pack.id: pack.version for pack in await packs_for(tx, {}, clock.now())}["city-chain"]


async def test_the_editor_begins_with_the_text_in_use_under_its_next_number(
    people: dict[str, Person], clock: FixedClock
) -> None:
    answer = await people["lawyer"].get("/rules/city-chain/edit")
    assert answer.status_code == 200
    # The version in use is of the same day.
    day = clock.now().astimezone(SHANGHAI)
    assert f"{day.year}.{day.month}.{day.day}" == VERSION
    assert f"version: &#34;{VERSION}.2&#34;" in answer.text
    assert "within: PT30M" in answer.text
    assert "全部测试通过" in answer.text


async def test_while_typing_red_tests_and_the_difference_are_shown(people: dict[str, Person]) -> None:
    answer = await people["lawyer"].post("/rules/city-chain/edit/check", data={"source": RED})
    assert answer.status_code == 200
    line = next(at for at, one in enumerate(RED.splitlines(), 1) if "2026-11-21T04:50:00+08:00" in one)
    assert f'data-line="{line}"' in answer.text
    assert "2026-11-21T04:20:00+08:00" in answer.text
    assert "2026-11-21T04:50:00+08:00" in answer.text
    comparison = answer.text[answer.text.index('id="comparison"') :]
    assert re.search(r"1 小时.*30 分钟", comparison, re.DOTALL)
    assert "<html" not in answer.text


async def test_a_slip_is_told_at_its_line_and_column(people: dict[str, Person]) -> None:
    slip = RED.replace("within: PT30M\n      form: initial", "within: 30 分钟\n      form: initial")
    line = next(at for at, one in enumerate(slip.splitlines(), 1) if "30 分钟\n" in one + "\n" and "within" in one)
    answer = await people["lawyer"].post("/rules/city-chain/edit/check", data={"source": slip})
    assert f"第 {line} 行第 15 列" in answer.text
    assert "不是时限" in answer.text


async def test_a_red_test_is_not_put_before_anybody_and_nothing_typed_is_lost(
    people: dict[str, Person], db: Database, clock: FixedClock
) -> None:
    answer = await people["lawyer"].post("/rules/city-chain/edit", data={"source": RED, "reason": "市里新发文"})
    assert answer.status_code == 422
    assert "未提交：有测试未通过" in answer.text
    assert "市里新发文" in answer.text
    assert "2026.12.1" in answer.text
    assert await in_use(db, clock) == VERSION


async def test_the_deputy_approves_what_the_lawyer_puts_forward(
    people: dict[str, Person], db: Database, clock: FixedClock
) -> None:
    sent = await people["lawyer"].post("/rules/city-chain/edit", data={"source": GREEN, "reason": "市里新发文"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/rules/city-chain")
    own = (await people["lawyer"].get("/rules/city-chain")).text
    assert "第 2026.12.1 版待批准" in own
    assert "/versions/2026.12.1/approval" not in own
    refused = await people["lawyer"].post("/rules/city-chain/versions/2026.12.1/approval")
    assert refused.status_code == 403
    assert await in_use(db, clock) == VERSION
    assert "第 2026.12.1 版" in (await people["deputy"].get("/todo")).text
    assert "第 2026.12.1 版" not in (await people["officer"].get("/todo")).text
    seen = (await people["deputy"].get("/rules/city-chain")).text
    assert "市里新发文" in seen
    assert "/versions/2026.12.1/approval" in seen
    clock.tick(minutes=5)
    done = await people["deputy"].post("/rules/city-chain/versions/2026.12.1/approval")
    assert done.status_code == 303
    assert await in_use(db, clock) == "2026.12.1"
    assert "第 2026.12.1 版" not in (await people["deputy"].get("/todo")).text
    after = (await people["officer"].get("/rules/city-chain")).text
    assert "待批准" not in after


async def test_what_was_put_forward_can_be_declined_and_what_was_published_withdrawn(
    people: dict[str, Person], db: Database, clock: FixedClock
) -> None:
    lawyer, deputy = people["lawyer"], people["deputy"]
    await lawyer.post("/rules/city-chain/edit", data={"source": GREEN, "reason": "新发文"})
    path = "/rules/city-chain/versions/2026.12.1/withdrawal"
    assert (await deputy.post(path, data={"reason": ""})).status_code == 422
    assert (await deputy.post(path, data={"reason": "依据不足"})).status_code == 303
    assert "依据不足" in (await lawyer.get("/rules/city-chain")).text
    again = with_figure("PT30M", "2026-11-21T04:20:00+08:00", "2026.12.2")
    await lawyer.post("/rules/city-chain/edit", data={"source": again, "reason": "新发文"})
    clock.tick(minutes=1)
    await deputy.post("/rules/city-chain/versions/2026.12.2/approval")
    assert await in_use(db, clock) == "2026.12.2"
    path = "/rules/city-chain/versions/2026.12.2/withdrawal"
    assert (await deputy.post(path, data={"reason": "有误"})).status_code == 403
    assert (await lawyer.post(path, data={"reason": "有误"})).status_code == 303
    assert await in_use(db, clock) == VERSION


@pytest.mark.parametrize("who", ["officer", "deputy", "head"])
async def test_only_whoever_answers_for_the_rules_edits_them(people: dict[str, Person], who: str) -> None:
    assert (await people[who].get("/rules/city-chain/edit")).status_code == 403
    assert (await people[who].get("/rules/new")).status_code == 403
    assert "/rules/city-chain/edit" not in (await people[who].get("/rules/city-chain")).text


async def test_a_head_of_another_organization_approves_nothing(people: dict[str, Person]) -> None:
    await people["lawyer"].post("/rules/city-chain/edit", data={"source": GREEN, "reason": "新发文"})
    answer = await people["head"].post("/rules/city-chain/versions/2026.12.1/approval")
    assert answer.status_code == 403


async def test_a_pack_of_the_citys_own_begins_with_a_text_that_is_sound(
    people: dict[str, Person], db: Database, clock: FixedClock
) -> None:
    lawyer, deputy = people["lawyer"], people["deputy"]
    shown = await lawyer.get("/rules/new")
    assert "全部测试通过" in shown.text
    text = skeleton(clock.now().date()).replace("id: city-order", "id: town-order", 1)
    sent = await lawyer.post("/rules/new", data={"source": text, "reason": "本市自定"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/rules/town-order")
    assert "待批准" in (await lawyer.get("/rules")).text
    version = re.search(r"/versions/([^/]+)/approval", (await deputy.get("/rules/town-order")).text)
    assert version
    await deputy.post(f"/rules/town-order/versions/{version[1]}/approval")
    async with db.transaction() as tx:
        assert "town-order" in {pack.id for pack in await packs_for(tx, {}, clock.now())}


async def test_a_file_is_laid_on_the_desk_of_its_pack(people: dict[str, Person]) -> None:
    sent = {"file": ("p.yaml", GREEN.encode(), "application/yaml")}
    answer = await people["lawyer"].post("/rules/new/file", files=sent)
    assert answer.status_code == 200
    assert 'action="/rules/city-chain/edit"' in answer.text
    assert "2026.12.1" in answer.text
    broken = {"file": ("p.yaml", b"\xff\xfe\x00", "application/yaml")}
    assert (await people["lawyer"].post("/rules/new/file", files=broken)).status_code == 422


async def test_what_a_text_would_change_through_the_year_is_counted(people: dict[str, Person], db: Database) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx, "using_unit")
        await make.system(tx, unit, life_cycle="live", level=3, name="人社业务系统")
    source = builtin_sources()["mlps.yaml"]
    version = next(pack.version for pack in builtin_packs() if pack.id == "mlps")
    text = source.replace(f'version: "{version}"', 'version: "2026.12.1"').replace(
        "system.level == 3", "system.level == 9"
    )
    answer = await people["lawyer"].post("/rules/mlps/edit", data={"source": text, "reason": "", "do": "effects"})
    assert answer.status_code == 200
    effects = answer.text[answer.text.index('id="effects"') :]
    assert "不再应办" in effects
