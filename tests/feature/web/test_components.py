"""Every component renders in both languages, escapes what it is given, and is shown in the styleguide."""

import re
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from irm.i18n import translator
from irm.web.forms import Form
from irm.web.pages import environment, render
from irm.web.reader import Reader
from irm.web.styleguide import sample

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_styleguide_renders(locale: str, theme: str) -> None:
    reader = Reader(locale, theme, "x", csrf_token="t")  # type: ignore[arg-type]  # "x" is no language
    page = render("web/styleguide.html", reader=reader, **sample(NOW, translator(locale)))
    assert f'lang="{locale}" data-theme="{theme}"' in page
    assert "style=" not in page
    assert "<script>" not in page
    assert "onclick" not in page
    if locale == "en":
        assert not re.search(r"[\u4e00-\u9fff]", re.sub(r'lang="zh-CN".*?</a>', "", page))


def test_every_component_is_in_the_styleguide_or_in_the_frame() -> None:
    shown = "".join(
        (files("irm.web") / "templates" / name).read_text("utf-8") for name in ("styleguide.html", "layout.html")
    )
    components = "".join(
        entry.read_text("utf-8") for entry in (files("irm.web") / "templates" / "components").iterdir()
    )
    elsewhere = {"action", "citation", "crumbs", "fold", "live", "password", "plan_state"}
    missing = {name for name in environment().globals["ui"].names() if f"ui.{name}(" not in shown + components}
    assert missing <= elsewhere


def test_what_somebody_typed_is_text_and_nothing_else() -> None:
    nasty = "<img src=x onerror=alert(1)>\"'"
    form = Form(values={"title": nasty, "text": nasty}, errors={"title": nasty}, message=nasty)
    template = environment().from_string(
        '{{ ui.text(form, "title", "T") }}{{ ui.area(form, "text", "T") }}{{ ui.error_summary(form) }}'
        "{{ ui.status_badge(nasty) }}{{ ui.person_chip(nasty, nasty, telephone=nasty) }}{{ ui.facts([(nasty, nasty)]) }}"
    )
    from irm.web import pages

    token = pages._rendering.set(pages.Rendering(Reader(), translator("en"), NOW))
    try:
        html = template.render(form=form, nasty=nasty)
    finally:
        pages._rendering.reset(token)
    assert "<img" not in html


def test_a_page_needs_a_moment_to_speak_of_time() -> None:
    with pytest.raises(LookupError, match="now"):
        render("web/styleguide.html", **{**sample(NOW, translator("en")), "now": None})
