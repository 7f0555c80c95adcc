"""`irm account …`, `irm token …`, `irm init`. Passwords never stand on a command line: they are generated or typed."""

import sys
from typing import Any, Final

import click

from irm.access import beginning, factors, login as signing, tokens as api_tokens
from irm.access.passwords import generate
from irm.access.policy import Permission, Role
from irm.access.queries import Account, account_by_login, accounts, organization_by_code
from irm.access.security import security_policy
from irm.access.service import create_account, disable_account, grant_role, register_person
from irm.access.vocabulary import ROLE_NAMES
from irm.console import Console, json_option
from irm.db import SYSTEM, Database

ROLES: Final = tuple(role.value for role in Role)


@click.group()
def account() -> None:
    """Accounts of people."""


@account.command("create")
@click.argument("login")
@click.option("--name", required=True, help="The person as colleagues know them, for example by post.")
@click.option("--organization", "code", required=True, help="Code of the organization.")
@click.option(
    "--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="May be given several times."
)
@click.option("--locale", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
@click.option(
    "--password",
    "how",
    type=click.Choice(["link", "generate", "ask"]),
    default="link",
    show_default=True,
    help="A one-time link, a generated password, or one typed here (from standard input if that is a pipe).",
)
@json_option
@click.pass_obj
def create(
    console: Console, login: str, name: str, code: str, roles: tuple[str, ...], locale: str, how: str, as_json: bool
) -> None:
    """Create a person with an account; print once how they get in."""
    policy = security_policy(console.settings.security_profile)
    password = generate() if how == "generate" else _typed() if how == "ask" else None

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            organization = await organization_by_code(tx, code)
            person_id = await register_person(tx, name=name, actor=SYSTEM, now=now)
            for role in roles:
                await grant_role(
                    tx, person_id=person_id, organization_id=organization.id, role=Role(role), actor=SYSTEM, now=now
                )
            account_id = await create_account(
                tx, person_id=person_id, login=login, locale=locale, actor=SYSTEM, now=now
            )
            made: dict[str, Any] = {"account": account_id, "person": person_id, "login": login.strip().lower()}
            if password is None:
                token = await signing.issue_link(tx, account_id, policy=policy, actor=SYSTEM, now=now)
                made["link"] = setup_address(console, token)
            else:
                await signing.set_password(tx, account_id, password, policy=policy, actor=SYSTEM, now=now)
                if how == "generate":
                    made["password"] = password
            return made

    console.show(console.run(work), as_json=as_json)


@account.command("list")
@json_option
@click.pass_obj
def list_accounts(console: Console, as_json: bool) -> None:
    """Accounts with their roles and state."""

    async def work(db: Database) -> list[Account]:
        async with db.transaction(SYSTEM) as tx:
            return await accounts(tx, now=db.clock.now())

    found = console.run(work)
    if as_json:
        console.show(
            [
                {
                    "account": one.id,
                    "login": one.login,
                    "name": one.name,
                    "locale": one.locale,
                    "roles": [{"organization": where, "role": role.value} for where, role in one.roles],
                    "has_password": one.has_password,
                    "locked_until": one.locked_until,
                    "disabled_at": one.disabled_at,
                    "created_at": one.created_at,
                }
                for one in found
            ],
            as_json=True,
        )
        return
    t = console.t
    console.show(
        [
            {
                t("Login name"): one.login,
                t("Name"): one.name,
                t("Roles"): "; ".join(f"{where} {t(ROLE_NAMES[role])}" for where, role in one.roles),
                t("State"): t("disabled") if one.disabled_at else t("active") if one.has_password else t("not set up"),
            }
            for one in found
        ],
        as_json=False,
    )


@account.command("disable")
@click.argument("login")
@json_option
@click.pass_obj
def disable(console: Console, login: str, as_json: bool) -> None:
    """Shut an account: its sessions end and its tokens stop."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            found = await account_by_login(tx, login, now=db.clock.now())
            await disable_account(tx, found.id, actor=SYSTEM, now=db.clock.now())
            return {"account": found.id, "login": found.login, "disabled": True}

    console.show(console.run(work), as_json=as_json)


@account.command("link")
@click.argument("login")
@json_option
@click.pass_obj
def link(console: Console, login: str, as_json: bool) -> None:
    """A new one-time link to set the password; earlier ones end."""
    policy = security_policy(console.settings.security_profile)

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            found = await account_by_login(tx, login, now=now)
            token = await signing.issue_link(tx, found.id, policy=policy, actor=SYSTEM, now=now)
            return {"login": found.login, "link": setup_address(console, token), "until": now + policy.link_life}

    console.show(console.run(work), as_json=as_json)


@account.command("reset-second-factor")
@click.argument("login")
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@json_option
@click.pass_obj
def reset_second_factor(console: Console, login: str, reason: str, as_json: bool) -> None:
    """Take the second factor away after its device was lost: sessions end, the owner is told and sets up another."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            found = await account_by_login(tx, login, now=db.clock.now())
            await factors.reset(tx, found.id, reason=reason, actor=SYSTEM, now=db.clock.now())
            return {"account": found.id, "login": found.login, "reset": True}

    console.show(console.run(work), as_json=as_json)


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
@click.option("--days", type=click.IntRange(min=1), help="Ends after so many days; otherwise when revoked.")
@json_option
@click.pass_obj
def create_token(
    console: Console, login: str, name: str, scopes: tuple[str, ...], code: str | None, days: int | None, as_json: bool
) -> None:
    """Create a token for the account LOGIN; it is printed this once."""

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
                until=api_tokens.end_after(now, days),
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


def _typed() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
