"""Where passkeys can be used, and to what they are bound there."""

import pytest

from irm.access.relying import WHY_NOT, RelyingParty, relying_party


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("https://irm.example.gov.cn", RelyingParty("irm.example.gov.cn", "https://irm.example.gov.cn")),
        ("https://IRM.Example.gov.cn:443/desk", RelyingParty("irm.example.gov.cn", "https://irm.example.gov.cn")),
        ("https://irm.example.gov.cn:8443/", RelyingParty("irm.example.gov.cn", "https://irm.example.gov.cn:8443")),
        ("http://localhost:8000", RelyingParty("localhost", "http://localhost:8000")),
        ("http://irm.localhost", RelyingParty("irm.localhost", "http://irm.localhost")),
    ],
)
def test_a_name_over_https_or_the_machine_itself(address: str, party: RelyingParty) -> None:
    assert relying_party(address) == party


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://irm.example.gov.cn", "plain"),
        ("http://localhost.example.gov.cn", "plain"),
        ("http://10.1.2.3:8000", "number"),
        ("https://10.1.2.3", "number"),
        ("http://127.0.0.1:8000", "number"),
        ("https://[::1]:8000", "number"),
    ],
)
def test_elsewhere_it_is_said_why_not(address: str, why: str) -> None:
    assert relying_party(address) == why
    assert why in WHY_NOT
