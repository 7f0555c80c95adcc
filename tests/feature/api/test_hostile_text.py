"""What an attacker types into every field, of the interface and of every form, stays text wherever irm shows it again.

Markup, SQL, lines of a header, templates, formulas, paths, hidden signs, texts without end. Then every page, list and
export is read: no element of a page, no header of an answer, no formula of a sheet came from a text, nothing broke.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from litestar.routes import HTTPRoute

from irm.access.policy import PERMISSION_OPT
from tests.feature.access.bodies import NO_ID
from tests.feature.api import hostile
from tests.feature.api.hostile import SIGN, Read
from tests.feature.api.served import Served

WRITES: Final = ("POST", "PUT", "PATCH")
LEFT_ALONE: Final = re.compile(r".*/(sign-out|sign-in|revoke|revocation|disable|end)\b.*|/live|/styleguide.*")
"""Acts that would put the walker out of the door; each has tests of its own."""
NO_PLACE: Final = re.compile(r"{\w+(:\w+)?}")


@dataclass
class Attack:
    """What came of it."""

    accepted: Counter[str] = field(default_factory=Counter)
    """Operation or form → how often it was taken."""
    wrong: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    """Pages, lists and exports on which an attacker's text was read again."""

    def judge(self, where: str, answer: httpx.Response) -> None:
        if answer.status_code >= 500:
            self.wrong.append(f"{where}: {answer.status_code} {answer.text[:200]}")
        for name, value in answer.headers.multi_items():
            if "irm-split" in name or name == "bcc" or "\r" in value or "\n" in value:
                self.wrong.append(f"{where}: header {name}: {value[:80]}")
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = Read()
            page.feed(answer.text)
            self.wrong += [f"{where}: {one}" for one in page.injected]


