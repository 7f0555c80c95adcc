"""The incident's page where there is little room, and on paper."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.access.vocabulary import KIND_NAMES, TIER_NAMES
from irm.db import SYSTEM, Database
from irm.i18n import translator
from irm.obligations.models import ObligationRow
from irm.obligations.views import Named
from irm.obligations.words import whom
from irm.playbooks.publishing import publish_library
from tests import make
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
HTML = {"accept": "text/html"}
PROVINCIAL = "cac-2025-reporting/other-operator"


class _Forms(HTMLParser):
    """Which forms stand inside of what paper leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.shown: list[str] = []
        self.hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            kept_off = any(off for _, off in self.open)
            (self.hidden if kept_off else self.shown).append(given.get("action") or "")
        if tag not in {"input", "br", "img", "meta", "link", "hr", "path", "circle", "rect", "line", "use"}:
            self.open.append((tag, "screen-only" in (given.get("class") or "").split()))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            if self.open.pop()[0] == tag:
                return


async def _page(client: Any, filing: Any, drain: Any) -> str:
    """An incident's page after the playbooks have begun."""
    number = (await client.post(URL, json=filing())).json()["number"]
    await drain()
    shown = await client.get(f"/incidents/{number}", headers=HTML)
    assert shown.status_code == 200, shown.text
    text: str = shown.text
    return text


async def test_the_phone_shows_the_next_calls_unfolded_and_the_rest_under_more(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=tx.clock.now())
    text = await _page(await sign_in(city.officer), filing, drain)
    near = re.search(r'<ol class="plan-near".*?</ol>', text, re.DOTALL)
    assert near
    calls = re.findall(r"plan-item plan-item-(\w+)", near[0])
    assert 2 <= len(calls) <= 3
    assert "planned" in calls
    assert set(calls) <= {"waiting", "planned"}
    whole = re.search(r'<details class="plan-list"(.*?)</details>', text, re.DOTALL)
    assert whole
    assert not whole[1].startswith(" open"), "the rest is folded"
    assert len(re.findall(r"plan-item plan-item-", whole[0])) > len(calls)


async def test_paper_says_as_of_when_and_takes_no_forms(sign_in: Any, city: City, filing: Any, drain: Any) -> None:
    text = await _page(await sign_in(city.officer), filing, drain)
    assert re.search(r'<p class="print-only[^"]*">截至 .*2026-11-21 03:41', text)
    found = _Forms()
    found.feed(text.partition('<main id="main"')[2].partition("</main>")[0])
    assert {one.rpartition("/")[2] for one in found.hidden} >= {"facts", "assess", "status", "reports", "attachments"}
    assert found.shown == []


async def test_a_missing_recipient_is_named_by_kind_and_tier(
    sign_in: Any, db: Database, filing: Any, drain: Any
) -> None:
    """A city that never entered its provincial office: page, report and the call about it say which desk is missing."""
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        unit = await make.organization(tx, "using_unit")
        await make.system(tx, unit, code="portal", users=600_000, portal_rank="prefecture", cii="unknown")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
    client = await sign_in(officer)
    text = await _page(client, filing, drain)
    t = translator("zh-CN")
    provincial = t(
        "%(kind)s, %(tier)s (not in the contact list)",
        kind=t(KIND_NAMES["cyberspace_office"]),
        tier=t(TIER_NAMES["province"]),
    )
    department = t("%(kind)s (not in the contact list)", kind=t(KIND_NAMES["protection_department"]))
    assert provincial in text
    assert department in text
    async with db.transaction() as tx:
        duty = (await tx.scalars(select(ObligationRow).where(ObligationRow.rule_id == PROVINCIAL))).one()
    assert duty.recipient_id is None
    assert provincial in (await client.get(f"/obligations/{duty.id}", headers=HTML)).text
    begun = await client.post(f"/api/v1/obligations/{duty.id}/report")
    assert begun.status_code in {200, 201}, begun.text
    assert provincial in (await client.get(f"/submissions/{begun.json()['id']}", headers=HTML)).text


@pytest.mark.parametrize(
    ("kind", "tier", "said"),
    [
        ("cyberspace_office", "province", "省网信部门（通讯录中无）"),
        ("protection_department", None, "保护工作部门（通讯录中无）"),
        ("weather_office", "city", "接收单位未列入通讯录"),
    ],
)
def test_whom_the_contact_list_lacks(kind: str, tier: str | None, said: str) -> None:
    missing = Named(id=None, name="", kind=kind, tier=tier, telephone=None, fax=None)
    assert whom(missing, translator("zh-CN")) == said
