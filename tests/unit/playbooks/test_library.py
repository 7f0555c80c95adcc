"""The playbooks that irm brings along for each kind of incident: who does what in which order, what holds if nobody decides."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from ruamel.yaml import YAML

from irm.categories import categories
from irm.playbooks import signals as s
from irm.playbooks.check import check
from irm.playbooks.city import built_in_city
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.simulator.timeline import Supposed, simulate
from irm.playbooks.state import Stage
from irm.playbooks.steps import Page, Playbook, Task
from tests.unit.playbooks.story import AUTHORITY, NIGHT, UNIT_A, UNIT_B, VENDOR, Night, facts

ANSWERS = {
    "ransomware": {("malware", "ransomware")},
    "portal-defacement": {("attack", "defacement"), ("attack", "hidden_link"), ("content", "reactionary"), ("content", "terror"), ("content", "pornography"), ("content", "falsehood")},
    "data-leak": {("data", ""), ("data", "leak"), ("data", "theft"), ("data", "interception"), ("data", "abuse"), ("data", "privacy")},
    "cloud-outage": {("facility", ""), *(("facility", sub) for sub in categories()["facility"].subs)},
    "ddos": {("attack", "denial_of_service")},
    "vendor-breach": {("attack", "supply_chain")},
    "vulnerability-notice": {("hidden", ""), *(("hidden", sub) for sub in categories()["hidden"].subs)},
    "insider-misuse": {("violation", one) for one in ("privilege_abuse", "privilege_forgery", "repudiation", "deliberate", "unauthorized_use")},
    "unknown": {("", "")},
}  # fmt: skip
"""Playbook → the kinds, as category and sub-category, that begin it."""
Course = list[tuple[str, tuple[str, ...]]]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def of(name: str) -> Playbook:
    return read_playbook(library()[f"{name}.yaml"], file=f"{name}.yaml").playbook


def known(name: str, **incident: Any) -> dict[str, Any]:
    """An incident of a kind that begins the playbook, on a platform that a vendor maintains for two units."""
    category, subcategory = min(ANSWERS[name])
    copy = facts(**{"category": category, "subcategory": subcategory} | incident)
    return copy | {"organizations": copy["organizations"] | {"operators": [UNIT_A], "vendors": [VENDOR]}}


def nobody(name: str, *, handled: timedelta | None = None, **incident: Any) -> list[tuple[timedelta, str, str]]:
    """(after, step, what) of a night on which nobody does or decides anything."""
    supposed = [] if handled is None else [Supposed(handled, s.SubjectHandled())]
    told = []
    for line in simulate(of(name), known(name, **incident), NIGHT, supposed=supposed).lines:
        effect = line.effect
        if isinstance(effect, s.StepOpened):
            told.append((line.at - NIGHT, effect.step, effect.kind))
        elif isinstance(effect, s.StepDone) and effect.outcome == "default":
            told.append((line.at - NIGHT, effect.step, "default"))
    return told


def everybody(name: str, decides: Mapping[str, str], **incident: Any) -> tuple[Course, Night]:
    """Everybody answers within five minutes. The steps in their order with whom they asked, and the night at its end."""
    night = Night(of(name), known(name, **incident))
    course: Course = []
    for is_handled in (False, True):
        if is_handled:
            night.tell(s.SubjectHandled())
        while True:
            tasks, asked, notices, runs = (
                night.took(kind) for kind in (s.OpenTask, s.AskDecision, s.SendNotice, s.StartRun)
            )
            course += [
                (step, tuple(one.audience.key for one in tasks if one.step == step))
                for step in dict.fromkeys(one.step for one in tasks)
            ]
            course += [(one.step, tuple(who.key for who in one.audiences)) for one in (*asked, *notices)]
            course += [(one.step, (one.playbook,)) for one in runs]
            if not tasks and not asked:
                break
            night.tick(minutes=5)
            for task in tasks:
                night.tell(s.TaskDone(task.step, task.audience.key))
            for one in asked:
                night.tell(s.Decided(one.step, decides[one.step], night.now))
    night.tick(minutes=1)
    return course, night


def order(course: list[tuple[str, tuple[str, ...]]]) -> list[str]:
    return [step for step, _ in course]


# -- of all of them


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_the_linter_has_nothing_to_say(name: str) -> None:
    checked = check(library()[f"{name}.yaml"], file=f"{name}.yaml", city=built_in_city())
    assert (checked.errors, checked.warnings) == ((), ())


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_each_answers_its_own_kinds_and_no_other(name: str) -> None:
    """Also: every kind that a condition names is a kind that there is."""
    start = of(name).start
    assert start.on == ("incident.graded",)
    assert start.when is not None
    kinds = {("", "")} | {(one.id, sub) for one in categories().values() for sub in ("", *one.subs)}
    assert {kind for kind in kinds if start.when(facts(category=kind[0], subcategory=kind[1]))} == ANSWERS[name]


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_nobody_is_called_by_it_and_every_text_stands_in_both_languages(name: str) -> None:
    assert not [step.id for step in of(name).steps if isinstance(step.action, Page)], "the chain calls"

    def texts(value: Any) -> list[Mapping[str, str]]:
        if isinstance(value, list):
            return [found for one in value for found in texts(one)]
        if not isinstance(value, dict):
            return []
        own = [value] if "zh-CN" in value else []
        return own + [found for one in value.values() for found in texts(one)]

    found = texts(YAML(typ="safe").load(library()[f"{name}.yaml"]))
    assert len(found) > 20
    assert [one for one in found if not one.get("en", "").strip()] == []
    assert [step.id for step in of(name).steps if not step.title] == [], "an id is no word of a page"


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_the_traces_are_secured_first_and_kept(name: str) -> None:
    first, *_ = steps = of(name).steps
    assert isinstance(first.action, Task)
    assert (first.id, first.after, first.action.evidence) == ("preserve", (), True)
    by_id = {step.id: step for step in steps}

    def waits_for_it(step: str) -> bool:
        return step == "preserve" or any(waits_for_it(above) for above in by_id[step].after)

    touching = [
        step.id
        for step in steps
        if isinstance(step.action, Task) and {str(one) for one in step.action.to} == {"on_duty(incident.maintainers)"}
    ]
    assert [step for step in touching if not waits_for_it(step)] == []


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_once_the_incident_is_handled_nothing_but_the_review_begins(name: str) -> None:
    told = nobody(name, handled=20 * MINUTE)
    late = [step for at, step, what in told if at >= 20 * MINUTE and what != "default"]
    assert set(late) <= {"review"}


# -- ransomware


def test_nobody_answers_ransomware() -> None:
    told = nobody("ransomware", handled=timedelta(days=2))
    assert told == [
        (0 * HOUR, "preserve", "task"),
        (0 * HOUR, "units", "task"),
        (0 * HOUR, "handled", "wait"),
        (30 * MINUTE, "backups", "task"),
        (30 * MINUTE, "police", "decide"),
        (1 * HOUR, "police", "default"),
        (1 * HOUR, "assist", "task"),
        (90 * MINUTE, "spread", "task"),
        (330 * MINUTE, "restore", "decide"),
        (450 * MINUTE, "restore", "default"),
        (450 * MINUTE, "settle", "task"),
        (930 * MINUTE, "check", "task"),
        (1410 * MINUTE, "reopen", "decide"),
        (1530 * MINUTE, "reopen", "default"),
        (1530 * MINUTE, "later", "task"),
        (48 * HOUR, "review", "task"),
    ], "the police are asked, nothing is restored and nothing is opened by silence"


def test_ransomware_is_worked_off_and_ends() -> None:
    course, night = everybody("ransomware", {"police": "ask", "restore": "backup", "reopen": "open"})
    assert course == [
        ("preserve", (VENDOR,)),
        ("units", (UNIT_A, UNIT_B)),
        ("backups", (VENDOR,)),
        ("police", (AUTHORITY,)),
        ("spread", (VENDOR,)),
        ("assist", (UNIT_A,)),
        ("restore", (UNIT_A, UNIT_B, AUTHORITY)),
        ("check", (VENDOR,)),
        ("reopen", (UNIT_A, UNIT_B, AUTHORITY)),
        ("reopened", (UNIT_A, UNIT_B)),
        ("review", (AUTHORITY,)),
    ]
    assert night.state.status == "finished"


def test_isolating_is_asked_once_by_the_chain_or_by_the_playbook() -> None:
    """Where the chain runs it gives that task; what is lowered once it is contained is not asked for again."""
    course, _ = everybody("ransomware", {"police": "own", "restore": "backup", "reopen": "open"}, reached=4, possible=4)
    assert order(course)[:3] == ["preserve", "units", "isolate"]
    lowered = Night(of("ransomware"), known("ransomware"))
    lowered.tell(s.FactsChanged(known("ransomware", reached=4, possible=4, assessed=4, status="contained")))
    lowered.tell(s.TaskDone("preserve", VENDOR))
    assert lowered.stage("isolate") is Stage.DORMANT


# -- web page tampering


def test_nobody_answers_an_altered_page() -> None:
    told = nobody("portal-defacement")
    assert told[:8] == [
        (0 * MINUTE, "preserve", "task"),
        (0 * MINUTE, "offline", "decide"),
        (0 * MINUTE, "units", "task"),
        (0 * MINUTE, "handled", "wait"),
        (10 * MINUTE, "offline", "default"),
        (15 * MINUTE, "take-down", "task"),
        (15 * MINUTE, "police", "decide"),
        (30 * MINUTE, "caches", "task"),
    ], "the page goes down after a quarter of an hour, once its pictures should be there"
    assert [step for _, step, what in told if what == "default"] == ["offline", "police", "reopen"]
    assert "reopened" not in {step for _, step, _ in told}


def test_a_page_that_is_right_again_is_not_taken_down() -> None:
    course, night = everybody("portal-defacement", {"offline": "keep", "police": "own", "reopen": "open"})
    assert order(course) == ["preserve", "units", "offline", "caches", "police", "cause", "check", "reopen", "watch", "reopened", "review"]  # fmt: skip
    assert night.state.status == "finished"


# -- data leak


def test_nobody_answers_a_leak() -> None:
    told = nobody("data-leak")
    opened = [step for _, step, what in told if what in {"task", "decide"}]
    assert opened == ["preserve", "units", "close", "persons", "police", "source", "assist", "check", "reopen", "later"]
    assert {step for _, step, what in told if what == "default"} == {"persons", "police", "reopen"}
    assert "waive" not in opened, "that the persons need not be told is never decided by silence"


def test_the_notices_of_the_law_are_drafted_once_they_are_owed_and_wait_for_nobody() -> None:
    night = Night(of("data-leak"), known("data-leak"))
    assert not night.took(s.OpenReport), "nothing is owed yet"
    for rule in ("pipl/breach-authority", "pipl/breach-persons", "data-regulation-2025/stakeholders"):
        night.owe(rule, rule)
    drafts = night.took(s.OpenReport)
    assert {(one.step, one.form) for one in drafts} == {
        ("pi-authority", "pi_notice"),
        ("pi-persons", "pi_notice"),
        ("stakeholders", "stakeholder_notice"),
    }
    assert night.stage("preserve") is Stage.ACTIVE, "nobody has done anything yet"


def test_a_leak_whose_harm_is_avoided_says_why_the_persons_are_not_told() -> None:
    course, night = everybody("data-leak", {"persons": "avoid", "police": "ask", "reopen": "stay"})
    assert order(course) == ["preserve", "units", "close", "persons", "source", "waive", "police", "check", "assist", "reopen", "later", "review"]  # fmt: skip
    assert night.state.status == "finished"


# -- failure of the cloud, denial of service


def test_nobody_answers_a_failure() -> None:
    told = nobody("cloud-outage")
    assert [step for _, step, what in told if what == "default"] == ["failover", "attack", "reopen"]
    opened = [step for _, step, _ in told]
    assert "switch-over" not in opened, "silence switches nothing over"
    assert opened.index("hunt") > opened.index("cause"), "and excludes no attack"


def test_a_failure_is_switched_over_and_ends() -> None:
    course, night = everybody("cloud-outage", {"failover": "switch", "attack": "excluded", "reopen": "open"})
    assert order(course) == ["preserve", "units", "order", "failover", "switch-over", "cause", "attack", "check", "reopen", "reopened", "review"]  # fmt: skip
    assert night.state.status == "finished"


def test_nobody_answers_a_flood() -> None:
    told = nobody("ddos")
    assert told[3:8] == [
        (15 * MINUTE, "scrub", "task"),
        (15 * MINUTE, "police", "decide"),
        (45 * MINUTE, "blackhole", "decide"),
        (45 * MINUTE, "cover", "task"),
        (65 * MINUTE, "blackhole", "default"),
    ]
    assert "cut-off" not in {step for _, step, _ in told}, "no service is given up by silence"


def test_a_flood_in_which_the_address_is_given_up_ends() -> None:
    course, night = everybody("ddos", {"blackhole": "cut", "police": "own", "reopen": "open"})
    assert order(course) == ["preserve", "units", "scrub", "police", "cover", "blackhole", "cut-off", "check", "reopen", "reopened", "review"]  # fmt: skip
    assert night.state.status == "finished"


# -- a vendor, somebody inside


def test_nobody_answers_a_breach_at_a_vendor() -> None:
    told = nobody("vendor-breach")
    assert told[:7] == [
        (0 * MINUTE, "preserve", "task"),
        (0 * MINUTE, "cut", "decide"),
        (0 * MINUTE, "statement", "task"),
        (0 * MINUTE, "scope", "task"),
        (0 * MINUTE, "handled", "wait"),
        (30 * MINUTE, "cut", "default"),
        (30 * MINUTE, "revoke", "task"),
    ], "by silence the vendor's access is suspended"
    assert ("leak", "run") in [(step, what) for _, step, what in told], (
        "whether data got out is not clear: a leak until known"
    )


def test_a_vendor_that_lost_no_data_comes_back_after_a_check() -> None:
    decides = {"cut": "escort", "police": "own", "data-out": "no", "reopen": "open"}
    course, night = everybody("vendor-breach", decides)
    assert dict(course)["revoke"] == (AUTHORITY, UNIT_A, UNIT_B), "those who hold the keys, not the vendor"
    assert dict(course)["statement"] == (VENDOR,)
    assert "leak" not in order(course)
    assert night.state.status == "finished"


def test_nobody_answers_a_misuse() -> None:
    told = nobody("insider-misuse")
    assert told[3:5] == [(30 * MINUTE, "freeze", "default"), (30 * MINUTE, "block-now", "task")]
    assert [step for _, step, what in told if what == "default"] == ["freeze", "police", "data-out"]
    assert "block-after" not in {step for _, step, _ in told}


def test_a_misuse_may_be_watched_until_the_traces_are_secured() -> None:
    decides = {"freeze": "after", "police": "ask", "data-out": "yes"}
    course, night = everybody("insider-misuse", decides)
    assert order(course).index("block-after") > order(course).index("preserve")
    assert "block-now" not in order(course)
    assert ("leak", ("data-leak",)) in course
    assert dict(course)["preserve"] == (AUTHORITY,), "not whoever works beside the person"
    assert night.state.status == "finished"


# -- a notice of a flaw, an incident of unknown nature


def test_nobody_answers_a_notice_of_a_flaw() -> None:
    told = nobody("vulnerability-notice")
    assert [step for _, step, what in told if what == "default"] == ["exploited", "limit"]
    opened = [step for _, step, _ in told]
    assert opened.index("preserve") < opened.index("shield") < opened.index("patch") < opened.index("check")
    assert {"search", "answer"} <= set(opened), "not clear means that it is searched on, and the authority is answered"
    assert "intruded" not in opened


def test_a_flaw_of_a_product_is_reported_within_its_limit() -> None:
    night = Night(of("vulnerability-notice"), known("vulnerability-notice"))
    night.owe("o", "data-regulation-2025/flaw-24h", VENDOR)
    assert [(one.step, one.form) for one in night.took(s.OpenReport)] == [("flaw", "flaw_notice")]


def test_a_flaw_that_was_used_is_filed_as_an_intrusion() -> None:
    course, night = everybody("vulnerability-notice", {"exploited": "yes", "limit": "keep"})
    assert ("intruded", (AUTHORITY,)) in course
    assert {"search", "shield"}.isdisjoint(order(course))
    assert night.state.status == "finished"


def test_nobody_says_what_it_is() -> None:
    told = nobody("unknown")
    assert told == [
        (0 * MINUTE, "preserve", "task"),
        (0 * MINUTE, "units", "task"),
        (0 * MINUTE, "handled", "wait"),
        (30 * MINUTE, "nature", "decide"),
        (90 * MINUTE, "nature", "default"),
        (90 * MINUTE, "isolate", "decide"),
        (120 * MINUTE, "isolate", "default"),
        (120 * MINUTE, "find-out", "task"),
    ], "it is looked into further; nothing is cut off by silence"


@pytest.mark.parametrize(
    ("nature", "begins"),
    [
        ("ransomware", "ransomware"),
        ("defacement", "portal-defacement"),
        ("leak", "data-leak"),
        ("outage", "cloud-outage"),
        ("ddos", "ddos"),
        ("vendor", "vendor-breach"),
        ("insider", "insider-misuse"),
        ("hidden", "vulnerability-notice"),
    ],
)
def test_once_somebody_says_what_it_is_the_playbook_for_it_begins(nature: str, begins: str) -> None:
    course, night = everybody("unknown", {"nature": nature})
    assert course[-1] == (nature, (begins,))
    assert {"isolate", "find-out", "review"}.isdisjoint(order(course))
    assert night.state.status == "finished"
