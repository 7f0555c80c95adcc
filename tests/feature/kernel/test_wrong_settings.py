"""A setting that is wrong is named, in the reader's language; what was given may be a secret and is not."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from irm.cli import main
from irm.config import Settings
from irm.errors import Invalid
from irm.i18n import translator

WRONG = {
    "IRM_PORT": ("no-such-port", "IRM_PORT: This must be a whole number.", "IRM_PORT：此处应为整数。"),
    "IRM_SMS_FORMAT": (
        "xml-of-old",
        "IRM_SMS_FORMAT: One of these: json, form.",
        "IRM_SMS_FORMAT：可填：json, form。",
    ),
    "IRM_SMS_PROVIDER": (
        "huawei-of-old",
        "IRM_SMS_PROVIDER: One of these: gateway, aliyun, tencent.",
        "IRM_SMS_PROVIDER：可填：gateway, aliyun, tencent。",
    ),
    "IRM_SMS_CODES": ("SMS_1-alone", "IRM_SMS_CODES: This must be JSON.", "IRM_SMS_CODES：此处应为 JSON。"),
    "IRM_SYNTHETIC": (
        '{"sms": {"to": "1", "echo": "callback"}}',
        "IRM_SYNTHETIC.sms.echo: This must be true or false.",
        "IRM_SYNTHETIC.sms.echo：",
    ),
    "IRM_ENDPOINTS": ('{"soc": not-json', "IRM_ENDPOINTS: This must be JSON.", "IRM_ENDPOINTS：此处应为 JSON。"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named_and_not_repeated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, english, chinese = WRONG[name]
    monkeypatch.setenv(name, given)
    with pytest.raises(Invalid) as refused:
        Settings.read()
    assert refused.value.text(translator("en")) == english
    assert refused.value.text(translator("zh-CN")).startswith(chinese)
    assert given not in repr(refused.value.errors)
    assert refused.value.__cause__ is None, "pydantic's own error is not told beside it"


def test_a_setting_without_a_value_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IRM_SMS_CODES", "IRM_SYNTHETIC", "IRM_SMS_URL", "IRM_PORT"):
        monkeypatch.setenv(name, "")
    given = Settings.read()
    assert (given.sms_codes, given.synthetic, given.sms_url, given.port) == ({}, {}, None, 8000)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("words", [["web"], ["worker"], ["dispatcher"], ["migrate"], ["doctor"], ["account", "list"]])
def test_whatever_is_started_says_so_before_anything_begins(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRM_PORT", "no-such-port")
    monkeypatch.setenv("IRM_POOL_SIZE", "many")
    monkeypatch.setenv("IRM_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    said = run(*words)
    assert said.exit_code == 1
    assert said.output.splitlines() == [
        "Error: IRM_PORT: This must be a whole number.",
        "  IRM_POOL_SIZE: This must be a whole number.",
    ]


def test_irm_up_says_so_too_and_not_in_a_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IRM_HOME", str(tmp_path))
    monkeypatch.setenv("IRM_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    monkeypatch.setenv("IRM_BROKER_URL", "redis://127.0.0.1:9")
    monkeypatch.setenv("IRM_POOL_SIZE", "many")
    said = run("up")
    assert (said.exit_code, said.output) == (1, "Error: IRM_POOL_SIZE: This must be a whole number.\n")
