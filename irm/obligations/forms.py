"""What each form of report consists of (`forms.yaml`; RULES.md §2.2), read once. Item texts are plain text."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ruamel.yaml import YAML

from irm.errors import Conflict
from irm.i18n import N_
from irm.rules.load import builtin_packs
from irm.rules.pack import ReportItem

Texts = Mapping[str, str]

FILING: Final = "filing"
"""Filing an incident in irm is itself what some rules ask for."""
OTHER: Final = "notice"
"""A form that is not listed is written like a notice."""
OWN_PAGE: Final = N_("This is handed in and answered on the page of %(number)s.")


@dataclass(frozen=True)
class Item:
    key: str
    number: Texts
    title: Texts
    help: Texts
    needed: bool
    """Without it the report cannot be handed over; the rest may be given later (待补报)."""
    optional: bool = False
    """Nothing is owed where it stays empty."""


@dataclass(frozen=True)
class Form:
    name: str
    title: Texts
    short: Texts
    basis: Texts
    items: tuple[Item, ...]
    awaits_receipt: bool = True
    """False: its answer is somebody's judgement and takes its time; a missing one is no alarm."""
    own_page: bool = False
    """True: it is handed over and answered on the page of its subject alone, so that both say the same."""
    never_waits: bool = False
    """True: it is owed by law within hours; a signature that the city asks for never keeps it from leaving."""

    def missing(self, given: Mapping[str, Any]) -> tuple[Item, ...]:
        """Items without which it cannot be handed over."""
        return tuple(item for item in self.items if item.needed and not str(given.get(item.key) or "").strip())

    def pending(self, given: Mapping[str, Any]) -> tuple[Item, ...]:
        """Items that are still to follow."""
        return tuple(item for item in self.items if not str(given.get(item.key) or "").strip())

    def is_incomplete(self, given: Mapping[str, Any]) -> bool:
        """Handed over like this, something must be supplied promptly (Art. 7, paragraph 2)."""
        return any(not item.optional for item in self.pending(given))

    def unknown(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        known = {item.key for item in self.items}
        return tuple(sorted(key for key in given if key not in known))


@cache
def forms() -> Mapping[str, Form]:
    given = YAML(typ="safe").load((files("irm.obligations") / "forms.yaml").read_text("utf-8"))
    reported = _reported()
    found: dict[str, Form] = {}
    for name, form in given.items():
        items = given[form["items_of"]]["items"] if "items_of" in form else form["items"]
        found[name] = Form(
            name=name,
            title=form["title"],
            short=form["short"],
            basis=form.get("basis", {}),
            items=tuple(
                Item(
                    item["key"],
                    _number(item, place),
                    reported[item["item"]].title if "item" in item else item["title"],
                    item.get("help", {}),
                    bool(item.get("needed")),
                    bool(item.get("optional")),
                )
                for place, item in enumerate(items, 1)
            ),
            awaits_receipt=form.get("awaits_receipt", True),
            own_page=form.get("own_page", False),
            never_waits=form.get("never_waits", False),
        )
    return found


def _number(item: Mapping[str, Any], place: int) -> Texts:
    if "item" not in item:
        found: Texts = item["number"]
        return found
    return {"zh-CN": _reported()[item["item"]].number, "en": f"{place}."}


@cache
def _reported() -> Mapping[str, ReportItem]:
    """What a report holds by the articles that ask for it, whichever pack they stand in."""
    return {item.id: item for pack in builtin_packs() for item in pack.items}


def form_of(name: str) -> Form:
    return forms().get(name) or forms()[OTHER]


def is_form(name: str) -> bool:
    return name in forms()


def refuse_own_page(form: str, number: str) -> None:
    """Raises Conflict (`own_page`) for what is handed in and answered on its subject's page alone. For every door: pages,
    interface, commands."""
    if form_of(form).own_page:
        raise Conflict(OWN_PAGE, code="own_page", number=number)
