"""`irm account …`. Passwords never stand on a command line: they are generated or typed."""

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import click

from irm.access import account_acts as acts, factors, identities, login as signing
from irm.access.accounts import AccountLine, account_line
from irm.access.commands import setup_address
from irm.access.oidc_metadata import issuer_of
from irm.access.passwords import generate
from irm.access.policy import Role
from irm.access.queries import Account, account_by_login, accounts
from irm.access.roles import give, give_to, take_back
from irm.access.security import security_policy
from irm.access.service import create_account, register_person
from irm.access.vocabulary import ROLE_NAMES
from irm.console import Console, json_option
from irm.db import SYSTEM, Database, Tx
from irm.i18n import Translator

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
@click.option("--system", "systems", multiple=True, help="Only for this system (its code). May be given several times.")
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
    console: Console,
    login: str,
    name: str,
    code: str,
    roles: tuple[str, ...],
    systems: tuple[str, ...],
    locale: str,
    how: str,
    as_json: bool,
) -> None:
    """Create a person with an account; print once how they get in."""
    policy = security_policy(console.settings.security_profile)
    password = generate() if how == "generate" else _typed() if how == "ask" else None

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            person_id = await register_person(tx, name=name, actor=SYSTEM, now=now)
            for role in roles:
                await give_to(tx, person_id, organization=code, role=role, systems=systems, actor=SYSTEM, now=now)
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
                    "roles": [
                        {"organization": where, "role": role.value, "systems": list(systems)}
                        for where, role, systems in one.roles
                    ],
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
                t("Roles"): "; ".join(_held(t, *each) for each in one.roles),
                t("State"): t("disabled") if one.disabled_at else t("active") if one.has_password else t("not set up"),
            }
            for one in found
        ],
        as_json=False,
    )


@account.command("show")
@click.argument("login")
@json_option
@click.pass_obj
def show(console: Console, login: str, as_json: bool) -> None:
    """One account: state, last sign-in, second factor, last day."""

    async def work(db: Database) -> AccountLine:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            return await account_line(tx, (await account_by_login(tx, login, now=now)).id, now=now)

    one = console.run(work)
    console.show(
        {
            "account": one.id,
            "login": one.login,
            "name": one.name,
            "state": one.state,
            "disabled_why": one.disabled_why,
            "ends_on": one.ends_on,
            "signed_in_at": one.signed_in_at,
            "second_factor": one.has_factor,
            "wrong_since": one.wrong_since,
            "roles": [
                {"organization": each.organization, "role": each.role.value, "systems": list(each.systems)}
                for each in one.roles
            ],
        },
        as_json=as_json,
    )


@account.command("disable")
@click.argument("login")
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@json_option
@click.pass_obj
def disable(console: Console, login: str, reason: str, as_json: bool) -> None:
    """Shut an account: its sessions end and its tokens stop."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        await acts.disable(tx, account_id, reason=reason, actor=SYSTEM, now=now)
        return {"disabled": True}

    _do(console, login, act, as_json=as_json)


@account.command("enable")
@click.argument("login")
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@json_option
@click.pass_obj
def enable(console: Console, login: str, reason: str, as_json: bool) -> None:
    """Open a disabled or suspended account again, with the password and second factor that it had."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        await acts.enable(tx, account_id, reason=reason, actor=SYSTEM, now=now)
        return {"enabled": True}

    _do(console, login, act, as_json=as_json)


@account.command("unlock")
@click.argument("login")
@json_option
@click.pass_obj
def unlock(console: Console, login: str, as_json: bool) -> None:
    """Take off the lock that too many wrong attempts put on."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        await acts.unlock(tx, account_id, actor=SYSTEM, now=now)
        return {"unlocked": True}

    _do(console, login, act, as_json=as_json)


@account.command("ends")
@click.argument("login")
@click.option("--on", "ends_on", help="Last day, for example 2027-03-31; without it the account has no end.")
@json_option
@click.pass_obj
def ends(console: Console, login: str, ends_on: str | None, as_json: bool) -> None:
    """The last day of an account: the end of a contract. A later day opens it again."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        last = acts.day(ends_on or "")
        await acts.set_end(tx, account_id, last, actor=SYSTEM, now=now)
        return {"ends_on": last}

    _do(console, login, act, as_json=as_json)


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

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        await factors.reset(tx, account_id, reason=reason, actor=SYSTEM, now=now)
        return {"reset": True}

    _do(console, login, act, as_json=as_json)


