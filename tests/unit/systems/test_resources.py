import pytest
from hypothesis import given, strategies as st

from irm.systems.resources import Named, named, normalised


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.1.2.3", "10.1.2.3"),
        (" 10.1.2.3:8443 ", "10.1.2.3"),
        ("http://10.1.2.3/x?y", "10.1.2.3"),
        ("https://user@10.1.2.3:80/", "10.1.2.3"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert named(text) == Named(address=address)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("https://OA.city.gov.cn:8443/x", ("oa.city.gov.cn", "city.gov.cn", "gov.cn", "oa")),
        ("web-07", ("web-07",)),
        ("oa.city.gov.cn.", ("oa.city.gov.cn", "city.gov.cn", "gov.cn", "oa")),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert named(text) == Named(names=names)


@pytest.mark.parametrize("text", ["", "   ", "https://", "x" * 300])
def test_what_names_nothing(text: str) -> None:
    assert named(text) == Named()


def test_the_register_holds_networks_and_lower_case() -> None:
    assert normalised("address", "10.1.2.9/24") == "10.1.2.0/24"
    assert normalised("address", "10.1.2.9") == "10.1.2.9/32"
    assert normalised("domain", "OA.City.gov.cn.") == "oa.city.gov.cn"
    assert normalised("domain", "政务.中国") == "政务.中国"


@pytest.mark.parametrize(("kind", "value"), [("address", "10.1.2"), ("domain", "a b"), ("host", ""), ("host", "a/b")])
def test_the_register_refuses_the_rest(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalised(kind, value)  # type: ignore[arg-type]  # wrong on purpose


@given(st.text(max_size=400))
def test_reading_never_fails(text: str) -> None:
    named(text)
