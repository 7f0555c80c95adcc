"""Every operation of the interface, asked what nobody thought of: irm never fails, and never answers what its document
does not say (status, content type, form of the answer). The same questions in every run."""

from typing import Final

from tests.feature.api.fuzzing import Walked, walked
from tests.feature.api.served import Served

EACH: Final = 6
"""Requests to each of some 280 operations, half of them well formed."""
WALKS: Final = 60
"""Walks of up to six steps."""
NO_TOKEN: Final = frozenset({"GET /api/v1/screen", "POST /api/v1/intake/{source}"})
"""Opened by a secret that no token replaces (tests/feature/duty_screen, tests/feature/alerts)."""


def told(walk: Walked) -> str:
    return "\n".join(
        f"{operation} {check} {status}: {what}" for (operation, check, status), what in walk.faults.items()
    )


def test_no_question_breaks_irm_or_gets_an_answer_that_is_not_documented(city: Served) -> None:
    walk = walked(city, "fuzzing", examples=EACH)
    assert not walk.stopped
    assert set(walk.statuses) == {f"{method} {path}" for method, path in city.headers}, "not every operation was asked"
    unknown = {name for name, seen in walk.statuses.items() if set(seen) <= {401, 403}}
    callbacks = {name for name in unknown if name.endswith(("/inbound", "/status"))}
    assert unknown - callbacks <= NO_TOKEN, "somebody must be let in, or nothing is tried"
    answered = [name for name, seen in walk.statuses.items() if any(status < 400 for status in seen)]
    assert len(answered) >= len(walk.statuses) // 4, "too few were ever answered with what was asked for"
    assert not walk.faults, told(walk)


def test_no_walk_from_answer_to_answer_breaks_irm(city: Served) -> None:
    walk = walked(city, "stateful", examples=WALKS)
    assert not walk.stopped
    assert sum(sum(seen.values()) for seen in walk.statuses.values()) > WALKS
    assert not walk.faults, told(walk)