@account.command("identities")
@click.argument("login")
@json_option
@click.pass_obj
def list_identities(console: Console, login: str, as_json: bool) -> None:
    """Identities at the identity provider that an account is linked to."""

    async def work(db: Database) -> list[identities.Linked]:
        async with db.transaction(SYSTEM) as tx:
            found = await account_by_login(tx, login, now=db.clock.now())
            return await identities.identities_of(tx, found.id)

    console.show(
        [
            {
                "identity": one.id,
                "issuer": one.issuer,
                "subject": one.subject,
                "linked_at": one.linked_at,
                "by_owner": one.by_owner,
                "used_at": one.used_at,
            }
            for one in console.run(work)
        ],
        as_json=as_json,
    )


@account.command("link-identity")
@click.argument("login")
@click.option("--subject", required=True, help="The sub by which the identity provider knows the person.")
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@json_option
@click.pass_obj
def link_identity(console: Console, login: str, subject: str, reason: str, as_json: bool) -> None:
    """Link an account to an identity at the identity provider: whoever has it there signs in to the account."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        issuer = issuer_of(console.settings)
        made = await identities.link(tx, account_id, issuer, subject, actor=SYSTEM, now=now, reason=reason)
        return {"identity": made, "issuer": issuer, "subject": subject}

    _do(console, login, act, as_json=as_json)


@account.command("give-role")
@click.argument("login")
@click.option("--organization", "code", required=True, help="Code of the organization.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--system", "systems", multiple=True, help="Only for this system (its code). May be given several times.")
@json_option
@click.pass_obj
def give_role(console: Console, login: str, code: str, role: str, systems: tuple[str, ...], as_json: bool) -> None:
    """Give a role, for all that it reaches in the organization or for named systems only."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        await give(tx, account_id, organization=code, role=role, systems=systems, by=None, actor=SYSTEM, now=now)
        return {"organization": code, "role": role, "systems": list(systems)}

    _do(console, login, act, as_json=as_json)


@account.command("unlink-identity")
@click.argument("login")
@click.argument("identity", type=click.UUID)
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@json_option
@click.pass_obj
def unlink_identity(console: Console, login: str, identity: UUID, reason: str, as_json: bool) -> None:
    """Take an identity away from an account: its sessions end and its owner is told."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        await identities.take_away(tx, account_id, identity, reason=reason, actor=SYSTEM, now=now)
        return {"unlinked": identity}

    _do(console, login, act, as_json=as_json)


@account.command("end-role")
@click.argument("login")
@click.option("--organization", "code", required=True, help="Code of the organization.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@json_option
@click.pass_obj
def end_role(console: Console, login: str, code: str, role: str, as_json: bool) -> None:
    """Take a role back, with what was handed over of it."""

    async def act(tx: Tx, account_id: UUID, now: datetime) -> dict[str, Any]:
        await take_back(tx, account_id, organization=code, role=role, by=None, actor=SYSTEM, now=now)
        return {"organization": code, "role": role, "ended": True}

    _do(console, login, act, as_json=as_json)


def _held(t: Translator, where: str, role: Role, systems: tuple[str, ...]) -> str:
    words = f"{where} {t(ROLE_NAMES[role])}"
    return t("%(role)s (only for: %(systems)s)", role=words, systems=t(", ").join(systems)) if systems else words


def _do(
    console: Console,
    login: str,
    act: Callable[[Tx, UUID, datetime], Awaitable[dict[str, Any]]],
    *,
    as_json: bool,
) -> None:
    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            found = await account_by_login(tx, login, now=now)
            return {"account": found.id, "login": found.login, **await act(tx, found.id, now)}

    console.show(console.run(work), as_json=as_json)


def _typed() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
