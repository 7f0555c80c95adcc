"""`irm doctor` sees what is wrong and says what to do."""

import json
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from irm import cli, doctor
from irm.access import factors
from irm.access.policy import Role
from irm.access.service import disable_account
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.i18n import LOCALES, translator
from irm.sealing import cipher_of
from tests import make
from tests.feature.access.test_passkeys import PARTY, with_passkey
from tests.feature.access.test_second_factor import set_up
from tests.feature.access.test_the_wall import scene_in
from tests.server import Server


async def states(settings: Settings) -> dict[str, str]:
    return {finding.check: finding.state for finding in await doctor.look(settings)}


@pytest.fixture
def sound(settings: Settings, server: Server, database_name: str, broker_url: str) -> Settings:
    return settings.model_copy(update={"database_url": server.url(database_name), "broker_url": broker_url})


async def test_a_sound_installation(sound: Settings) -> None:
    found = await states(sound)
    assert found | {"Processes": "broken"} == {
        "Database": "good",
        "Clock": "good",
        "Schema": "good",
        "Rights": "good",
        "Processes": "broken",  # none runs here
        "Work": "good",
        "Own check": "off",  # no auditor has looked
        "Ledger": "off",  # nothing recorded
        "Broker": "good",
        "Mail": "off",
        "SMS gateway": "off",
        "Telephone gateway": "off",
        "Channels": "good",
        "Test messages": "off",  # no channel has a destination of its own
        "Sign of life": "off",  # no address outside irm is set
        "Passkeys": "off",  # nobody has one
        "Wall in the database": "good",
        "Identity provider": "off",  # none is set
        "Public address": "good",
        "Disk": "good",
        "Home directory": "good",
        "Emergency sheet": "weak",  # no folder outside irm is set
    }


async def test_a_connection_that_may_change_the_past_is_broken(
    sound: Settings, server: Server, database_name: str
) -> None:
    as_owner = sound.model_copy(update={"database_url": server.url(database_name, "irm_owner")})
    assert (await states(as_owner))["Rights"] == "broken"
    as_superuser = sound.model_copy(update={"database_url": server.url(database_name, "postgres")})
    assert (await states(as_superuser))["Rights"] == "broken"


async def test_an_empty_database_wants_migrating(sound: Settings, server: Server) -> None:
    elsewhere = sound.model_copy(update={"database_url": server.url("postgres", "postgres")})
    found = await states(elsewhere)
    assert found["Database"] == "good"
    assert found["Schema"] == "broken"
    assert "Rights" not in found


