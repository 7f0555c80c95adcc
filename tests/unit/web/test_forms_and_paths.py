"""Forms, the way back, the menu."""

import pytest

from irm.errors import FieldError, Invalid
from irm.i18n import translator
from irm.web import navigation
from irm.web.forms import Form, flatten, without_secrets
from irm.web.preferences import own_path
from irm.web.reader import Reader


def test_a_refused_form_keeps_what_was_typed_and_names_each_field_once() -> None:
    error = Invalid(
        "No.",
        errors=[
            FieldError("known_at", "first %(n)s", {"n": 1}),
            FieldError("known_at", "second"),
            FieldError("text", "x"),
        ],
    )
    form = Form.refused({"text": "kept"}, error, translator("en"))
    assert form.value("text") == "kept"
    assert form.errors == {"known_at": "first 1", "text": "x"}
    assert form.message == ""


def test_a_refusal_without_field_is_said_above_the_form() -> None:
    assert Form.refused({}, Invalid("Not now."), translator("en")).message == "Not now."


def test_names_that_repeat_become_lists_and_the_token_stays_out() -> None:
    assert flatten([("a", "1"), ("csrf_token", "x"), ("a", "2"), ("b", "3")]) == {"a": ["1", "2"], "b": "3"}
    assert without_secrets({"password": "p", "csrf_token": "c", "text": "t"}) == {"text": "t"}


@pytest.mark.parametrize(
    ("back", "goes"),
    [
        ("/incidents?status=open", "/incidents?status=open"),
        ("//elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_never_leaves_the_host(back: str, goes: str) -> None:
    assert own_path(back) == goes


def test_the_menu_offers_what_exists_and_what_the_reader_may_open() -> None:
    reader = Reader(name="x", permissions=frozenset({"read_incidents"}))
    paths = frozenset({"/", "/incidents", "/deliveries"})
    offered = navigation.offered(navigation.DESKTOP, reader, paths)
    assert [entry.path for entry in offered] == ["/", "/incidents"]
    assert navigation.current(offered, "/incidents/SJ-2026-000001") == "/incidents"
    assert navigation.current(offered, "/incidentsx") == ""
    assert navigation.current(offered, "/") == "/"
