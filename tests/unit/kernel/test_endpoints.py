"""The systems that playbooks may call are named by whoever runs irm; what is wrong is told without the secret."""

import json

import pytest
from pydantic import ValidationError

from irm.config import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def named(monkeypatch: pytest.MonkeyPatch, **soc: object) -> Settings:
    monkeypatch.setenv(
        "IRM_ENDPOINTS", json.dumps({"soc": {"url": "https://soc.example.invalid/in", "secret": SECRET} | soc})
    )
    return Settings()


def test_a_name_stands_for_an_address_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    soc = named(monkeypatch, ca="/etc/irm/soc.pem").endpoints["soc"]
    assert (soc.url, soc.secret.get_secret_value(), soc.drills) == ("https://soc.example.invalid/in", SECRET, False)
    assert SECRET not in repr(Settings())


def test_without_any_nothing_can_be_called() -> None:
    assert Settings().endpoints == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://soc.example.invalid"},
        {"url": "https://user:word@soc.example.invalid/in"},
        {"url": "https:///in"},
        {"secret": ""},
        {"proxy": "http://other.example.invalid"},
    ],
)
def test_what_is_wrong_is_told_without_what_was_given(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        named(monkeypatch, **wrong)
    assert "endpoints.soc" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "word" not in str(caught.value).replace("password", "")


def test_a_name_is_one_that_a_playbook_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "IRM_ENDPOINTS", json.dumps({"The SOC": {"url": "https://soc.example.invalid", "secret": SECRET}})
    )
    with pytest.raises(ValidationError):
        Settings()
