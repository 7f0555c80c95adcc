"""What a machine says, in irm's words."""

from typing import Any

import pytest
from pydantic import ValidationError

from irm.alerts.formats import Heard
from irm.alerts.mapping import Alert, Mapped, alert_of, severity_of
from irm.alerts.policy import alert_policy

POLICY = alert_policy()
DOCUMENT: dict[str, Any] = {
    "labels": {"alertname": "DiskFull", "severity": "Critical", "instance": "10.2.3.4:9100", "system": "portal"},
    "annotations": {"summary": "Disk\x07 full", "list": ["a", {"b": "second"}]},
    "fingerprint": "c0ffee",
    "users": "120",
    "share": 3.0,
}


def mapped(document: dict[str, Any], kind: str = "alertmanager", **mapping: Any) -> Alert:
    return alert_of(Heard("key", document), kind, Mapped(**mapping), POLICY)


def test_the_usual_fields_of_alertmanager() -> None:
    alert = mapped(DOCUMENT)
    assert (alert.title, alert.severity, alert.system, alert.resource) == (
        "Disk  full",
        "critical",
        "portal",
        "10.2.3.4:9100",
    )
    assert (alert.grouping, alert.state) == ("DiskFull", "firing")


def test_a_path_goes_through_lists_takes_the_first_that_is_there_and_constants() -> None:
    alert = mapped(
        DOCUMENT, title="annotations.none | annotations.list.1.b", system="=archive", grouping="annotations.list.7"
    )
    assert (alert.title, alert.system, alert.grouping) == ("second", "archive", "second")


def test_facts_that_the_catalogue_does_not_take_are_left_out_and_the_alert_stays() -> None:
    facts = {
        "people_affected": "users",
        "views": "share",
        "reposts": "labels.alertname",
        "system_loss": "labels.severity",
    }
    assert mapped(DOCUMENT, facts=facts).facts == {"people_affected": 120, "views": 3}


def test_fingerprints_are_told_apart_by_all_their_parts() -> None:
    same = mapped(DOCUMENT, fingerprint=["labels.alertname", "labels.instance"])
    other = mapped(
        DOCUMENT | {"labels": DOCUMENT["labels"] | {"instance": "b"}},
        fingerprint=["labels.alertname", "labels.instance"],
    )
    assert same.fingerprint != other.fingerprint
    nothing = mapped({}, fingerprint=["labels.alertname"])
    assert nothing.fingerprint == "key", "what names nothing is an alert of its own"
    assert nothing.title


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("P1", "critical"), ("紧急", "critical"), ("[CRITICAL] down", "critical"), ("【严重告警】", "critical"),
        ("warning", "warning"), ("Error", "major"), ("informational", "unknown"), ("", "unknown"), ("majority", "unknown"),
    ],
)  # fmt: skip
def test_severities_are_whole_words(word: str, severity: str) -> None:
    assert severity_of(word, POLICY) == severity


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        ("[RESOLVED]", "resolved"),
        ("【已恢复】", "resolved"),
        ("[BROKEN]", "firing"),
        ("", "firing"),
        ("[book]", "firing"),
    ],
)
def test_a_letter_is_resolved_by_what_stands_in_brackets(mark: str, state: str) -> None:
    assert mapped({"mark": mark, "topic": "x", "subject": f"{mark} x normal ok"}, "email").state == state


@pytest.mark.parametrize("path", ["", "labels..x", "labels[0]", "a" * 501, "x | y |", "1abc", 5])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(ValidationError):
        Mapped(title=path)


def test_texts_are_bounded() -> None:
    alert = mapped(DOCUMENT | {"annotations": {"summary": "x" * 5000, "description": "y" * 9000}})
    assert (len(alert.title), len(alert.text)) == (POLICY.longest_line, POLICY.longest_text)
