"""Files that somebody might send to break irm, each with the place and the words with which it is refused; and, run as a
program, the process in which each is read within a second of computing time and 100 MB.

Run as a program it forks once for each case: the kernel, not a clock in a test, ends what takes too much.
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

SECONDS = 1
MEGABYTES = 100

HEAD = "apiVersion: irm/v1\nkind: Playbook\nid: chain\ntitle: {zh-CN: 例}\nstart: {on: incident.graded}\nsteps:\n"
STEP = "  - {id: a, page: [{to: on_duty(cloud_authority), within: 15m}]}\n"
PACK = """apiVersion: irm/v1
kind: RulePack
id: own
version: "1"
title: {zh-CN: 例, en: Example}
instrument: {title: {zh-CN: 例, en: Example}}
text_version: "1"
jurisdiction: city
force: 本市内控
effective: {from: 2026-01-01}
tests: [{id: one}]
rules:
"""
RULE = """  - {id: r%d, title: {zh-CN: 例, en: E}, citation: {article: {zh-CN: 一, en: "1"}}, status: local, when: '%s',
     duty: {kind: prompt, bearer: {role: operator}, recipients: [{kind: cyberspace_office, tier: city}]}}
"""


def when(condition: str) -> str:
    return HEAD + f"  - id: a\n    wait: 5m\n    when: '{condition}'\n"


def rule(condition: str) -> str:
    return PACK + RULE % (1, condition)


ANY = {
    "alias bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", "1:4", "Anchors and aliases are not allowed."),
    "sixty levels of aliases": (
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)),
        "1:5",
        "Anchors and aliases are not allowed.",
    ),
    "many anchors": ("- &a x\n" * 4_000, "1:3", "Anchors and aliases are not allowed."),
    "an alias of itself": ("a: &a\n  b: *a\n", "1:4", "Anchors and aliases are not allowed."),
    "a megabyte": ("a: " + "x" * 1_000_000, "1:1", "The file has more than 200000 characters."),
    "a megabyte of entries": ("- x\n" * 250_000, "1:1", "The file has more than 200000 characters."),
    "more entries than any file has": ("- x\n" * 40_000, "10000:3", "The file has more than 10000 entries."),
    "more keys than any file has": ("".join(f"k{i}: 1\n" for i in range(9_000)), "5000:8", "The file has more than 10000 entries."),
    "one endless text": ("a: " + "x" * 150_000, "1:4", "This text has more than 10000 characters."),
    "one endless quoted text": ('a: "' + "\\x41" * 40_000 + '"', "1:4", "This text has more than 10000 characters."),
    "a text over all lines": ("a: >\n" + "  x\n" * 40_000, "1:4", "This text has more than 10000 characters."),
    "nothing but comments": ("#\n" * 90_000, "1:1", "The file is empty."),
    "nothing but blanks": (" " * 190_000, "1:1", "The file is empty."),
    "nothing": ("", "1:1", "The file is empty."),
    "deep lists in brackets": ("[" * 90_000, "1:42", "The file is nested more than 40 levels deep."),
    "deep lists of dashes": ("- " * 90_000 + "x", "1:83", "The file is nested more than 40 levels deep."),
    "deep mappings": ("".join(" " * i + "all:\n" for i in range(500)), "41:41", "The file is nested more than 40 levels deep."),
    "deep braces": ("{all: " * 30_000, "1:242", "The file is nested more than 40 levels deep."),
    "deep question marks": ("? " * 90_000, "1:83", "The file is nested more than 40 levels deep."),
    "a NUL": ("a: \x00\n", "1:4", "The invisible character U+0000 is not allowed."),
    "a NUL in disguise": ('a: "x\\0"\n', "1:4", "The invisible character U+0000 is not allowed."),
    "half a character": ("a: \ud800\n", "1:4", "The invisible character U+D800 is not allowed."),
    "half a character in disguise": ('a: "\\ud800"\n', "1:4", "The invisible character U+D800 is not allowed."),
    "text that turns round": ("a: 1\nb: \u202eh1 nihtiw\n", "2:4", "The invisible character U+202E (right-to-left override)"),
    "text that turns round, in disguise": ('a: "\\u202e"\n', "1:4", "The invisible character U+202E"),
    "an isolate": ("a: x\u2066y\n", "1:5", "The invisible character U+2066"),
    "a key that turns round": ('"\\u202ea": 1\n', "1:1", "The invisible character U+202E"),
    "a line end that few know": ("a: 1\u2028b: 2\n", "1:5", "The invisible character U+2028"),
    "a byte order mark in the middle": ("a: 1\nb: \ufeff2\n", "2:4", "The invisible character U+FEFF"),
    "a tab for an indent": ("a:\n\tb: 1\n", "2:1", "A line is indented by a tab."),
    "the same key twice": ("a: 1\nb: 2\na: 3\n", "3:1", "“a” stands here twice."),
    "the same key often": ("a: 1\n" * 4_000, "2:1", "“a” stands here twice."),
    "a merge key": ("a: {<<: {b: 1}}\n", "1:5", "Merge keys are not allowed."),
    "a tag of Python": ("a: !!python/object:os.system x\n", "1:4", "The tag tag:yaml.org,2002:python/object:os.system is not allowed."),
    "a tag that lies": ("a: !!int x\n", "1:4", "The tag tag:yaml.org,2002:int is not allowed."),
    "many tags": ("- !!python/name:os x\n" * 4_000, "1:3", "The tag tag:yaml.org,2002:python/name:os is not allowed."),
    "a directive": ("%YAML 1.1\n---\na: no\n", "2:1", "Directives are not allowed."),
    "two documents": ("a: 1\n---\nb: 1\n", "2:1", "A file holds one document; here a second one begins."),
    "a number that never ends": ("a: " + "9" * 5_000, "1:4", "The number has more than 15 digits."),
    "an octal number": ("a: 0o17\n", "1:4", "“0o17” is no decimal number."),
    "a number with a nought before it": ("a: 017\n", "1:4", "“017” is no decimal number."),
    "a binary number": ("a: 0b11\n", "1:4", "“0b11” is no decimal number."),
    "infinity": ("a: .inf\n", "1:4", "“.inf” is no decimal number."),
    "a number beyond all numbers": ("a: 1e9999\n", "1:4", "“1e9999” is no decimal number."),
    "a list for a key": ("? [a]\n: 1\n", "1:3", "A key must be text."),
    "an open quotation mark": ('a: "x\n' + "y\n" * 60_000, "60002:1", "A quotation mark is not closed."),
    "a list instead of a file": ("- 1\n- 2\n", "1:1", "This must be a mapping of names to values."),
    "a word instead of a file": ("no\n", "1:1", "This must be a mapping of names to values."),
}  # fmt: skip

PLAYBOOKS = {
    "a duration in full-width digits": (HEAD + STEP.replace("15m", "１５m"), "7:59", "“１５m” is no duration."),
    "an endless duration": (HEAD + STEP.replace("15m", "9" * 9_000 + "m"), "7:59", "“999999999"),
    "a time of day for a duration": (HEAD + STEP.replace("15m", "22:30"), "7:59", "“22:30” is no duration."),
    "an endless name": (HEAD + f"  - {{id: a, wait: {'b' * 9_000}}}\n", "7:19", "Nothing to wait for is named “bbb"),
    "an endless target": (HEAD + STEP.replace("cloud_authority", "b" * 9_000), "7:25", "is no organization."),
    "six thousand steps to wait for": (HEAD + f"  - {{id: a, wait: 5m, after: [{'b,' * 6_000}]}}\n", "7:30", "at most 60 item(s)"),
    "two thousand steps": (HEAD + "".join(f"  - {{id: a{i}, wait: 5m}}\n" for i in range(1_900)), "7:3", "at most 60 item(s)"),
    "two thousand things that are no steps": (HEAD + "  - {x: 1}\n" * 2_000, "7:3", "at most 60 item(s)"),
    "sixty steps in a circle": (
        HEAD + "".join(f"  - {{id: a{i}, wait: 5m, after: [{', '.join(f'a{j}' for j in range(60))}]}}\n" for i in range(60)),
        "7:5",
        "“a0” waits for itself.",
    ),
}  # fmt: skip

CONDITIONS = {
    "twenty thousand brackets": ("(" * 4_900 + "true" + ")" * 4_900, "The condition has 9804 characters"),
    "nine hundred brackets": ("(" * 900 + "true" + ")" * 900, "nested too deep"),
    "nine hundred lists": ("1 in " + "[" * 900 + "]" * 900, "nested too deep"),
    "a ladder of questions": ("true?true:" * 190 + "true", "nested too deep"),
    "a long sum": ("1" + "-1" * 900 + " > 0", "nested too deep"),
    "a pattern that explodes": ('"aaaa".matches("(a+)+$")', "There is nothing named “matches”"),
    "loops in loops": ("[1].exists(x, [1].exists(y, [1].exists(z, x > y)))", "may stand here 2 times"),
    "a number that is too large": ("1 < 99999999999999999999999999", "This number cannot be read."),
    "full-width digits": ("1 < ２", "“２” cannot stand here."),
    "a word in no alphabet": ("incident.cii == “yes”", "“” cannot"),
    "text times text": ('"a" + "b" == "ab"', "“+” does not work"),
    "levels by size": ('incident.may_be("较大") <= 2', "of which 1 is the gravest"),
    "a level nobody named": ("incident.level < 3", 'incident.may_be("较大")'),
    "words by their letters": ('incident.cii < "no"', "compares words by their letters"),
    "nothing": (" ", "The condition is empty."),
}

PACKS = {
    "five hundred rules with bad conditions": (
        PACK + "".join(f"  - {{id: r{i}, when: 'x &&'}}\n" for i in range(1_400)), "13:3", "at most 500 item(s)"
    ),
    "rules whose conditions ask for nothing there is": (PACK + "".join(RULE % (i, "nothing") for i in range(250)), "13:104", "nothing named"),
    "an endless limit": (PACK + (RULE % (1, "true")).replace("prompt,", f"timed, within: PT{'9' * 9_000}H,"), "14:34", "is no limit."),
    "a level by a pack's own word": (rule("may_be < 2"), "13:111", "of which 1 is the gravest"),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    language: str
    name: str
    text: str
    place: str
    message: str


def cases() -> Iterator[Case]:
    for language in ("playbook", "pack"):
        for name, (text, place, message) in ANY.items():
            yield Case(language, name, text, place, message)
    for name, (text, place, message) in PLAYBOOKS.items():
        yield Case("playbook", name, text, place, message)
    for name, (text, place, message) in PACKS.items():
        yield Case("pack", name, text, place, message)
    for name, (condition, message) in CONDITIONS.items():
        yield Case("playbook", f"when: {name}", when(condition), "9:", message)
        yield Case(
            "pack",
            f"when: {name}",
            rule(condition.replace("incident.may_be", "may_be")),
            "13:",
            message.replace("incident.may_be", "may_be"),
        )


@dataclass
class Answer:
    """What came of it: faults in both languages, or what ended the process."""

    en: list[str] = field(default_factory=list)
    zh: list[str] = field(default_factory=list)
    died: str = ""


def answer(case: Case) -> Answer:
    from irm.i18n import translator
    from irm.playbooks.check import City, check
    from irm.rules.pack_tests import check_pack

    if case.language == "playbook":
        faults = check(case.text, file="f.yaml", city=City()).errors
    else:
        faults = check_pack(case.text, file="f.yaml")[1].faults
    return Answer(
        [fault.text(translator("en")) for fault in faults], [fault.text(translator("zh-CN")) for fault in faults]
    )


def ask(case: Case) -> Answer:
    """In a child that the kernel kills when it takes more than it may."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        os.close(readable)
        size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEGABYTES * 2**20,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        try:
            told = asdict(answer(case))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test tells it
            told = asdict(Answer(died=f"{type(error).__name__}: {error}"[:300]))
        with os.fdopen(writable, "w", encoding="ascii") as out:
            json.dump(told, out)
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable, encoding="ascii") as told_by_child:
        heard = told_by_child.read()
    _, status = os.waitpid(child, 0)
    return Answer(**json.loads(heard)) if heard else Answer(died=f"ended by signal {os.waitstatus_to_exitcode(status)}")


def main() -> None:
    answer(Case("playbook", "", HEAD + STEP, "", ""))  # what is read once is read before the measuring
    answer(Case("pack", "", rule("true"), "", ""))
    json.dump([asdict(ask(case)) for case in cases()], sys.stdout)


if __name__ == "__main__":
    main()