def test_no_text_becomes_anything_but_text(city: Served) -> None:
    attack = Attack()
    with httpx.Client(base_url=city.url, timeout=120, trust_env=False) as client:
        _through_the_interface(city, client, attack)
        _through_the_forms(city, client, attack)
        city.look_again()
        _read_everything(city, client, attack)
    tables = {name for (name,) in city.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert {"incident", "ledger_entry"} <= tables
    written = city.ask("SELECT title, body FROM delivery") + city.ask("SELECT filename, '' FROM attachment")
    attack.wrong += [f"a message or file named {title!r}" for title, _ in written if "\r" in title or "\0" in title]
    assert len(+attack.accepted) > ENOUGH_TAKEN, "too little was taken to prove anything"
    assert len(attack.shown) > ENOUGH_SHOWN, "too little was shown again to prove anything"
    assert not attack.wrong, "\n".join(sorted(set(attack.wrong)))


ENOUGH_TAKEN: Final = 40
ENOUGH_SHOWN: Final = 40


def _through_the_interface(city: Served, client: httpx.Client, attack: Attack) -> None:
    for (method, path), headers in city.headers.items():
        if method not in WRITES or LEFT_ALONE.match(path):
            continue
        for turn, request in enumerate(_requests(city, city.document["paths"][path][method.lower()])):
            address = city.filled(path, turn) or NO_PLACE.sub(NO_ID, path)
            sent = {**request, "headers": {**headers, **request.get("headers", {})}}
            answer = client.request(method, address, **sent)
            attack.judge(f"{method} {path}", answer)
            attack.accepted[f"{method} {path}"] += answer.is_success


def _requests(city: Served, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is sent to one operation: each text alone in each field, then those that no field should take in all at once."""
    content = (operation.get("requestBody") or {}).get("content", {})
    if "application/json" in content:
        body = hostile.whole(content["application/json"]["schema"], city.document["components"]["schemas"], city.words)
        bodies = [one for text in hostile.EACH_ALONE for one in hostile.with_each(body, text)]
        for one in (*bodies, *(hostile.with_all(body, text) for text in hostile.ALL_AT_ONCE)):
            yield {"content": hostile.wire(one), "headers": {"content-type": "application/json"}}
    elif "multipart/form-data" in content:
        for text in (*hostile.EACH_ALONE, *hostile.ALL_AT_ONCE):
            typed = text[:5000].encode("utf-8", "replace").decode()
            file = (typed[:150] + ".pdf", b"%PDF-1.4 x", "application/pdf")
            yield {"files": {"file": file}, "data": {"kind": "log", "note": typed}}


def _through_the_forms(city: Served, client: httpx.Client, attack: Attack) -> None:
    known: set[tuple[str, tuple[str, ...]]] = set()
    for address, path, headers in _readable(city, pages=True):
        answer = client.get(address, headers={**headers, "accept": "text/html"})
        attack.judge(path, answer)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page = Read()
        page.feed(answer.text)
        for form in page.forms:
            action = urlsplit(form["action"] or address).path
            shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]+-?\d[\w-]*", "…", action), tuple(sorted(form["fields"]))
            if shape in known or not form["typed"] or LEFT_ALONE.match(action):
                continue
            known.add(shape)
            for text in (*hostile.EACH_ALONE, *(one for one in hostile.ALL_AT_ONCE if "\ud800" not in one)):
                typed = form["fields"] | dict.fromkeys(form["typed"], text[:30_000])
                if form["method"].lower() == "get":
                    reply = client.get(action, params=dict.fromkeys(form["typed"], text[:400]), headers=headers)
                else:
                    reply = client.post(action, data=typed, headers={**headers, "accept": "text/html"})
                attack.judge(f"form {action} on {path}", reply)
                attack.accepted[f"form {shape[0]}"] += reply.status_code < 400


def _read_everything(city: Served, client: httpx.Client, attack: Attack) -> None:
    for pages in (True, False):
        for address, path, headers in _readable(city, pages=pages):
            kind = "text/html" if pages else "*/*"
            answer = client.get(address, headers={**headers, "accept": kind, "accept-language": "en"})
            assert answer.status_code != 401, path
            attack.judge(path, answer)
            media_type = answer.headers.get("content-type", "")
            attack.wrong += [f"{path}: {one[:80]}" for one in hostile.formulas_in(answer.content, media_type)]
            if SIGN in answer.text:
                attack.shown.add(path)
            if media_type == "application/json":
                json.loads(answer.content)


def _readable(city: Served, *, pages: bool) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(address, route, headers) of all that can be read, three times where there are three such things."""
    for route in city.living.app.routes:
        handlers: list[Any] = route.route_handlers if isinstance(route, HTTPRoute) else []
        for handler in handlers:
            wanted = handler.opt.get(PERMISSION_OPT)
            is_page = not route.path.startswith("/api/")
            if "GET" not in handler.http_methods or wanted is None or is_page != pages or LEFT_ALONE.match(route.path):
                continue
            addresses = {city.filled(route.path_format if not pages else route.path, turn) for turn in range(3)}
            for address in sorted(one for one in addresses if one):
                yield address, route.path, city.headers_for(wanted)


def test_whoever_reads_would_notice() -> None:
    """The same texts unescaped, split and calculated: without this the test above would prove nothing."""
    bare, escaped = Read(), Read()
    bare.feed(f"<p>{hostile.MARKUP}</p>")
    escaped.feed(f"<p>{html.escape(hostile.MARKUP)}</p><a href='/{SIGN}'>x</a>")
    assert (len(bare.injected), escaped.injected) == (3, [])
    link = Read()
    link.feed(f'<a href="javascript:{SIGN}()">x</a>')
    assert link.injected
    rows = f'"{hostile.FORMULA.replace(chr(34), chr(34) * 2)}","\'{hostile.ALL_AT_ONCE[0]}"\r\n'.encode()
    assert hostile.formulas_in(rows, "text/csv; charset=utf-8") == [hostile.FORMULA]
    attack = Attack()
    attack.judge("a page", httpx.Response(500, headers={"x-irm-split": "yes"}))
    assert len(attack.wrong) == 2
