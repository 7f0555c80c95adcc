"""Texts live in catalogs, both languages are complete, and files and names say what they are."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from irm.cli import GROUPS, main
from tests.architecture.sources import CHINESE, PACKAGE, ROOT, docstrings, modules, templates, tracked

KEYWORDS = {"_": None, "N_": None, "said": None, "t": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2)}
ERRORS = ("Invalid", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Unavailable", "IrmError", "Finding")
SENTENCE = re.compile(r"[A-Z].*\s.*|[A-Z][a-z]+$")


@cache
def chinese() -> dict[str, tuple[str, bool, Path]]:
    """msgid → (translation, fuzzy, file)."""
    found: dict[str, tuple[str, bool, Path]] = {}
    for path in sorted((PACKAGE / "web" / "locale" / "zh_CN").glob("*.po")):
        for message in catalog(path):
            if not message.id:
                continue
            for msgid in message.id if isinstance(message.id, (list, tuple)) else [message.id]:
                text = message.string if isinstance(message.string, str) else " ".join(message.string or ())
                found[msgid] = (text, message.fuzzy, path)
    return found


def catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN")


def msgids_in_python() -> dict[str, str]:
    """msgid → where: every marked text, and the first argument of the errors that people see."""
    found: dict[str, str] = {}
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function in KEYWORDS or function in ERRORS:
                count = 2 if function in {"ngettext", "plural"} else 1
                for argument in node.args[:count]:
                    text = argument.value if isinstance(argument, ast.Constant) else None
                    if isinstance(text, str) and text and (function not in ERRORS or SENTENCE.match(text)):
                        found.setdefault(text, module.at(node))
            if function == "FieldError" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                found.setdefault(str(node.args[1].value), module.at(node))
    return found


def msgids_in_templates() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in templates():
        source = BytesIO(path.read_bytes())
        options = {"trimmed": "true", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols", "encoding": "utf-8"}
        for line, message, _, _ in extract("jinja2.ext:babel_extract", source, keywords=KEYWORDS, options=options):
            for msgid in message if isinstance(message, tuple) else (message,):
                if msgid:
                    found.setdefault(msgid, f"{path.relative_to(ROOT)}:{line}")
    return found


def test_every_text_has_its_chinese() -> None:
    wanted = msgids_in_python() | msgids_in_templates()
    assert wanted, "no texts found: the extraction is broken"
    missing = [f"{where}: {msgid!r}" for msgid, where in wanted.items() if not chinese().get(msgid, ("",))[0]]
    assert not missing, f"{len(missing)} texts without Chinese:\n" + "\n".join(sorted(missing))


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """(where, text) of every help that `irm … --help` shows. Read from what was declared: a command that was looked at
    before may stand in the reader's language already."""
    if command.callback is not None and command.callback.__doc__:
        yield name, inspect.cleandoc(command.callback.__doc__)
    yield from ((name, one.help) for one in command.params if isinstance(one, click.Option) and one.help)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            assert inner is not None, word
            yield from helps(inner, f"{name} {word}")


def test_every_command_helps_in_chinese() -> None:
    known = chinese()
    every = list(helps(main, "irm"))
    assert len(every) > len(GROUPS), "no commands found: the walk is broken"
    said = {text for text, _, _ in known.values()}  # an option that a test looked at in Chinese stays so
    missing = [f"{where}: {text!r}" for where, text in every if not (known.get(text, ("",))[0] or text in said)]
    assert not missing, f"{len(missing)} helps without Chinese:\n" + "\n".join(sorted(missing))


WORDS = re.compile(r"[a-z]{2,} [a-z]")
SPOKEN = {
    # calls whose text somebody reads → how many of their first arguments are text, after how many that are not
    "Wrong": (0, 2),
    "CannotStart": (0, 1),
    "EmbeddedError": (0, 1),
    "_fault": (1, 2),
    "fault": (1, 2),
    "Fault": (3, 2),
    "ConditionFault": (2, 2),
}


