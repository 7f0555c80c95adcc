"""Playbooks that begin one another."""

from irm.i18n import translator
from irm.playbooks.language import read_playbook
from irm.playbooks.nesting import nested
from irm.playbooks.publishing import library
from irm.playbooks.steps import Playbook

HEAD = "apiVersion: irm/v1\nkind: Playbook\nid: {id}\ntitle: {{zh-CN: 例}}\nstart: {{on: incident.graded}}\nsteps:\n"


def text(name: str, *begins: str) -> str:
    steps = "".join(f"  - {{id: to-{one}, after: [], run: {one}}}\n" for one in begins)
    return HEAD.format(id=name) + (
        steps or "  - {id: rest, wait: 5m}\n  - {id: tell, notice: {to: on_duty(cloud_authority)}}\n"
    )


def city(**begins: tuple[str, ...]) -> list[Playbook]:
    return [read_playbook(text(name, *other), file=name).playbook for name, other in begins.items()]


def faults(source: str, active: list[Playbook]) -> list[str]:
    read = read_playbook(source, file="story.yaml")
    return [one.read(translator("en")) for one in nested(read.document, read.playbook, active)]


def test_two_that_begin_each_other() -> None:
    [fault] = faults(text("leak", "vendor"), city(vendor=("leak",)))
    assert "leak → vendor → leak" in fault


def test_a_longer_way_round_is_named_as_it_goes() -> None:
    [fault] = faults(text("a", "b"), city(b=("c", "d"), c=(), d=("e",), e=("a",)))
    assert "a → b → d → e → a" in fault


def test_a_circle_of_others_is_not_this_ones_fault() -> None:
    assert faults(text("a"), city(b=("c",), c=("b",))) == []
    assert faults(text("a", "b"), city(b=("c",), c=("b",))) == []


def test_three_after_the_first_and_no_more() -> None:
    assert faults(text("a", "b"), city(b=("c",), c=("d",), d=())) == []
    [fault] = faults(text("a", "b"), city(b=("c",), c=("d",), d=("e",), e=()))
    assert "a → b → c → d → e" in fault


def test_who_begins_this_one_counts_too() -> None:
    [fault] = faults(text("c", "d"), city(a=("b",), b=("c",), d=("e",), e=()))
    assert "a → b → c → d → e" in fault


def test_the_version_that_is_checked_takes_the_place_of_the_one_in_use() -> None:
    assert faults(text("a", "b"), [*city(a=("c",), c=("a",)), *city(b=())]) == []


def test_the_library_is_in_order() -> None:
    active = [read_playbook(source, file=name).playbook for name, source in library().items()]
    assert [fault for source in library().values() for fault in faults(source, active)] == []


def test_a_city_in_which_everything_begins_everything_is_judged_soon() -> None:
    names = [f"p{number}" for number in range(12)]
    active = city(**{name: tuple(one for one in names if one != name) for name in names})
    assert faults(text("p0", *names[1:]), active)
