"""CACAO documents from others become drafts: everything in them stands in the draft or on the list of what does not."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from irm.errors import Invalid
from irm.i18n import translator
from irm.playbooks.cacao.export import export
from irm.playbooks.cacao.importing import Imported, import_cacao
from irm.playbooks.cacao.reading import LARGEST, read_cacao
from irm.playbooks.cacao.vocabulary import EXTENSION
from irm.playbooks.check import check
from irm.playbooks.city import built_in_city
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.steps import Decide, Playbook, RunPlaybook, Task
from irm.playbooks.writing import playbook_text
from tests.unit.playbooks.made_up_files import playbooks
from tests.unit.playbooks.test_cacao_export import STAMP

FOLDER = Path(__file__).parent / "cacao"
EN, ZH = translator("en"), translator("zh-CN")


def foreign(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def taken(document: Any, **known: str) -> tuple[Playbook, Imported]:
    one = import_cacao(json.dumps(document).encode(), known=known, t=EN)
    return read_playbook(one.text, file="draft.yaml").playbook, one


def told(one: Imported) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for loss in one.losses:
        found.setdefault(loss.title["zh-CN"], set()).add(loss.what.text(EN))
    return found


def order(playbook: Playbook) -> dict[str, tuple[tuple[str, ...], str | None]]:
    return {step.id: (step.after, step.when_source) for step in playbook.steps}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_draft_of_anybodys_playbook_has_no_faults(path: Path) -> None:
    for t in (EN, ZH):
        one = import_cacao(path.read_bytes(), known={}, t=t)
        assert not check(one.text, file="draft.yaml", city=built_in_city()).errors
        assert not one.whole
        assert all(loss.what.text(t) and loss.why.text(t) for loss in one.losses)


def test_an_automation_becomes_work_for_people() -> None:
    playbook, one = taken(foreign("phishing-automation"))
    assert order(playbook) == {
        "extract-indicators": ((), None),
        "extract-indicators-2": (("extract-indicators",), None),
        "analyse-by-hand": (("extract-indicators-2",), 'decided.extract_indicators_2 == "failed"'),
        "verdict-of-the-sandbox": (("extract-indicators-2", "analyse-by-hand"), None),
        "mailboxes-left": (("verdict-of-the-sandbox",), 'decided.verdict_of_the_sandbox == "case_1"'),
        "ask-the-reporter": (("verdict-of-the-sandbox",), 'decided.verdict_of_the_sandbox == "case_2"'),
        "close-as-false-alarm": (("verdict-of-the-sandbox",), 'decided.verdict_of_the_sandbox == "case_3"'),
        "purge-the-mail": (
            ("mailboxes-left",),
            'decided.verdict_of_the_sandbox == "case_1" && decided.mailboxes_left == "yes"',
        ),
        "wait": (("purge-the-mail", "ask-the-reporter", "close-as-false-alarm"), None),
        "write-the-record": (("wait",), None),
    }
    extract, verdict = playbook.step("extract-indicators"), playbook.step("verdict-of-the-sandbox")
    assert extract is not None
    assert verdict is not None
    assert isinstance(extract.action, Task)
    assert [str(each["zh-CN"]) for each in extract.action.checklist][1].startswith("[bash] extract-iocs --in")
    assert isinstance(verdict.action, Decide)
    assert [each["zh-CN"] for each in verdict.action.options.values()] == [
        "malicious", "suspicious", "benign", "None of these",
    ]  # fmt: skip
    found = told(one)
    assert {"that it is repeated while the condition holds"} < found["Mailboxes left"]
    assert "that a machine does it: command 1 (powershell)" in found["Purge the mail"]
    assert "how long it may take: 4h was put" in found["Purge the mail"]
    whole = found["Phishing mail: triage and clean-up"]
    assert {"its signature was not checked", "“markings”", "“workflow_exception”", "when it begins"} < whole
    assert "Remove-MailMessage -Batch 50" in one.text


def test_branches_that_run_together_go_on_for_either_answer() -> None:
    playbook, one = taken(foreign("ransomware-another-city"))
    steps = order(playbook)
    assert steps["step-5"] == (("step-1", "step-4", "step-3"), None), "after all that stands side by side"
    assert steps["step-8"] == (("step-6", "step-7"), None)
    last = playbook.steps[-1].action
    assert isinstance(last, Task)
    assert [str(each) for each in last.to] == ["on_duty(incident.maintainers)", "role(cloud_authority, duty_leader)"]
    found = told(one)
    assert found["旧版步骤"] == {"the step"}, "no way leads to it"
    assert "“x_drill_score”" in found["勒索病毒应急处置（兄弟市）"]
    assert any("playbook--7c0e0077" in what for what in found["执行上报预案"])
    known, _ = taken(
        foreign("ransomware-another-city"), **{"playbook--7c0e0077-51d2-4c1b-9a40-3f6e5d2b0077": "report-chain"}
    )
    assert RunPlaybook("report-chain") in [step.action for step in known.steps]


def test_some_cases_that_run_together_are_one_of_them() -> None:
    document = foreign("phishing-automation")
    names = {one.get("name"): name for name, one in document["workflow"].items()}
    both = names["Ask the reporter"]
    switch = document["workflow"][names["Verdict of the sandbox"]]
    switch["cases"] |= {"malicious": both, "suspicious": both}
    playbook, _ = taken(document)
    asked = playbook.step("ask-the-reporter")
    assert asked is not None
    assert asked.when_source == (
        '(decided.verdict_of_the_sandbox == "case_1" || decided.verdict_of_the_sandbox == "case_2")'
    )


def test_what_is_done_where_branches_fail_is_told() -> None:
    document = foreign("ransomware-another-city")
    (parallel,) = [one for one in document["workflow"].values() if one["type"] == "parallel"]
    then = parallel.pop("on_completion")
    names = {one.get("name"): name for name, one in document["workflow"].items()}
    parallel |= {"on_success": then, "on_failure": names["旧版步骤"]}
    playbook, one = taken(document)
    assert "what is done where it fails" in told(one)["同时进行"]
    assert "旧版步骤" not in {step.title["zh-CN"] for step in playbook.steps}


@pytest.mark.parametrize("file", library())
def test_an_export_without_its_extension_is_read_as_well_as_can_be(file: str) -> None:
    read = read_playbook(library()[file], file=file)
    document = json.loads(export(read, STAMP, ZH).text)
    for each in (document, *document["workflow"].values()):
        each.pop("playbook_extensions", None)
        each.pop("step_extensions", None)
    playbook, one = taken(document)
    assert not one.whole
    assert {step.title["zh-CN"] for step in read.playbook.steps} <= {
        *(step.title.get("zh-CN") for step in playbook.steps),
        *(step.id for step in playbook.steps),
        *(step.title["zh-CN"] for step in read.playbook.steps if step.kind == "run"),
    }
    acting = [step for step in read.playbook.steps if step.kind in ("page", "task")]
    for step in acting:
        (draft,) = [
            each for each in playbook.steps if each.title == {"zh-CN": step.title["zh-CN"]} and each.kind == "task"
        ]
        assert isinstance(draft.action, Task)
        if isinstance(step.action, Task):
            assert (draft.action.to, draft.action.within) == (step.action.to, step.action.within)


def test_what_was_changed_outside_irm_is_told() -> None:
    document = json.loads(export(read_playbook(library()["report-chain.yaml"], file="x"), STAMP, ZH).text)
    (alarm,) = [one for one in document["workflow"].values() if one.get("name") == "呼叫主管部门值班"]
    alarm["timeout"] = 60_000
    one = import_cacao(json.dumps(document).encode(), known={}, t=ZH)
    assert (one.whole, [loss.title["zh-CN"] for loss in one.losses]) == (True, ["呼叫主管部门值班"])
    assert "every: 5m, within: 15m" in one.text, "irm's own part is taken"


def test_an_incomplete_extension_is_not_trusted() -> None:
    document = json.loads(export(read_playbook(library()["report-chain.yaml"], file="x"), STAMP, ZH).text)
    (alarm,) = [one for one in document["workflow"].values() if one.get("name") == "呼叫主管部门值班"]
    alarm["step_extensions"][EXTENSION] = {"step": "alarm"}
    one = import_cacao(json.dumps(document).encode(), known={}, t=EN)
    assert not one.whole
    assert one.losses[0].what.text(EN) == "irm's own part of the document"


def test_a_draft_with_faults_of_its_own_is_handed_over_all_the_same() -> None:
    """The editor shows them at their lines; nothing of the document is executed or trusted."""
    document = json.loads(export(read_playbook(library()["owed-default.yaml"], file="x"), STAMP, ZH).text)
    document["playbook_extensions"][EXTENSION]["playbook"] |= {"id": "../../etc", "start": {"on": "nothing"}}
    one = import_cacao(json.dumps(document).encode(), known={}, t=ZH)
    assert check(one.text, file="draft.yaml", city=built_in_city()).errors


def faults(content: bytes | Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read_cacao(content if isinstance(content, bytes) else json.dumps(content).encode())
    assert caught.value.code == "cacao"
    assert all(one.text(ZH) for one in caught.value.errors)
    return [(one.field, one.text(EN)) for one in caught.value.errors]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"", "This is no JSON"),
        (b"{,}", "line 1, column 2"),
        (b'{"type": "playbook", "type": "playbook"}', "stands here twice"),
        (b'{"a": NaN}', "This is no JSON: NaN"),
        (b'{"a": ' + b"9" * 9000 + b"}", "This is no JSON"),
        (b"[" * 50_000 + b"]" * 50_000, "nested more than 40 levels"),
        (b" " * (LARGEST + 1), "larger than 1000 KB"),
        (b"[]", "A JSON object is expected"),
        (b'"playbook"', "A JSON object is expected"),
        (b"{}", "“null” is not possible here"),
        (b'{"type": "playbook", "spec_version": "cacao-1.1"}', "this document says “cacao-1.1”. – cacao-2.0"),
    ],
)
def test_what_is_no_document_is_refused(content: bytes, said: str) -> None:
    assert said in faults(content)[0][1]


def test_faults_are_told_by_pointer() -> None:
    document = foreign("phishing-automation")
    names = {one.get("name"): name for name, one in document["workflow"].items()}
    purge, loop = names["Purge the mail"], names["Mailboxes left"]
    for name, change, where, said in (
        (purge, {"on_completion": "action--gone"}, f"/workflow/{purge}/on_completion", "There is no step “action--gone”."),
        (purge, {"type": "acton"}, f"/workflow/{purge}/type", "There is no kind of step “acton”. – action?"),
        (purge, {"timeout": "5 min"}, f"/workflow/{purge}/timeout", "Milliseconds are a whole number, zero or more."),
        (purge, {"timeout": -1}, f"/workflow/{purge}/timeout", "Milliseconds are a whole number, zero or more."),
        (purge, {"timeout": True}, f"/workflow/{purge}/timeout", "Milliseconds are a whole number, zero or more."),
        (purge, {"name": ["x"]}, f"/workflow/{purge}/name", "Text is expected here."),
        (purge, {"commands": "rm"}, f"/workflow/{purge}/commands", "A JSON list is expected here."),
        (purge, {"step_extensions": {"x": 1}}, f"/workflow/{purge}/step_extensions", "A JSON object is expected here."),
        (loop, {"on_true": {"a": 1}}, f"/workflow/{loop}/on_true", 'There is no step “{"a": 1}”.'),
        (purge, {"on_completion": loop}, f"/workflow/{purge}", "“Mailboxes left” leads back to itself."),
        (purge, {"x~/y": "\x00"}, f"/workflow/{purge}/x~0~1y", "Contains characters that cannot be stored (control characters)."),
        (purge, {"name": "\ud800"}, f"/workflow/{purge}/name", "Contains characters that cannot be stored (control characters)."),
    ):  # fmt: skip
        changed = deepcopy(document)
        changed["workflow"][name] |= change
        assert faults(changed) == [(where, said)], change
    for change, where in (
        ({"workflow": {}}, "/workflow"),
        ({"workflow": None}, "/workflow"),
        ({"workflow_start": 7}, "/workflow_start"),
        ({"workflow_start": "start--00000000-0000-4000-8000-000000000000"}, "/workflow_start"),
        ({"name": " "}, "/name"),
        ({"id": "playbook--1"}, "/id"),
        ({"agent_definitions": []}, "/agent_definitions"),
        ({"playbook_extensions": {"x": []}}, "/playbook_extensions"),
        ({"workflow": {f"end--{n:08d}-0000-4000-8000-000000000000": {"type": "end"} for n in range(501)}}, "/workflow"),
    ):
        assert faults(document | change)[0][0] == where


def test_a_chain_of_hundreds_is_read_and_told_to_be_too_long() -> None:
    ids = [f"action--{number:08d}-0000-4000-8000-000000000000" for number in range(400)]
    end = "end--00000000-0000-4000-8000-000000000000"
    document = foreign("block-address-openc2") | {
        "workflow_start": "start--00000000-0000-4000-8000-000000000000",
        "workflow": {
            "start--00000000-0000-4000-8000-000000000000": {"type": "start", "on_completion": ids[0]},
            **{one: {"type": "action", "on_completion": then} for one, then in zip(ids, [*ids[1:], end], strict=True)},
            end: {"type": "end"},
        },
    }
    one = import_cacao(json.dumps(document).encode(), known={}, t=EN)
    assert one.losses[0].what.text(EN) == "that it is one playbook: 400 steps"


@given(playbooks(), st.data())
def test_no_order_of_steps_is_too_strange(data: dict[str, Any], draw: st.DataObject) -> None:
    """Somebody turns pointers of a document elsewhere: it is refused with a pointer, or read into a draft that reads."""
    document = json.loads(export(read_playbook(playbook_text(data), file="x"), STAMP, EN).text)
    for each in (document, *document["workflow"].values()):
        each.pop("playbook_extensions", None)
        each.pop("step_extensions", None)
    names = list(document["workflow"])
    for _ in range(draw.draw(st.integers(0, 4))):
        one = document["workflow"][draw.draw(st.sampled_from(names))]
        fields = [name for name in ("on_completion", "on_success", "on_failure", "on_true") if name in one]
        if fields:
            one[draw.draw(st.sampled_from(fields))] = draw.draw(st.sampled_from(names))
    try:
        made = import_cacao(json.dumps(document).encode(), known={}, t=EN)
    except Invalid:
        assert all(where.startswith("/workflow/") for where, _ in faults(document))
        return
    if any(step["type"] in ("action", "playbook-action") for step in document["workflow"].values()):
        steps = read_playbook(made.text, file="draft.yaml").playbook.steps if "steps: []" not in made.text else ()
        assert len({step.id for step in steps}) == len(steps)
