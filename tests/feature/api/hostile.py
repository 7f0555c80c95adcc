"""What an attacker types, and what must never come of it."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

SIGN: Final = "irmevil"
"""Stands in every text, so that it is found again wherever irm shows it."""
MARKUP: Final = (
    f"\"'><img src=x id={SIGN} onerror={SIGN}()><script>{SIGN}()</script></textarea></title>{{{{7*7}}}}${{7*7}}{{%x%}}"
    f"'; DROP TABLE incident; --\u202e\u200b\u2028<!--"
)
LINES: Final = f"{SIGN}\r\nX-Irm-Split: yes\r\nBcc: all@example.test\r\n\r\n<b>"
FORMULA: Final = f'=HYPERLINK("http://{SIGN}.test","x")'
EACH_ALONE: Final = (MARKUP, LINES, FORMULA)
ALL_AT_ONCE: Final = (
    f"@SUM(1+1)*{SIGN}",
    f"\t=1+1+{SIGN}",
    f"../../../../../etc/passwd\0{SIGN}",
    f"javascript:{SIGN}()",
    f"{SIGN}\ud800",
    f"{SIGN}\0{SIGN}",
    f"%00%0d%0aX-Irm-Split:{SIGN}",
    SIGN + "长" * 70_000,
)
STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula (OWASP, CSV injection)."""


def wire(body: Any) -> bytes:
    """JSON as an attacker writes it: a lone surrogate stays the escape that it is."""
    return json.dumps(body, ensure_ascii=True).encode()


def whole(schema: dict[str, Any], components: dict[str, Any], known: dict[str, list[str]], depth: int = 0) -> Any:
    """A value with every field of `schema` filled: real numbers where a thing of the city is asked for."""
    if "$ref" in schema:
        return whole(components[schema["$ref"].rpartition("/")[2]], components, known, depth)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for several in ("oneOf", "anyOf", "allOf"):
        if schema.get(several):
            first = next((one for one in schema[several] if one.get("type") != "null"), schema[several][0])
            return whole(first, components, known, depth)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        fields = schema.get("properties", {})
        if depth > DEEPEST:
            fields = {name: one for name, one in fields.items() if name in schema.get("required", ())}
        return {
            name: known[name][0] if name in known else whole(one, components, known, depth + 1)
            for name, one in fields.items()
        }
    if kind == "array":
        return [whole(schema["items"], components, known, depth + 1)] if depth <= DEEPEST and "items" in schema else []
    plain: dict[Any, Any] = {"integer": 1, "number": 1, "boolean": True, "null": None}
    return plain[kind] if kind in plain else FORMATS.get(schema.get("format", ""), "文字")


DEEPEST: Final = 3
FORMATS: Final = {
    "uuid": "01939a3e-0000-7000-8000-000000000000",
    "date-time": "2026-11-22T03:00:00+00:00",
    "date": "2026-11-22",
    "time": "03:00:00",
}


def with_each(body: Any, text: str) -> Iterator[Any]:
    """`body` once for every text in it that nobody prescribes, with `text` in its place."""
    if isinstance(body, dict):
        for name, value in body.items():
            for changed in with_each(value, text):
                yield {**body, name: changed}
    elif isinstance(body, list):
        for place, value in enumerate(body):
            for changed in with_each(value, text):
                yield [*body[:place], changed, *body[place + 1 :]]
    elif body == "文字":
        yield text


def with_all(body: Any, text: str) -> Any:
    """`body` with `text` in every such place at once."""
    if isinstance(body, dict):
        return {name: with_all(value, text) for name, value in body.items()}
    if isinstance(body, list):
        return [with_all(value, text) for value in body]
    return text if body == "文字" else body


class Read(HTMLParser):
    """A page as a browser takes it: what in it came from an attacker's text, and which forms it has."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.injected: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self._choice: tuple[str, list[str]] | None = None
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._raw = tag if tag in {"script", "style"} else ""
        for name, value in given.items():
            if SIGN in name or (SIGN in value and name.startswith(("on", "style", "srcdoc"))):
                self.injected.append(f"<{tag} {name}={value[:80]!r}>")
            if name in LINKS and SIGN in value and re.match(r"\s*(javascript|data|vbscript):", value, re.IGNORECASE):
                self.injected.append(f"<{tag} {name}={value[:80]!r}>")
        if given.get("id") == SIGN or "x-irm-split" in given:
            self.injected.append(f"<{tag}> made of a text")
        self._in_form(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""
        if tag == "select" and self._choice and self.forms:
            name, values = self._choice
            self.forms[-1]["fields"][name] = values[0] if values else ""
            self._choice = None

    def handle_data(self, data: str) -> None:
        if self._raw and SIGN in data:
            self.injected.append(f"<{self._raw}> with {data[:80]!r}")

    def _in_form(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self.forms.append(
                {"action": given.get("action", ""), "method": given.get("method", "get"), "fields": {}, "typed": []}
            )
        elif not self.forms or (not given.get("name") and tag != "option"):
            return
        elif tag == "select":
            self._choice = (given["name"], [])
        elif tag == "option" and self._choice and given.get("value"):
            self._choice[1].append(given["value"])
        elif tag == "textarea" or (tag == "input" and given.get("type", "text") in TYPED):
            self.forms[-1]["typed"].append(given["name"])
            self.forms[-1]["fields"].setdefault(given["name"], given.get("value", ""))
        elif tag == "input" and (given.get("type") not in {"checkbox", "radio", "file"} or "checked" in given):
            self.forms[-1]["fields"][given["name"]] = given.get("value", "")
        elif tag == "input" and given.get("type") == "radio":
            self.forms[-1]["fields"].setdefault(given["name"], given.get("value", ""))


LINKS: Final = frozenset({"href", "src", "action", "formaction", "hx-get", "hx-post", "xlink:href"})
TYPED: Final = frozenset({"text", "search", "tel", "email", "url", "password", ""})


def formulas_in(content: bytes, media_type: str) -> list[str]:
    """Cells that a spreadsheet would calculate though somebody's text made them. Looks into CSV, XLSX, and ZIPs of CSV."""
    if "csv" in media_type:
        return _in_csv(content)
    if media_type.endswith(".sheet"):
        return _in_sheet(content)
    if media_type == "application/zip":
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return [one for name in package.namelist() if name.endswith(".csv") for one in _in_csv(package.read(name))]
    return []


def _in_csv(content: bytes) -> list[str]:
    import csv

    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [cell for row in rows for cell in row if SIGN in cell and cell.startswith(STARTS)]


def _in_sheet(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        sheets = [package.read(name).decode() for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
    return [found for sheet in sheets for found in re.findall(r"<f[ >].*?</f>", sheet) if SIGN in found]
