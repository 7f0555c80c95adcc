"""The documents are true: every file in them loads, keeps the law and passes its tests, every command prints what they say."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from irm.plain_yaml import compose
from irm.playbooks.check import check
from irm.playbooks.city import built_in_city
from irm.rules.pack_tests import check_pack
from tests.unit.docs.running import Block, as_printed, blocks, typed

DOCS = Path(__file__).parents[3] / "docs"
BOTH = ("rule-packs.md", "playbooks.md")
YAMLS = [
    (name, block) for name in BOTH for block in blocks((DOCS / name).read_text("utf-8")) if block.language == "yaml"
]


@pytest.mark.parametrize(("name", "block"), YAMLS, ids=[f"{name}:{block.line}" for name, block in YAMLS])
def test_a_file_in_the_documents_is_one(name: str, block: Block) -> None:
    if block.is_part:
        compose(block.body)
        return
    file = block.file or f"{name}:{block.line}"
    kind = YAML(typ="safe").load(block.body)["kind"]
    if kind == "Playbook":
        faults = check(block.body, file=file, city=built_in_city()).errors
    else:
        assert kind == "RulePack"
        faults = check_pack(block.body, file=file)[1].faults
    assert [str(one) for one in faults] == []


@pytest.mark.parametrize("name", BOTH)
def test_the_commands_print_what_the_document_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRM_LOCALE", "en")
    ran = list(typed((DOCS / name).read_text("utf-8")))
    assert ran, "a document to follow has something to type"
    for block, today in ran:
        assert as_printed(block.body) == as_printed(today), f"{name}:{block.line}"


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_no_block_stands_outside_the_rules(path: Path) -> None:
    """A console block of a document that no test runs would be a promise of nobody."""
    if path.name not in BOTH:
        assert not [block.line for block in blocks(path.read_text("utf-8")) if block.language == "console"]
