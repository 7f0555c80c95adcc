"""The linter finds what a playbook says and can never mean."""

import pytest

from irm.playbooks.check import City, check
from irm.playbooks.city import built_in_city
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library

ASKS = (
    "  - id: cut\n    after: []\n{when}    decide: {{title: {{zh-CN: 是否断网}}, to: on_duty(cloud_authority), within: 1h, default: keep,\n"
    "      options: [{{id: cut, title: {{zh-CN: 断}}}}, {{id: half, title: {{zh-CN: 半}}}}, {{id: keep, title: {{zh-CN: 不断}}}}]}}\n"
)
CUT = ASKS.format(when="")


def playbook(steps: str, start: str = "on: incident.graded") -> str:
    return (
        "apiVersion: irm/v1\nkind: Playbook\nid: chain\ntitle: {zh-CN: 例, en: Example}\n"
        f"start: {{{start}}}\nsteps:\n{steps}"
    )


def notice(condition: str, after: str = "[]", name: str = "tell") -> str:
    return f"  - {{id: {name}, after: {after}, when: '{condition}', notice: {{to: on_duty(cloud_authority)}}}}\n"


def found(text: str, city: City | None = None) -> tuple[list[str], list[str]]:
    checked = check(text, file="x.yaml", city=city or City())
    return [str(one) for one in checked.errors], [str(one) for one in checked.warnings]


@pytest.mark.parametrize(
    "condition",
    [
        'incident.may_be("重大") && !incident.may_be("较大")',
        'incident.at_least("重大") && !incident.may_be("重大")',
        'incident.cii == "yes" && incident.cii == "no"',
        'incident.category == "malware" && incident.subcategory == "leak"',
        'incident.category == "" && incident.subcategory != ""',
        'decided.cut == "cut" && decided.cut == "keep"',
        "incident.crime_suspected && !incident.crime_suspected",
    ],
)
def test_a_condition_that_never_holds_is_an_error(condition: str) -> None:
    errors, _ = found(playbook(CUT + notice(condition, "[cut]")))
    assert errors == ["x.yaml:11:36: “tell” never begins: its condition can never hold."]


@pytest.mark.parametrize(
    "condition",
    [
        'incident.may_be("重大") && !incident.at_least("重大")',
        'incident.cii != "no" || incident.crime_suspected',
        'incident.category == "data" && incident.subcategory in ["", "leak"]',
        'incident.status == "contained" && incident.cii == "unknown"',
        'decided.cut in ["cut", "half"] && !incident.handled',
    ],
)
def test_one_that_can_hold_is_none(condition: str) -> None:
    assert found(playbook(CUT + notice(condition, "[cut]")))[0] == []


def test_a_playbook_that_can_never_begin_is_an_error() -> None:
    start = 'on: incident.graded, when: \'incident.may_be("重大") && !incident.may_be("较大")\''
    assert found(playbook(notice("true"), start))[0] == [
        "x.yaml:5:36: The playbook never begins: this condition can never hold."
    ]


def test_what_begins_when_a_limit_has_passed_is_never_before_it() -> None:
    step = "  - {id: tell, when: '!obligation.overdue', notice: {to: on_duty(cloud_authority)}}\n"
    assert "never begins" in found(playbook(step, "on: obligation.overdue"))[0][0]
    assert found(playbook(step, "on: [obligation.due_soon, obligation.overdue]"))[0] == []


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ('incident.category == "malwre"', "x.yaml:7:55: incident.category is never “malwre”. – “malware”?"),
        ('incident.subcategory in ["leak", "leek"]', "x.yaml:7:67: incident.subcategory is never “leek”. – “leak”?"),
    ],
)
def test_a_kind_of_incident_that_there_is_not_is_an_error(condition: str, told: str) -> None:
    assert found(playbook(notice(condition)))[0] == [told]


def test_what_waits_for_a_step_that_never_begins_is_an_error_too() -> None:
    steps = notice('incident.cii == "yes" && incident.cii == "no"') + "  - {id: then, after: [tell], wait: 5m}\n"
    assert "x.yaml:8:24: “then” waits for “tell”, which never begins. – leave it out" in found(playbook(steps))[0]


def test_a_decision_is_not_asked_before_it_can_be_taken() -> None:
    early = CUT + notice('decided.cut == "cut"')
    assert found(playbook(early))[0] == [
        "x.yaml:11:33: “tell” asks for decided.cut without waiting for “cut”: it would begin before. – after: [cut]"
    ]
    between = CUT + "  - {id: pause, wait: 5m}\n" + notice('decided.cut == "cut"', "[pause]")
    assert found(playbook(between))[0] == []


def test_a_decision_that_may_not_be_asked_leaves_the_next_step_undecided() -> None:
    asked = ASKS.format(when='    when: incident.cii == "yes"\n')
    _, warnings = found(playbook(asked + notice('decided.cut == "cut"', "[cut]")))
    assert warnings[-1] == (
        "x.yaml:12:36: Where “cut” does not begin, nothing decides this condition, and “tell” begins."
        ' – incident.cii == "yes" && …'
    )
    _, warnings = found(playbook(asked + notice('incident.cii == "yes" && decided.cut == "cut"', "[cut]")))
    assert not [one for one in warnings if "nothing decides" in one]


def test_of_several_options_that_lead_nowhere_all_but_one_are_slips() -> None:
    _, warnings = found(playbook(CUT + notice('decided.cut == "cut"', "[cut]")))
    assert warnings == [
        'x.yaml:10:16: After these options nothing comes: half, keep. – ask it in a step after it: decided.cut == "half"'
    ]
    assert found(playbook(CUT + notice('decided.cut != "keep"', "[cut]")))[1] == []
    assert found(playbook(CUT + "  - {id: then, notice: {to: on_duty(cloud_authority)}}\n"))[1] == []


def test_a_step_that_only_the_end_could_wake_is_told() -> None:
    assert found(playbook(notice("incident.handled")))[1] == [
        (
            "x.yaml:7:33: “tell” sleeps until the incident is handled, and then nobody wakes it."
            " – put a step with “wait: incident.handled” before it"
        )
    ]
    waited = "  - {id: end, after: [], wait: incident.handled}\n" + notice("incident.handled", "[end]")
    assert found(playbook(waited))[1] == []


def test_sixty_steps_of_tangled_conditions_are_given_up_on_rather_than_tried_for_ever() -> None:
    names = [f"decided.d{i}" for i in range(9)]
    asks = "".join(CUT.replace("id: cut\n", f"id: d{i}\n") for i in range(9))
    tangled = " && ".join(f'({one} == "cut" || {one} != "cut")' for one in names) + ' && incident.status == "x"'
    every = ", ".join(f"d{i}" for i in range(9))
    steps = asks + "".join(notice(tangled + f' && incident.status == "y{i}"', f"[{every}]", f"t{i}") for i in range(50))
    assert found(playbook(steps))[0] == []


@pytest.mark.parametrize("name", sorted(set(library()) - {"report-chain.yaml"}))
def test_the_library_means_what_it_says(name: str) -> None:
    assert found(library()[name], built_in_city()) == ([], [])


def test_the_linter_tells_the_same_whichever_way_a_condition_is_written() -> None:
    folded = playbook(
        '  - id: tell\n    when: >-\n      incident.cii == "yes"\n      && incident.cii == "no"\n    wait: 5m\n'
    )
    assert found(folded)[0] == ["x.yaml:8:11: “tell” never begins: its condition can never hold."]
    assert read_playbook(folded, file="x.yaml").playbook.id == "chain"
