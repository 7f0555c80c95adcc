"""`irm doctor` asks the identity provider, and `irm account` links people to it."""

import json

import pytest
from click.testing import CliRunner

from irm.access.oidc_check import look_at_provider
from irm.access.policy import Role
from irm.cli import main
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.i18n import LOCALES, translator
from tests import make
from tests.fakes.gateway import Answer
from tests.fakes.identity_provider import IdentityProvider
from tests.feature.access.test_identity_provider import provider, settings

__all__ = ["provider", "settings"]  # fixtures


async def found(settings: Settings, clock: FixedClock) -> tuple[str, str]:
    finding = await look_at_provider(settings, clock.now())
    for locale in LOCALES:
        assert "%(" not in finding.line(translator(locale))
    return finding.state, finding.line(translator("en"))


async def test_document_keys_and_redirect_address_are_said(
    settings: Settings, provider: IdentityProvider, clock: FixedClock
) -> None:
    plain = await found(settings, clock)
    assert plain[0] == "weak"
    assert "over plain http" in plain[1]
    https = settings.model_copy(update={"public_url": "https://irm.pds.example"})
    state, line = await found(https, clock)
    assert state == "good"
    assert "https://irm.pds.example/login/oidc/callback" in line
    assert "backchannel" not in line, "nothing is registered where the provider tells nobody"
    provider.document = {"backchannel_logout_supported": True}
    state, line = await found(https, clock)
    assert (state, "https://irm.pds.example/api/v1/oidc/backchannel-logout" in line) == ("good", True)
    provider.document = {"end_session_endpoint": None}
    assert (await found(https, clock))[0] == "weak", "nobody could be signed out there"


async def test_what_keeps_people_from_signing_in_by_it_is_broken(
    settings: Settings, provider: IdentityProvider, clock: FixedClock
) -> None:
    clock.tick(minutes=2)
    state, line = await found(settings, clock)
    assert (state, "-120 s" in line) == ("broken", True), "the provider's clock, by its own answer"
    provider.document = {"issuer": "https://id.elsewhere.example"}
    state, line = await found(settings, clock)
    assert (state, line.endswith("issuer")) == ("broken", True)
    provider.document, provider.published = {}, []
    state, line = await found(settings, clock)
    assert (state, line.endswith("jwks_uri")) == ("broken", True), "no key that could prove anything"
    provider.answers.append(Answer(drop=True))
    assert (await found(settings, clock))[0] == "broken"


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"oidc_issuer": ""}, "off"),
        ({"oidc_issuer": "http://id.pds.example"}, "broken"),
        ({"oidc_client_id": ""}, "broken"),
    ],
)
async def test_settings(settings: Settings, clock: FixedClock, changed: dict[str, str], state: str) -> None:
    assert (await found(settings.model_copy(update=changed), clock))[0] == state


async def test_the_command_line_links_lists_and_takes_away(committed_db: Database, committed_url: str) -> None:
    async with committed_db.transaction() as tx:
        organization = await make.organization(tx, "cloud_authority")
        officer = await make.account(tx, organization, Role.DUTY_OFFICER)
    environment = {
        "IRM_DATABASE_URL": committed_url,
        "IRM_OIDC_ISSUER": "https://id.pds.example",
        "IRM_OIDC_CLIENT_ID": "irm",
    }

    def irm(*words: str, **more: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["account", *words], env=environment | more)
        return result.exit_code, result.output

    async def run(*words: str, **more: str) -> tuple[int, str]:
        import asyncio

        return await asyncio.to_thread(irm, *words, **more)

    reason = ("--reason", "入职")
    code, said = await run("link-identity", officer.login, "--subject", "x", *reason, IRM_OIDC_ISSUER="")
    assert code != 0
    assert "No identity provider" in said
    code, said = await run("link-identity", officer.login, "--subject", "410400-0042", *reason, "--json")
    assert code == 0, said
    made = json.loads(said)
    code, said = await run("identities", officer.login, "--json")
    assert [one["subject"] for one in json.loads(said)] == ["410400-0042"]
    assert not json.loads(said)[0]["by_owner"]
    code, said = await run("unlink-identity", officer.login, made["identity"], *reason)
    assert code == 0, said
    assert json.loads((await run("identities", officer.login, "--json"))[1]) == []
