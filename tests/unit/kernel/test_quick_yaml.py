"""What libyaml reads and what ruamel reads is the same, place by place; what ruamel refuses, nobody reads."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

import irm
from irm import quick_yaml
from irm.plain_yaml import Unreadable, compose, compose_slowly, plain
from irm.quick_yaml import compose_quickly
from irm.rules.load import builtin_sources

HOUSE = Path(irm.__file__).parent
OWN = sorted([*(HOUSE / "rules" / "packs").glob("*.yaml"), *(HOUSE / "playbooks" / "library").glob("*.yaml")])


def shape(node: Node) -> Any:
    """All that is asked of a node: what it is, and where it stands."""
    begins = node.start_mark.line, node.start_mark.column
    if isinstance(node, MappingNode):
        return "mapping", begins, [(shape(key), shape(value)) for key, value in node.value]
    if isinstance(node, SequenceNode):
        return "list", begins, [shape(value) for value in node.value]
    return str(node.tag), begins, node.end_mark.line, node.style or "", node.value


def read_by(way: Callable[[str], Node], text: str) -> Any:
    try:
        return shape(way(text))
    except Unreadable as error:
        return error.flaws


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_what_irm_brings_along_is_read_the_quick_way_with_every_place(path: Path) -> None:
    text = path.read_text("utf-8")
    quick = compose_quickly(text)
    assert quick is not None
    assert shape(quick) == shape(compose_slowly(text))


INDENTS = ["", " ", "  ", "   ", "    ", "\n", "\n  ", "\n    ", "\r\n  ", "\n\n"]
SIGNS = [
    *"-?:,[]{}\"'#|>!&*%@`~=.<\\+/",
    "- ",
    "? ",
    ": ",
    ", ",
    " #",
    "|-",
    ">-",
    "|+",
    ">2",
    "<<",
    "---",
    "...",
    "''",
    ":}",
    "\t",
]
WORDS = [
    "a",
    "b",
    "例",
    "：",
    "\U0001f600",
    "\ufeff",
    "\xa0",
    "no",
    "true",
    "null",
    "0",
    "1",
    "017",
    "1.5",
    "1e3",
    "0x1F",
    "1_0",
]
LINES = [
    "a: ",
    "\nb: ",
    "\n- ",
    "\n  - c: ",
    "\n---\n",
    "\n...\n",
    "{a: b}",
    "[a, b]",
    '"a":',
    "x#y",
    "\\n",
    "\\u4e00",
    "\\\n",
]
scraps = st.lists(st.sampled_from([*INDENTS, *SIGNS, *WORDS, *LINES]), max_size=14).map("".join)
frames = st.sampled_from(
    [
        "{}",
        "a: {}",
        "a:\n  {}",
        "a:\n  - b: {}\n    c: d\n",
        "{{x: [{}], y: z}}",
        "a: >-\n  {}",
        "a: |\n {}\nb: c",
        'a: "{}"\n',
        "a: '{}'",
    ]
)


@given(frames, scraps)
@example("a: {}", "|#")
@example("a: {}", "")
@example("a: {}", "\nb: 1")
@example("a: {}", "# b\nc: 1")
@example("{}", "{a: , b: }")
@example("{}", "? +")
@example("{{x: [{}], y: z}}", '"a":')
@example("{{x: [{}], y: z}}", '"a":b')
@example("{}", "-: ")
@example("a: {}", ">+\n  \n    b")
@example("a: {}", "1\n...\n...")
@example("a: {}", "|- \t")
@example("a: {}", "---")
@example("{}", "a: 1\n...\nb: 2")
@example("{}", "a: {b: *c}")
@example("{}", "a: !x 1")
@example("{}", "a: &x 1")
@example("{}", "%TAG ! x\n---\na: 1")
@example("{}", "a: 1\na: 2")
@example("{}", "a: 0o17")
@example("{}", '"\\u202e": 1')
def test_any_scrap_is_read_or_refused_as_the_slow_way_does(frame: str, scrap: str) -> None:
    text = frame.format(scrap)
    if "\ufeff" not in text[1:]:  # refused before either way
        assert read_by(compose, text) == read_by(compose_slowly, text)


@given(st.sampled_from(sorted(builtin_sources().values(), key=len)[:6]), st.data())
def test_a_slip_in_a_pack_is_told_as_the_slow_way_does(text: str, data: st.DataObject) -> None:
    begin = text.rfind("\n", 0, data.draw(st.integers(0, len(text) - 1))) + 1
    part = text[begin : begin + 400]
    at = data.draw(st.integers(0, len(part)))
    slip = data.draw(st.sampled_from([*SIGNS, *INDENTS, *LINES]))
    part = part[:at] + slip + part[at + data.draw(st.integers(0, 2)) :]
    assert read_by(compose, part) == read_by(compose_slowly, part)


words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=20)
values = st.recursive(
    st.one_of(words, st.integers(-999, 999), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(words, values, min_size=1, max_size=4), st.sampled_from([None, 1]))
def test_what_a_program_writes_comes_back(data: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=indent)  # JSON is YAML
    root = compose(text)
    assert plain(root) == data
    assert shape(root) == shape(compose_slowly(text))


def test_without_libyaml_all_is_read_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_yaml, "CParser", None)
    assert compose_quickly("a: 1\n") is None
    assert plain(compose("a: 1\n")) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "a: 1\n---\nb: 1",
        "a: &x 1",
        "a: !!int x",
        "%YAML 1.1\n---\na: 1",
        "? [a]\n: 1",
        "a: " + "[" * 41 + "]" * 41,
        "a: " + "x" * 10_001,
        "a:\n" + "- x\n" * 10_000,
    ],
)
def test_what_is_not_plain_is_left_to_the_slow_way(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert compose_quickly(text) is None
    monkeypatch.setattr(quick_yaml, "ODD", re.compile("(?!)"))  # and not only because it looks odd
    assert compose_quickly(text) is None
