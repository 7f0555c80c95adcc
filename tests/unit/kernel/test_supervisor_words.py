"""What `irm up` prints, in the language of whoever started it."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from irm.cli import main
from irm.errors import in_words
from irm.i18n import Translator, translator
from irm.supervisor import Supervisor, has_own_sms

ACCOUNTS = [
    {
        "organization": "市数据局",
        "post": "值班员甲",
        "roles": "duty_officer, reporter",
        "login": "duty1",
        "password": "x",
    }
]


def spoken(t: Translator) -> tuple[Supervisor, list[str]]:
    lines: list[str] = []
    return Supervisor({}, say=lines.append, words=lambda text: in_words(text, t)), lines


@pytest.mark.parametrize(
    ("locale", "heads", "roles"),
    [
        ("zh-CN", ["单位", "岗位", "角色", "登录名", "密码"], "值班员"),
        ("en", ["Organization", "Post", "Roles", "Login", "name", "Password"], "Duty officer"),
    ],
)
def test_the_table_of_accounts(locale: str, heads: list[str], roles: str) -> None:
    supervisor, lines = spoken(translator(locale))
    supervisor._say_accounts(ACCOUNTS)
    assert lines[1].split() == heads
    assert roles in lines[2]
    assert "duty_officer" not in lines[2]
    assert "duty1" in lines[2]


@pytest.mark.parametrize(("locale", "told"), [("zh-CN", "错误：端口 {} 已被占用"), ("en", "Error: Port {} is in use")])
def test_a_port_in_use(locale: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("IRM_PORT", str(port))
        monkeypatch.setenv("IRM_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("IRM_LOCALE", locale)
        monkeypatch.setattr("signal.signal", lambda *_: None)
        done = CliRunner().invoke(main, ["up"])
    assert done.exit_code == 1
    assert told.format(port) in done.stderr


def test_the_supervisor_loads_no_catalogs() -> None:
    import subprocess
    import sys

    code = "import sys, irm.supervisor; print([m for m in ('babel', 'sqlalchemy', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ({}, False),
        ({"IRM_SMS_PROVIDER": "gateway"}, False),
        ({"IRM_SMS_PROVIDER": ""}, False),
        ({"IRM_SMS_URL": "http://gateway.example.invalid"}, True),
        ({"IRM_SMS_PROVIDER": "tencent"}, True),
    ],
)
def test_what_a_city_sends_by_its_own_provider_is_not_caught(given: dict[str, str], own: bool) -> None:
    assert has_own_sms(given) is own