def test_faults_of_files_and_of_starting_are_said() -> None:
    """A sentence that is put together by hand reads English to everybody; `said("… %(name)s", name=…)` does not."""
    wrong = []
    for module in modules():
        marks = any(
            isinstance(one, ast.ImportFrom)
            and one.module == "irm.errors"
            and "said" in {name.name for name in one.names}
            for one in ast.walk(module.tree)
        )
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function == "said" and marks and not (node.args and isinstance(node.args[0], ast.Constant)):
                wrong.append(f"{module.at(node)} said() of a variable: mark the text where it stands")
            before, count = SPOKEN.get(function, (0, 0))
            starred = next((at for at, one in enumerate(node.args) if isinstance(one, ast.Starred)), None)
            texts = node.args[before if starred is None else starred + 1 :][:count]
            for one in texts:
                parts = one.values if isinstance(one, ast.JoinedStr) else [one]
                if any(isinstance(part, ast.Constant) and WORDS.search(str(part.value)) for part in parts):
                    wrong.append(f"{module.at(one)} {function}() of a text that is not said()")
    assert not wrong, "\n".join(wrong)


def test_no_translation_is_uncertain() -> None:
    fuzzy = [f"{path.name}: {msgid!r}" for msgid, (_, is_fuzzy, path) in chinese().items() if is_fuzzy]
    assert not fuzzy, "\n".join(fuzzy)


def test_translations_keep_every_placeholder() -> None:
    placeholder = re.compile(r"%\((\w+)\)[sd]")
    wrong = [
        f"{path.name}: {msgid!r} → {text!r}"
        for msgid, (text, _, path) in chinese().items()
        # Chinese has no plural: a singular without %(n)s may gain one
        if set(placeholder.findall(text)) - {"n"} != set(placeholder.findall(msgid)) - {"n"} and text
    ]
    assert not wrong, "\n".join(wrong)


def test_translations_read_like_an_office() -> None:
    wrong = [
        f"{path.name}: {text!r}"
        for text, _, path in chinese().values()
        if any(word in text for word in ("您好", "！", "!", "您")) or re.search(r"[\u4e00-\u9fff][,;:?]", text)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_two_catalogs_translate_one_text_differently() -> None:
    seen: dict[str, tuple[str, str]] = {}
    wrong = []
    for path in sorted((PACKAGE / "web" / "locale" / "zh_CN").glob("*.po")):
        for message in catalog(path):
            if message.id and isinstance(message.id, str) and isinstance(message.string, str) and not message.context:
                before = seen.setdefault(message.id, (message.string, path.name))
                if before[0] != message.string:
                    wrong.append(f"{message.id!r}: {before[1]} {before[0]!r}, {path.name} {message.string!r}")
    assert not wrong, "\n".join(wrong)


def test_no_chinese_stands_in_code() -> None:
    """Comments and docstrings may name a term; text that a program shows or stores may not."""
    wrong = []
    for module in modules():
        documented = docstrings(module.tree)
        for node in ast.walk(module.tree):
            text = node.value if isinstance(node, ast.Constant) and id(node) not in documented else None
            if isinstance(text, str) and CHINESE.search(text):
                wrong.append(f"{module.at(node)} {text[:40]!r}")
    assert not wrong, "\n".join(wrong)


def test_no_chinese_stands_in_templates() -> None:
    comment = re.compile(r"\{#.*?#\}", re.DOTALL)
    wrong = []
    for path in templates():
        text = comment.sub("", path.read_text(encoding="utf-8"))
        wrong += [f"{path.relative_to(ROOT)} {line.strip()[:60]}" for line in text.splitlines() if CHINESE.search(line)]
    assert not wrong, "\n".join(wrong)


# -- files and names

NAMELESS = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "base", "misc", "shared"}
LONGEST = 400


