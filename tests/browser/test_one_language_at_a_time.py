"""An English page speaks English and a Chinese page Chinese: its own words, its labels and its punctuation.

What people wrote or are called stays as it is: the words of the database are struck out before a page is read.
"""

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import text

from tests.browser.conftest import Visit
from tests.browser.story import STORY, file_incident
from tests.browser.town import Town

PAGES: Final = (
    "/",
    "/todo",
    "/incidents",
    "/report",
    "/obligations",
    "/submissions",
    "/deliveries",
    "/deliveries?show=failed",
    "/duty",
    "/organizations",
    "/organizations/city-cyberspace",
    "/posts",
    "/rules",
    "/rules/cac-2025-reporting",
    "/playbooks",
    "/me",
    "/break-glass",
    "/inbox",
)
WORDS: Final = """(() => {
  const found = [];
  const walk = document.createTreeWalker(document.querySelector('body'), NodeFilter.SHOW_TEXT);
  const code = 'script,style,code,pre,textarea,kbd,[lang],option,.hash';
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.parentElement.closest(code) && node.textContent.trim()) found.push(node.textContent.trim());
  }
  document.querySelectorAll('[aria-label],[title],[placeholder]').forEach(one => {
    for (const name of ['aria-label', 'title', 'placeholder'])
      if (one.getAttribute(name) && !one.closest('[lang]:not(html)')) found.push(one.getAttribute(name));
  });
  return found;
})()""".replace("[lang],option", "html [lang],option")
CHINESE: Final = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
ENGLISH: Final = re.compile(r"[A-Za-z][a-z]{2,}(?: [A-Za-z]?[a-z]+)+")
"""Two words or more; a single one is a name or a code (irm, Chromium, duty1)."""
CONTACT: Final = "值班室 000-00000024"
OTHER_LANGUAGE: Final = ("简体中文", "中文", "English")
"""How the choice of language names the other language."""


async def written_by_people(town: Town) -> list[str]:
    """Names and titles, longest first."""
    async with town.db.transaction() as tx:
        rows = [
            *await tx.execute(text("SELECT name, short_name, postal_address FROM organization")),
            *await tx.execute(text("SELECT name FROM person")),
            *await tx.execute(text("SELECT name FROM system")),
            *await tx.execute(text("SELECT name FROM roster")),
            *await tx.execute(text("SELECT title FROM incident")),
        ]
    found = {str(value) for row in rows for value in row if value} | {STORY, CONTACT, *OTHER_LANGUAGE}
    return sorted(found, key=len, reverse=True)


def own_words(lines: Iterable[str], others: Iterable[str]) -> list[str]:
    found = []
    for line in lines:
        left = line
        for other in others:
            left = left.replace(other, "")
        found.append(left)
    return found


async def test_pages_speak_one_language(town: Town, visit: Visit) -> None:
    async with visit() as unit:
        await unit.sign_in("fund1")
        number = await file_incident(unit)
    await town.drain()
    names = await written_by_people(town)
    troubles: list[str] = []
    for locale, foreign in (("en", CHINESE), ("zh-CN", ENGLISH)):
        async with visit(locale=locale) as officer:
            await officer.sign_in("duty1")
            await officer.go("/todo")
            report = await officer.page.get_attribute('a[href^="/submissions/"]', "href")
            await officer.go(f"/incidents/{number}")
            clock = await officer.page.get_attribute('#clocks a[href^="/obligations/"]', "href")
            for path in (*PAGES, f"/incidents/{number}", report or "", clock or "", "/nowhere"):
                await officer.go(path)
                read = own_words(await officer.page.evaluate(WORDS), names)
                troubles += [f"{locale} {path}: {line[:90]}" for line in dict.fromkeys(read) if foreign.search(line)]
    assert not troubles, "\n".join(troubles)