async def test_what_does_not_answer_is_named(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        found = await states(
            settings.model_copy(
                update={
                    "database_url": f"postgresql+asyncpg://irm_app:x@127.0.0.1:{port}/irm",
                    "broker_url": f"redis://127.0.0.1:{port}/0",
                    "smtp_url": f"smtp://127.0.0.1:{port}",
                    "sms_url": f"http://127.0.0.1:{port}/sms",
                    "public_url": "irm.example",
                }
            )
        )
    assert found["Database"] == "broken"
    assert found["Broker"] == "weak", "irm works without a broker"
    assert found["Mail"] == found["SMS gateway"] == found["Public address"] == "broken"


async def test_a_gateway_without_the_way_back(settings: Settings) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/sms"
        assert (await states(settings.model_copy(update={"sms_url": url})))["SMS gateway"] == "weak"
        both = settings.model_copy(update={"sms_url": url, "sms_secret": SecretStr("s")})
        assert (await states(both))["SMS gateway"] == "good"


async def test_an_account_at_a_provider_is_told_what_it_lacks(settings: Settings) -> None:
    told = settings.model_copy(update={"sms_provider": "aliyun", "sms_key_id": "k", "voice_provider": "tencent"})
    found = {each.check: each for each in await doctor.look(told)}
    assert found["SMS gateway"].state == found["Telephone gateway"].state == "broken"
    assert found["SMS gateway"].context == {"names": "IRM_SMS_KEY_SECRET, IRM_SMS_CODES"}
    assert "IRM_VOICE_APP_ID" in found["Telephone gateway"].context["names"]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        more = {
            "sms_key_secret": SecretStr("s"),
            "sms_codes": {"default": "T"},
            "sms_signature": "示例市",
            "sms_url": url,
        }
        assert (await states(told.model_copy(update=more)))["SMS gateway"] == "weak"
        by_place = {**more, "sms_params": {"default": ["{number}"]}}
        assert (await states(told.model_copy(update=by_place)))["SMS gateway"] == "broken"


async def test_an_open_home_is_broken(settings: Settings) -> None:
    settings.home.chmod(0o755)
    assert (await states(settings))["Home directory"] == "broken"
    settings.home.chmod(0o711)  # what root's own servers need
    (settings.home / "embedded.json").write_text("{}")
    (settings.home / "embedded.json").chmod(0o644)
    assert (await states(settings))["Home directory"] == "broken"


async def test_work_that_lies_too_long_is_seen(committed_db: Database, committed_url: str, settings: Settings) -> None:
    from irm import jobs

    async with committed_db.transaction(SYSTEM) as tx:
        await jobs.schedule(tx, "notify.deliver", {}, run_at=committed_db.clock.now())
    found = await states(settings.model_copy(update={"database_url": committed_url}))
    assert found["Work"] == "broken"


async def test_passkeys_of_another_name_are_counted_with_whom_they_shut_out(
    committed_db: Database, committed_url: str, settings: Settings
) -> None:
    """Passkeys are bound to the name that irm had; under a new one their owners come in by codes or not at all."""

    async def found(public_url: str) -> tuple[str, str]:
        at = settings.model_copy(update={"database_url": committed_url, "public_url": public_url})
        one = next(one for one in await doctor.look(at) if one.check == "Passkeys")
        return one.state, one.line(translator("en"))

    async with committed_db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        alone, careful, gone = [await make.account(tx, authority, Role.DUTY_LEADER) for _ in range(3)]
    await set_up(committed_db, careful, cipher_of(settings.home))
    for account in (alone, careful, gone):
        await with_passkey(committed_db, account)
    async with committed_db.transaction() as tx:
        await disable_account(tx, gone.id, actor=SYSTEM, now=committed_db.clock.now())
    assert (await found(PARTY.origin))[0] == "good"
    for elsewhere in ("https://desk.example.gov.cn", "http://10.1.2.3:8000"):
        state, line = await found(elsewhere)
        assert state == "broken"
        assert line.startswith(f"Passkeys: 2 cannot be used at {elsewhere}, and 1 account(s)")
    async with committed_db.transaction() as tx:
        await factors.reset(tx, alone.id, reason="改域名", actor=SYSTEM, now=committed_db.clock.now())
    assert (await found("https://desk.example.gov.cn"))[0] == "weak"


async def test_who_may_see_what_is_compared_with_the_rows_and_made_anew_as_the_handbook_says(
    committed_db: Database, committed_url: str, server: Server, settings: Settings
) -> None:
    async def found() -> str:
        at = settings.model_copy(update={"database_url": committed_url})
        return next(one for one in await doctor.look(at) if one.check == "Wall in the database").line(translator("en"))

    handbook = Path(doctor.__file__).parents[1] / "docs" / "operations.md"
    anew = next(line for line in handbook.read_text().splitlines() if line.startswith("BEGIN; DELETE FROM party;"))
    await scene_in(committed_db)
    sound = await found()
    assert re.search(r"\b[1-9]\d* entries say who may see what", sound)
    owner = create_async_engine(server.url(committed_url.rpartition("/")[2], "irm_owner"), poolclass=NullPool)
    async with owner.begin() as connection:
        await connection.execute(text("UPDATE party SET role = 'forged' WHERE role = 'part'"))
    assert "1 entries are missing and 1 are too many" in await found()
    async with owner.begin() as connection:
        for statement in anew.split(";"):
            if statement.split()[:1] not in ([], ["BEGIN"], ["COMMIT"]):
                await connection.execute(text(statement))
    await owner.dispose()
    assert await found() == sound


@pytest.mark.parametrize("locale", LOCALES)
async def test_every_finding_can_be_read(sound: Settings, locale: str) -> None:
    for finding in await doctor.look(sound):
        line = finding.line(translator(locale))
        assert "%(" not in line
        assert (line.isascii()) == (locale == "en"), line


def test_the_command_speaks_json_and_fails_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRM_HOME", str(tmp_path / "none"))
    done = CliRunner().invoke(cli.main, ["doctor", "--json"])
    assert done.exit_code == 1
    findings = json.loads(done.output)
    assert findings[0]["check"] == "Database"
    assert findings[0]["state"] == "broken"


def test_every_command_is_listed_with_its_purpose() -> None:
    done = CliRunner().invoke(cli.main, ["--help"])
    assert done.exit_code == 0, done.output
    for name in ("up", "web", "worker", "dispatcher", "migrate", "doctor", *cli.GROUPS):
        assert f"  {name} " in done.output, name


def test_a_command_without_a_database_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRM_HOME", str(tmp_path / "none"))
    done = CliRunner().invoke(cli.main, ["account", "list"])
    assert done.exit_code == 1
    assert "IRM_DATABASE_URL" in done.output