def test_rooms_and_modules_are_named_by_concept() -> None:
    wrong = [str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py") if path.stem in NAMELESS]
    wrong += [str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py") if re.search(r"\d$", path.stem)]
    wrong += [str(path.relative_to(ROOT)) for path in PACKAGE.iterdir() if path.is_dir() and path.name in NAMELESS]
    assert not wrong, wrong


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    wrong = {module.name: len(module.text.splitlines()) for module in modules()}
    assert not {name: lines for name, lines in wrong.items() if lines > LONGEST}


def test_whoever_silences_a_check_says_why() -> None:
    """Beside it, after ` - ` or a second `#`."""
    silenced = re.compile(r"# (?:noqa|type: ignore)\b")
    reason = re.compile(r"# (?:noqa: [A-Z0-9, ]+ - |type: ignore\[[a-z, -]+\]  # )\S")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix == ".py" and path.parent.name != "architecture"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if silenced.search(line) and not reason.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_folder_is_empty_of_code() -> None:
    wrong = [
        str(folder.relative_to(ROOT))
        for folder in PACKAGE.iterdir()
        if folder.is_dir() and folder.name not in {"__pycache__", "_alembic"} and not list(folder.rglob("*.py"))
    ]
    assert not wrong, wrong


OLD_BROWSERS = {
    # what Chromium 86 does not know (FACE, Behaviour)
    ":has(": re.compile(r":has\("),
    "@layer": re.compile(r"@layer\b"),
    "@container": re.compile(r"@container\b|container-type\s*:"),
    "oklch/lab/color-mix": re.compile(r"\b(oklch|oklab|lch|color-mix)\("),
    "dvh/svh/lvh": re.compile(r"\d[dsl]v[hw]\b"),
    "nesting": re.compile(r"\{[^{}]*&[^{}]*\{", re.DOTALL),
    "inset": re.compile(r"[{;\s]inset\s*:"),
    "aspect-ratio": re.compile(r"[{;\s]aspect-ratio\s*:"),
}
NEW_SCRIPT = {
    "structuredClone": re.compile(r"\bstructuredClone\("),
    ".at(": re.compile(r"\.at\(-?\d"),
    "replaceChildren's elders": re.compile(r"\bObject\.groupBy\(|\.toSorted\(|\.findLast\("),
    "crypto.randomUUID": re.compile(r"\bcrypto\.(randomUUID|subtle)\b"),
    "clipboard without fallback": re.compile(r"navigator\.clipboard\.(?!writeText\b)"),
    "Object.hasOwn": re.compile(r"Object\.hasOwn\("),
    "logical assignment": re.compile(r"\?\?=|\|\|=|&&="),
    "eval": re.compile(r"\beval\(|new Function\("),
}


def static(suffix: str) -> list[Path]:
    return sorted((PACKAGE / "web" / "static").rglob(f"*{suffix}"))


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("feature", OLD_BROWSERS)
def test_styles_run_in_chromium_86(feature: str) -> None:
    wrong = []
    for path in static(".css"):
        text = re.sub(r"@supports[^{]*\{(?:[^{}]|\{[^{}]*\})*\}", "", without_comments(path.read_text()))
        if OLD_BROWSERS[feature].search(text):
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong, f"{feature}: {wrong}"


@pytest.mark.parametrize("feature", NEW_SCRIPT)
def test_scripts_run_in_chromium_86(feature: str) -> None:
    wrong = [
        str(p.relative_to(ROOT)) for p in static(".js") if NEW_SCRIPT[feature].search(without_comments(p.read_text()))
    ]
    assert not wrong, f"{feature}: {wrong}"


def test_pages_hold_no_inline_style_or_script() -> None:
    inline = re.compile(
        r"\sstyle=|<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")|\son[a-z]+=|hx-on|hx-vals=['\"]js:|javascript:"
    )
    wrong = []
    for path in templates():
        text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        wrong += [f"{path.relative_to(ROOT)}: {match.group().strip()}" for match in inline.finditer(text)]
    assert not wrong, "\n".join(wrong)


def test_nothing_of_a_workplace_is_in_the_tree() -> None:
    """No registry address, no absolute path of somebody's machine."""
    foreign = re.compile(r"index-url\s*[= ]\s*http|find-links|/(?:root|home/\w+)/(?!\.)\w+/")
    wrong = []
    for path in tracked():
        if path.suffix in {".png", ".pdf", ".docx", ".jpg"} or path.parent.name == "architecture":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if foreign.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)
