"""The sheets hold FACE's rules: one dark theme, contrast AA, nothing that Chromium 86 does not read."""

import re
from importlib.resources import files
from itertools import product

import pytest

from irm.web.assets import LAYERS, SCRIPTS

CSS = {layer: (files("irm.web") / "static" / "css" / f"{layer}.css").read_text("utf-8") for layer in LAYERS}
JS = {script: (files("irm.web") / "static" / "js" / f"{script}.js").read_text("utf-8") for script in SCRIPTS}
TOO_NEW = (":has(", "@layer", "@container", "oklch(", "dvh", "color-mix(", "@property", "inset-inline", "&:", "& .")


def themes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r"(:root[^{]*)\{([^}]*)\}", CSS["tokens"])
    found = {name.strip(): dict(re.findall(r"--([\w-]+):\s*([^;]+);", body)) for name, body in blocks}
    light = found[":root"]
    return {
        "light": light,
        "dark": light | found[':root[data-theme="dark"]'],
        "auto": light | found[':root[data-theme="auto"]'],
    }


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_system_and_the_switch_give_the_same_dark() -> None:
    assert themes()["dark"] == themes()["auto"]


PAIRS = [
    *product(("ink", "muted", "accent"), ("bg", "surface", "accent-soft", "sunken")),
    ("accent-ink", "accent"),
    *((f"level-{n}-ink", f"level-{n}") for n in (1, 2, 3, 4)),
    *(("ink", f"level-{n}-soft") for n in (1, 2, 3, 4)),
    *(("muted", f"level-{n}-soft") for n in (1, 2)),
    *(("accent", f"level-{n}-soft") for n in (1, 2)),
]


@pytest.mark.parametrize(("theme", "pair"), list(product(("light", "dark"), PAIRS)))
def test_words_are_readable_on_what_they_stand_on(theme: str, pair: tuple[str, str]) -> None:
    tokens = themes()[theme]
    assert contrast(tokens[pair[0]], tokens[pair[1]]) >= 4.5, pair


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_frames_of_fields_can_be_seen(theme: str) -> None:
    tokens = themes()[theme]
    assert contrast(tokens["line-strong"], tokens["surface"]) >= 3


@pytest.mark.parametrize("layer", LAYERS)
def test_no_sheet_asks_for_a_newer_browser(layer: str) -> None:
    assert [feature for feature in TOO_NEW if feature in CSS[layer]] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_hold_no_words_and_nothing_newer(script: str) -> None:
    text = JS[script]
    assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"//.*", "", text))
    assert [
        one for one in (".at(", "replaceAll(", "structuredClone", "Object.hasOwn", "eval(", "innerHTML") if one in text
    ] == []


def test_colours_stand_in_the_tokens_only() -> None:
    for layer, text in CSS.items():
        if layer not in {"tokens", "print", "paper"}:
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b", text) == [], layer
