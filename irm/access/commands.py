"""`irm token …`, `irm init`."""

from typing import Any

import click

from irm.access import beginning, tokens as api_tokens
from irm.access.policy import Permission
from irm.access.queries import account_by_login, organization_by_code
from irm.access.security import security_policy
from irm.access.vocabulary import ROLE_NAMES
from irm.console import Console, json_option
from irm.db import SYSTEM, Database


@click.group()
def token() -> None:
    """API tokens: act for an account, with fewer rights."""


@token.command("create")
@click.argument("login")
@click.option("--name", required=True, help="What the token is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([permission.value for permission in Permission]),
    help="May be given several times.",
)
@click.option("--organization", "code", help="Act for this organization only (its code).")
@click.option(
    "--days",
    type=click.IntRange(min=1),
    help="Ends after so many days; otherwise after the most that the security profile allows.",
)
@json_option
@click.pass_obj
def create_token(
    console: Console, login: str, name: str, scopes: tuple[str, ...], code: str | None, days: int | None, as_json: bool
) -> None:
    """Create a token for the account LOGIN; it is printed this once."""
    policy = security_policy(console.settings.security_profile)

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            found = await account_by_login(tx, login, now=now)
            organization = await organization_by_code(tx, code) if code else None
            token_id, secret = await api_tokens.create_token(
                tx,
                account_id=found.id,
                name=name,
                scopes=api_tokens.scopes_of(scopes),
                actor=SYSTEM,
                now=now,
                organization_id=organization.id if organization else None,
                until=api_tokens.end_within(api_tokens.end_after(now, days), longest=policy.token_life, now=now),
            )
            return {"id": token_id, "token": secret}

    console.show(console.run(work), as_json=as_json)


@token.command("list")
@click.option("--login", help="Of one account.")
@json_option
@click.pass_obj
def list_tokens(console: Console, login: str | None, as_json: bool) -> None:
    """Tokens without their secrets, newest first."""

    async def work(db: Database) -> list[api_tokens.ApiToken]:
        async with db.transaction(SYSTEM) as tx:
            found = await account_by_login(tx, login, now=db.clock.now()) if login else None
            return await api_tokens.tokens(tx, account_id=found.id if found else None)

    console.show(
        [
            {
                "id": one.id,
                "login": one.login,
                "name": one.name,
                "scopes": sorted(one.scopes) if as_json else " ".join(sorted(one.scopes)),
                "until": one.until,
                "revoked_at": one.revoked_at,
                "last_used_at": one.last_used_at,
            }
            for one in console.run(work)
        ],
        as_json=as_json,
    )


@token.command("revoke")
@click.argument("token_id", type=click.UUID)
@json_option
@click.pass_obj
def revoke_token(console: Console, token_id: Any, as_json: bool) -> None:
    """Stop a token at once."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            await api_tokens.revoke_token(tx, token_id, actor=SYSTEM, now=db.clock.now())
            return {"id": token_id, "revoked": True}

    console.show(console.run(work), as_json=as_json)


@click.command()
@click.option("--city", prompt="City", help="Name of the city, with its suffix.")
@click.option("--region", prompt="Division code (six digits)", help="GB/T 2260, for example 410400.")
@click.option("--authority", help="Name of the cloud authority; without it, made from the city's name.")
@click.option("--telephone", help="Duty telephone of the cloud authority.")
@click.option("--locale", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
@json_option
@click.pass_obj
def init(
    console: Console, city: str, region: str, authority: str | None, telephone: str | None, locale: str, as_json: bool
) -> None:
    """Start a city: its cloud authority and three administrators, each with a one-time link printed this once."""
    policy = security_policy(console.settings.security_profile)

    async def work(db: Database) -> beginning.City:
        async with db.transaction(SYSTEM) as tx:
            return await beginning.begin(
                tx,
                city=city,
                region=region,
                authority=authority,
                telephone=telephone,
                locale=locale,
                policy=policy,
                actor=SYSTEM,
                now=db.clock.now(),
            )

    made = console.run(work)
    administrators = [
        {"role": one.role.value, "login": one.login, "link": setup_address(console, one.token)}
        for one in made.administrators
    ]
    if as_json:
        shown = {"organization": made.organization_id, "code": made.code, "until": made.until}
        console.show({**shown, "administrators": administrators}, as_json=True)
        return
    t = console.t
    click.echo(t("%(name)s is the cloud authority, with the code %(code)s.", name=made.name, code=made.code))
    click.echo(t("Hand each link to another person. Each works once, until %(until)s:", until=made.until.isoformat()))
    for one, row in zip(made.administrators, administrators, strict=True):
        click.echo(f"\n  {t(ROLE_NAMES[one.role])} ({row['login']})\n  {row['link']}")


def setup_address(console: Console, token: str) -> str:
    return f"{console.settings.public_url.rstrip('/')}/setup/{token}"
