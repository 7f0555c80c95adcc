"""`irm playbook simulate` with its files: a table for people, JSON for programs, faults at their place."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from irm.cli import main
from irm.playbooks.publishing import library

CII = "cac-2025-reporting/cii-operator"
FACTS = 'discovered: "03:00"\nfiled: "03:10"\nfacts: {level: 较大, cii: unknown}\n'
ANSWERS = f'answers:\n  - {{after: 12m, acknowledged: alarm}}\n  - {{at: "03:50", submitted: {CII}}}\n'


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRM_LOCALE", "en")
    (tmp_path / "facts.yaml").write_text(FACTS, "utf-8")
    (tmp_path / "answers.yaml").write_text(ANSWERS, "utf-8")


def simulate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["playbook", "simulate", *arguments])


def test_the_limits_stand_between_the_lines() -> None:
    told = simulate("report-chain", "--facts", "facts.yaml", "--answers", "answers.yaml")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "handed over 10 min before it" in line)
    assert "Statutory limit" in lines[at]
    assert CII in lines[at]
    assert lines[at].startswith("50m")
    assert "04:00" in lines[at]
    assert any(line.startswith("40m") and "cii" in line for line in lines[:at])
    assert "Never begun: police, closing" in told.stdout


def test_programs_read_lines_and_limits() -> None:
    told = simulate("report-chain", "--facts", "facts.yaml", "--nobody-answers", "--json")
    body = json.loads(told.stdout)
    assert [one["after"] for one in body["timeline"] if one["what"] == "Nobody has answered"] == ["30m", "45m"]
    (limit,) = (one for one in body["limits"] if one["rule"] == CII)
    assert (limit["verdict"], limit["step"], limit["spare_seconds"]) == ("in_time", "cii", 1800)


def test_a_file_of_ones_own_is_judged_like_one_that_irm_brings_along() -> None:
    text = library()["report-chain.yaml"].replace(f"obligation: {CII}, within: 20m", f"obligation: {CII}, within: 2h")
    Path("slow.yaml").write_text(text, "utf-8")
    told = simulate("slow.yaml", "--facts", "facts.yaml")
    assert "the draft is ready 1 h 10 min too late" in told.stdout


def test_faults_stand_at_their_line() -> None:
    Path("bad.yaml").write_text("facts: {level: 较大}\norganization: {}\n", "utf-8")
    told = simulate("report-chain", "--facts", "bad.yaml")
    assert told.exit_code == 1
    assert told.stderr.startswith("bad.yaml:2:1:")
    assert "organizations" in told.stderr
    Path("bad.yaml").write_text("answers:\n  - {after: 5m, acknowledged: nobody}\n", "utf-8")
    told = simulate("report-chain", "--answers", "bad.yaml")
    assert told.stderr.startswith("bad.yaml:2:31:")
    assert simulate("report-chain", "--facts", "absent.yaml").exit_code == 1


def test_silence_and_answers_exclude_each_other() -> None:
    assert simulate("--nobody-answers", "--answer", "alarm=5m").exit_code == 1
