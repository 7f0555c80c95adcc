"""docs/peers.md leaves no scene of the catalogue out, and every test that it names is there."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.unit.docs.named import names_in

ROOT: Final = Path(__file__).parents[3]
TEXT: Final = (ROOT / "docs" / "peers.md").read_text("utf-8")
NAMED: Final = re.compile(r"`(tests/[\w/.]+?\.py)(?:::(\w+))?`")
SCENES: Final = [
    "escalation",
    "escalation gap",
    "multi-step",
    "multi-ack",
    "ack stops",
    "ack expires",
    "playbook edited while running",
    "step deleted while running",
    "duty person removed while paged",
    "no one on call",
    "duplicate suppression after a pause of the engine",
    "rotation daily",
    "rotation weekly",
    "rotation monthly",
    "rotation wrap",
    "rotation gap",
    "override add, remove, replace",
    "override conflict",
    "many incidents at once",
    "priority",
    "rate limit",
    "ack by reply",
    "close by reply",
    "reply to an old message",
    "status updates",
    "maintenance window",
    "clock jump",
    "six-hour outage then catch-up",
    "two engines at once",
    "re-grading up and down while running",
    "deadline met in the last second",
    "report returned and corrected",
    "chain exhausted",
    "drill and live incident at the same time",
    "vendor files what the using unit also files",
]


def test_every_scene_has_a_test() -> None:
    rows = {row.split(" | ")[0].removeprefix("| "): row for row in TEXT.splitlines() if row.startswith("| ")}
    assert [scene for scene in SCENES if not NAMED.search(rows.get(scene, ""))] == []


@pytest.mark.parametrize("named", sorted(set(NAMED.findall(TEXT))), ids="::".join)
def test_what_is_named_is_there(named: tuple[str, str]) -> None:
    path, test = named
    assert (ROOT / path).exists()
    assert not test or test in names_in(path)
