import pytest
from hypothesis import given, strategies as st

from irm.access import passwords
from irm.access.security import security_policy

MLPS3, ASVS = security_policy("mlps3"), security_policy("asvs")


def refused(password: str, profile: str = "mlps3", login: str = "zhiban01") -> set[str]:
    return {fault.message for fault in passwords.faults(password, security_policy(profile), login=login)}


@pytest.mark.parametrize("password", ["Kestrel-42-lantern", "7-Wolken-ueber-Xining", "lv3-Shan9-He"])
def test_good_ones_are_taken(password: str) -> None:
    assert refused(password) == set()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Kestrel-42a", passwords.TOO_SHORT),  # 11 characters; 12 is the limit
        ("K7-" + "xqv-mtb-" * 16, passwords.TOO_LONG),
        ("kestrellanternxz", passwords.TOO_PLAIN),
        ("kestrel-lantern-x", passwords.TOO_PLAIN),
        ("Kestrel\x0042-lantern", passwords.UNREADABLE),
        ("Zhiban01-lantern-K", passwords.TELLS_THE_LOGIN),
        ("P@ssw0rd1234", passwords.TOO_COMMON),
        ("Password2026!", passwords.TOO_COMMON),
        ("Zhengwuyun@2026", passwords.TOO_COMMON),
        ("Qwertyuiop123!", passwords.TOO_COMMON),
        ("AdminAdmin@123", passwords.TOO_COMMON),
        ("Aa1!Aa1!Aa1!", passwords.TOO_COMMON),
    ],
)
def test_each_fault_is_named(password: str, why: str) -> None:
    assert why in refused(password)


def test_exactly_twelve_is_enough() -> None:
    assert len("Kestrel-42ab") == MLPS3.password_least == 12
    assert refused("Kestrel-42ab") == set()


def test_asvs_asks_for_length_and_for_nothing_else() -> None:
    assert refused("kestrellanternxz", "asvs") == set()
    assert refused("Kestrel-42abc", "asvs") == {passwords.TOO_SHORT}
    assert refused("passwordpassword", "asvs") == {passwords.TOO_COMMON}


def test_the_profiles_disagree_where_the_standards_do() -> None:
    assert MLPS3.password_age is not None
    assert ASVS.password_age is None
    assert (MLPS3.password_classes, ASVS.password_classes) == (3, 1)


def test_an_unknown_profile_is_no_profile() -> None:
    with pytest.raises(FileNotFoundError):
        security_policy("none")


def test_generated_ones_fit_every_profile() -> None:
    for password in (passwords.generate() for _ in range(50)):
        assert not passwords.faults(password, MLPS3)
        assert not passwords.faults(password, ASVS)


@given(st.text(max_size=200))
def test_judging_never_fails(password: str) -> None:
    passwords.faults(password, MLPS3, login="zhiban01")


def test_the_real_parameters_are_argon2id_of_rfc_9106() -> None:
    stored = passwords._hasher().hash("Kestrel-42-lantern")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not passwords.needs_rehash(stored)
    assert passwords.needs_rehash(stored.replace("t=3", "t=1"))
