"""Whom an article names and no contact list holds: the persons affected, stakeholders, an authority without a desk here."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from irm.i18n import translator
from irm.obligations.views import Named
from irm.obligations.words import whom
from irm.positions import LanguageError
from irm.rules.duties import IncidentSubject, Levels, Party, Share, due
from irm.rules.load import builtin_packs, builtin_sources, load_pack
from irm.rules.outside import outside
from irm.rules.pack import Addressee
from irm.rules.subjects import Directory, SystemSubject
from irm.rules.words import addressee_words

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
OPERATOR, OFFICE, STRANGER = UUID(int=1), UUID(int=2), UUID(int=3)


def test_the_persons_are_nobody_of_the_contact_list() -> None:
    """An organization of kind “other” is there, and is not taken for the persons."""
    subject = IncidentSubject(
        id=UUID(int=9),
        levels=Levels(4, 4),
        discovered_at=NOW,
        shares=(Share(OPERATOR, frozenset({"operator"}), NOW),),
        directory=(
            Party(OPERATOR, "using_unit", "city", joined=True),
            Party(OFFICE, "cyberspace_office", "city", joined=False),
            Party(STRANGER, "other", "city", joined=False),
        ),
        facts={"personal_info_breach": "happened"},
    )
    found = {(one.rule_id, one.recipient, one.recipient_kind) for one in due(builtin_packs(), subject, now=NOW)}
    assert {one for one in found if one[0].startswith("pipl/")} == {
        ("pipl/breach-authority", OFFICE, "cyberspace_office"),
        ("pipl/breach-persons", None, "affected_persons"),
    }


def test_a_duty_stays_where_the_register_names_no_protection_department() -> None:
    system = SystemSubject(
        id=UUID(int=9),
        in_use_from=date(2026, 1, 1),
        directory=Directory((Party(OPERATOR, "using_unit", "city", joined=True),)),
        organizations={"operator": (OPERATOR,)},
        facts={"system.cii": "yes", "system.life_cycle": "live", "system.level": 3},
    )
    packs = [one for one in builtin_packs() if one.id in {"cii-2021", "csl-2026"}]
    found = [(one.rule_id, one.recipient, one.recipient_kind) for one in due(packs, system, now=NOW)]
    assert found == [
        ("cii-2021/yearly-assessment", None, "protection_department"),
        ("csl-2026/cii-yearly-assessment", None, "protection_department"),
    ]


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_they_have_a_name_in_both_languages_wherever_a_recipient_is_read(locale: str) -> None:
    t = translator(locale)
    for kind, name in outside().items():
        assert addressee_words(Addressee(outside=kind), t) == name[locale]
        assert whom(Named(None, "", kind=kind), t) == name[locale]


def test_every_one_of_them_is_somebodys_recipient() -> None:
    named = {one.outside for pack in builtin_packs() for rule in pack.duties for one in rule.recipients if one.outside}
    assert named == set(outside())


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("outside: affected_persons", "outside: persons", "“persons” is no recipient outside the contact list."),
        ("{outside: affected_persons}", "{outside: affected_persons, role: owner}", "Say exactly one of role, kind"),
        ("bearer: {role: operator}", "bearer: {outside: affected_persons}", "A bearer is a role, a kind"),
    ],
)
def test_faults(old: str, new: str, fault: str) -> None:
    source = builtin_sources()["pipl.yaml"]
    assert old in source
    with pytest.raises(LanguageError) as caught:
        load_pack(source.replace(old, new), file="x.yaml")
    assert any(fault in str(one) for one in caught.value.faults), str(caught.value)


def test_the_persons_may_be_left_out_only_where_the_law_says_so() -> None:
    """Article 57, paragraph 2: of the two notices that to the persons alone has a waiver."""
    pack = next(one for one in builtin_packs() if one.id == "pipl")
    waivable = {rule.name for rule in pack.duties if rule.waiver}
    assert waivable == {"breach-persons"}
