"""A playbook of irm as a CACAO 2.0 document: what any reader of CACAO relies on holds, and irm reads back what it wrote."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from irm.i18n import translator
from irm.playbooks.cacao.export import Exported, Stamp, export
from irm.playbooks.cacao.importing import import_cacao
from irm.playbooks.cacao.nesting import Beside, InTurn, nested, waits_more
from irm.playbooks.cacao.vocabulary import EXTENSION
from irm.playbooks.comparing import compare
from irm.playbooks.language import ReadPlaybook, read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.writing import playbook_text
from tests.unit.playbooks.made_up_files import playbooks

ZH = translator("zh-CN")
STAMP = Stamp(3, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC), "330000", "市大数据局")
IDENTIFIER = re.compile(
    r"[a-z][a-z0-9-]+[a-z0-9]--[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
FOLLOWS = ("on_completion", "on_success", "on_failure", "on_true")


def exported(source: str, *, locale: str = "zh-CN") -> Exported:
    return export(read_playbook(source, file="x.yaml"), STAMP, translator(locale))


def read_back(one: Exported) -> ReadPlaybook:
    found = import_cacao(one.text.encode(), known={}, t=ZH)
    assert (found.whole, found.losses) == (True, ())
    return read_playbook(found.text, file="back.yaml")


def follows(one: dict[str, Any]) -> list[str]:
    return [*(one[name] for name in FOLLOWS if name in one), *one.get("next_steps", ())]


def check_shape(document: Any) -> None:
    """What the specification demands of identifiers, references, steps and branches."""
    assert (document["type"], document["spec_version"]) == ("playbook", "cacao-2.0")
    workflow = document["workflow"]
    assert workflow[document["workflow_start"]]["type"] == "start"
    ends: list[str] = []
    for name, one in workflow.items():
        assert IDENTIFIER.fullmatch(name), name
        assert name.startswith(f"{one['type']}--")
        assert all(each in workflow for each in follows(one))
        if one["type"] == "end":
            assert not follows(one)
            continue
        assert ("on_completion" in one) != ("on_success" in one), name
        if one["type"] == "parallel":
            assert len(one["next_steps"]) >= 2
        if one["type"] == "action":
            assert one["agent"] in document["agent_definitions"]
            assert one["commands"]
            assert all(each["type"] in ("manual", "http-api") and each["command"] for each in one["commands"])
        for variable in re.findall(r"__[\w-]+__", " ".join([one.get("condition", ""), *one.get("out_args", ())])):
            assert variable in document["playbook_variables"]
        if one["type"] in ("parallel", "if-condition"):
            ends += [
                ended(each, workflow) for each in (*one.get("next_steps", ()), *filter(None, [one.get("on_true")]))
            ]
    assert len(set(ends)) == len(ends), "each branch has an end of its own"
    assert set(reached(document)) == set(workflow), "every step is reached"
    assert EXTENSION in document["extension_definitions"]


def ended(name: str, workflow: Any) -> str:
    while workflow[name]["type"] != "end":
        name = workflow[name].get("on_completion", workflow[name].get("on_success"))
    return name


def reached(document: Any) -> set[str]:
    found: set[str] = set()
    left = [document["workflow_start"]]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += follows(document["workflow"][name])
    return found


@pytest.mark.parametrize("file", library())
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_what_comes_with_irm_goes_out_and_comes_back(file: str, locale: str) -> None:
    source = library()[file]
    one = exported(source, locale=locale)
    check_shape(one.document)
    assert one.text == exported(source, locale=locale).text, "the same version, the same document"
    assert one.losses
    assert all(each.what.text(ZH) and each.why.text(ZH) for each in one.losses)
    read = read_playbook(source, file=file)
    assert not compare(read.playbook, read_back(one).playbook).changes


@given(playbooks())
def test_any_playbook_comes_back_as_it_was(data: dict[str, Any]) -> None:
    read = read_playbook(playbook_text(data), file="x.yaml")
    assert read.document.data == data, "what is written is what is read"
    one = export(read, STAMP, ZH)
    check_shape(json.loads(one.text))
    back = read_back(one)
    assert back.document.data == data
    assert not compare(read.playbook, back.playbook).changes


def test_the_chain_says_what_cacao_cannot() -> None:
    one = exported(library()["report-chain.yaml"])
    told = {(each.step, each.what.text(ZH)) for each in one.losses}
    for step, what in (
        ("alarm", "逐级呼叫的层级、通道和重呼间隔"),
        ("alarm", "收到确认即告完成、无人应答即报警"),
        ("contain", "须上传留存证据或说明理由方可办结"),
        ("cii", '条件随事件进展重新判断：incident.cii != "no"'),
        ("", "何时启动：incident.graded"),
    ):
        assert (step, what) in told, what
    assert any("cac-2025-reporting/cii-operator" in what for step, what in told if step == "cii")
    workflow = one.document["workflow"]
    (alarm,) = [each for each in workflow.values() if each.get("name") == "呼叫主管部门值班"]
    assert alarm["timeout"] == 45 * 60 * 1000
    assert alarm["on_success"] == alarm["on_failure"], "who does not answer holds nobody up"
    assert len(alarm["commands"]) == 3
    assert "每 5 分钟" in alarm["commands"][0]["command"]
    judged = [each["value"] for name, each in one.document["playbook_variables"].items() if name.startswith("__holds_")]
    assert judged == ["true"] * 3, (
        "who cannot judge a condition goes ahead: a legal report is never left out by silence"
    )
    reports = [name for name, each in workflow.items() if each.get("name") == "向市网信办报告"]
    (start,) = [each for each in workflow.values() if each["type"] == "start"]
    assert set(reports) & set(workflow[start["on_completion"]]["next_steps"]), "a legal report waits for nothing"


def test_an_unknown_construct_is_told_and_kept() -> None:
    """What the language learns later stands in the extension and on the list without anybody thinking of CACAO."""
    read = read_playbook(playbook_text(STORY), file="x.yaml")
    read.document.data["steps"][0]["later"] = {"after": "30m"}
    one = export(read, STAMP, ZH)
    assert "“later”" in {each.what.text(translator("en")) for each in one.losses}
    (kept,) = [each["step_extensions"] for each in one.document["workflow"].values() if "step_extensions" in each]
    assert kept[EXTENSION]["step"]["later"] == {"after": "30m"}


STORY: dict[str, Any] = {
    "apiVersion": "irm/v1",
    "kind": "Playbook",
    "id": "story",
    "title": {"zh-CN": "例"},
    "start": {"on": "incident.graded"},
    "steps": [{"id": "w", "wait": "15m"}],
}


def test_two_producers_do_not_take_each_others_identifiers() -> None:
    read = read_playbook(playbook_text(STORY), file="x.yaml")
    ids = {export(read, Stamp(1, STAMP.created, STAMP.modified, code), ZH).document["id"] for code in ("a", "b")}
    assert len(ids) == 2
    newer = export(read, Stamp(2, STAMP.created, STAMP.modified, "a"), ZH).document
    assert newer["id"] in ids, "a newer version is the same playbook"
    assert newer["modified"] == "2026-11-02T03:04:05.000Z"


@pytest.mark.parametrize(
    ("after", "nest", "more"),
    [
        ({"a": ()}, "a", {}),
        ({"a": (), "b": ("a",), "c": ("b",)}, InTurn(("a", "b", "c")), {}),
        ({"a": (), "b": ()}, Beside(("a", "b")), {}),
        ({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}, InTurn(("a", Beside(("b", "c")), "d")), {}),
        ({"a": (), "b": (), "c": ("a", "b"), "x": ()}, Beside((InTurn((Beside(("a", "b")), "c")), "x")), {}),
        # c comes after a, d after both: no nesting says it, and b is waited for.
        (
            {"a": (), "b": (), "c": ("a",), "d": ("a", "b")},
            InTurn((Beside(("a", "b")), Beside(("c", "d")))),
            {"c": ("b",)},
        ),
    ],
)
def test_order_as_cacao_says_it(after: Any, nest: Any, more: Any) -> None:
    assert nested(after) == nest
    assert waits_more(nest, after) == more


@given(playbooks(most=14))
def test_no_step_waits_for_less_and_those_at_the_start_for_nothing(data: dict[str, Any]) -> None:
    steps = read_playbook(playbook_text(data), file="x.yaml").playbook.steps
    after = {one.id: one.after for one in steps}
    more = waits_more(nested(after), after)
    assert not [one for one in steps if not one.after and one.id in more]
