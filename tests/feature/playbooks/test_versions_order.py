"""The options of a decision stand everywhere in the order of the file."""

import re
from typing import Any

from sqlalchemy import select

from irm.playbooks.models import TaskRow
from tests.conftest import Drain
from tests.feature.playbooks.conftest import Night

WRITTEN = ["switch", "repair", "accept", "later"]
DECIDE = """
  - id: failover
    decide:
      title: {zh-CN: 是否切换, en: Switch over}
      to: on_duty(cloud_authority)
      options:
        - {id: switch, title: {zh-CN: 切换至备用中心, en: Switch}}
        - {id: repair, title: {zh-CN: 原地修复, en: Repair}}
        - {id: accept, title: {zh-CN: 暂不处置, en: Accept}}
        - {id: later, title: {zh-CN: 一小时后再议, en: Later}}
      within: 10m
      default: repair
"""


async def test_a_decision_offers_its_options_in_the_order_of_the_file(night: Night, sign_in: Any, drain: Drain) -> None:
    await night.begin(DECIDE)
    await drain()
    client = await sign_in(night.officer)
    (task,) = (await client.get("/api/v1/tasks")).json()["tasks"]
    assert [one["id"] for one in task["options"]] == WRITTEN
    async with night.db.transaction() as tx:
        row = await tx.scalar(select(TaskRow))
    assert row is not None
    page = (await client.get(f"/tasks/{row.id}")).text
    assert re.findall(r'name="choice" value="([a-z]+)"', page) == WRITTEN
