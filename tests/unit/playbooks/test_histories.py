"""A night of last year is replayed to the same decisions by today's engine."""

from typing import Any

import pytest

from tests.unit.playbooks.histories import missing, recorded, retold

HISTORIES = recorded()


@pytest.mark.parametrize("name", HISTORIES)
def test_what_was_decided_once_is_decided_again(name: str) -> None:
    history: dict[str, Any] = HISTORIES[name]
    for course in history["courses"]:
        for number, was, today in retold(history["source"], course):
            assert today == was, f"{name}, {course['manner']}, turn {number}"


def test_every_playbook_of_the_library_has_its_history() -> None:
    """As it reads now: a city may be running it tomorrow."""
    assert not missing(), "python -m tests.unit.playbooks.histories, and commit the new files"
