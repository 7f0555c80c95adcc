"""Identifiers carry their version; a clock that stands still moves only when told."""

from datetime import UTC, datetime, timedelta

import pytest

from irm import db
from irm.clock import FixedClock
from irm.db import uuid7
from irm.errors import Conflict, FieldError, Invalid
from irm.i18n import localized


def test_identifiers_are_version_7_and_differ() -> None:
    made = {uuid7() for _ in range(1000)}
    assert len(made) == 1000
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {"specified in RFC 4122"}


def test_what_is_made_later_within_a_millisecond_has_the_later_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands at one moment of a clock is then still read in the order in which it was written."""
    begun = 1_795_461_060_123_000_000
    made = []
    for later in (0, 300, 5_000, 250_000, 999_999, 1_000_000):
        monkeypatch.setattr(db, "time_ns", lambda later=later: begun + later)
        made.append(uuid7())
    assert made == sorted(made)
    assert [one.int >> 80 for one in made] == [begun // 1_000_000] * 5 + [begun // 1_000_000 + 1]


def test_the_clock_of_a_test_moves_when_told() -> None:
    clock = FixedClock(datetime(2026, 11, 20, 19, 41, tzinfo=UTC))
    assert clock.tick(minutes=15) - timedelta(minutes=15) == datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
    assert clock.now() == clock.now()


def test_a_naive_moment_makes_no_clock() -> None:
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused


def test_an_error_fills_its_text_when_it_is_read() -> None:
    error = Invalid("At most %(most)s files.", field="files", most=20)
    assert error.text(lambda msgid, **params: msgid % params) == "At most 20 files."
    assert error.errors == (FieldError("files", "At most %(most)s files.", {"most": 20}),)
    assert Conflict("Taken.").code == "conflict"


def test_of_several_faults_the_first_speaks_whatever_its_words_name() -> None:
    """`code` is what a refusal itself is known by, and what systems and organizations are called by."""
    faults = [FieldError("systems", "No system %(code)s.", {"code": "portal"}), FieldError("reason", "Say why.")]
    error = Invalid.of(faults)
    assert error.text(lambda msgid, **params: msgid % params) == "No system portal."
    assert (error.code, error.errors) == ("invalid", tuple(faults))


def test_a_text_with_languages_falls_back_to_the_default() -> None:
    assert localized({"zh-CN": "初报", "en": "initial report"}, "en") == "initial report"
    assert localized({"zh-CN": "初报"}, "en") == "初报"
    assert localized("plain", "zh-CN") == "plain"
