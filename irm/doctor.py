"""Looks at everything irm stands on and says in words what is wrong and what to do."""

import asyncio
import shutil
import stat
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiosmtplib
import redis.asyncio
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from irm import grants, migrations
from irm.access.oidc_check import look_at_provider
from irm.access.parties import look_at_parties
from irm.access.stranded import look_at_passkeys
from irm.clock import SKEW_THAT_IS_SAID, DatabaseClock
from irm.config import Settings
from irm.db import HOUSE
from irm.diagnosis import Finding
from irm.emergency.folder import age_of_newest, fault_of, open_to_others
from irm.emergency.policy import sheet_policy
from irm.emergency.writing import FAULTS
from irm.i18n import N_
from irm.notify.alive import targets_of
from irm.notify.gateway_check import look_at_gateways
from irm.notify.policy import channel_policy
from irm.notify.trial_check import look_at_trials
from irm.overview.auditing import is_silent
from irm.overview.policy import tolerances

OLDEST_POSTGRES: Final = 15
PATIENCE: Final = 5.0
SILENT_AFTER: Final = timedelta(seconds=30)
LATE_AFTER: Final = timedelta(minutes=2)
LITTLE_DISK: Final = 2 * 1024**3
NO_DISK: Final = 200 * 1024**2

DATABASE: Final = N_("Database")
SHAPE: Final = N_("Schema")
RIGHTS: Final = N_("Rights")
CLOCK: Final = N_("Clock")
PROCESSES: Final = N_("Processes")
WORK: Final = N_("Work")
WATCH: Final = N_("Own check")
LEDGER: Final = N_("Ledger")
CHANNELS: Final = N_("Channels")
ALIVE: Final = N_("Sign of life")
BROKER: Final = N_("Broker")
MAIL: Final = N_("Mail")
ADDRESS: Final = N_("Public address")
DISK: Final = N_("Disk")
HOME: Final = N_("Home directory")
SHEET: Final = N_("Emergency sheet")


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which irm needs things. Never raises for what it looks at."""
    return asyncio.run(look(settings))


async def look(settings: Settings) -> list[Finding]:
    findings = await _database(settings)
    findings += [await _broker(settings), await _mail(settings), *await look_at_gateways(settings)]
    findings.append(await look_at_provider(settings, DatabaseClock().now()))
    findings += [_address(settings), _disk(settings.home), _home(settings.home), _sheet(settings)]
    return findings


async def _database(settings: Settings) -> list[Finding]:
    if not settings.database_url:
        return [Finding(DATABASE, "broken", N_("IRM_DATABASE_URL is not set, and no irm runs in this folder."))]
    how = {"timeout": PATIENCE, "server_settings": HOUSE}
    engine = create_async_engine(settings.async_database_url, poolclass=NullPool, connect_args=how)
    try:
        async with engine.connect() as connection:
            clock = DatabaseClock()
            findings = [await _version(connection), _skew(await clock.anchor(engine)), await _shape(connection)]
            if findings[-1].state != "broken":
                now = clock.now()
                findings += [await _rights(connection), await _processes(connection, now), await _work(connection, now)]
                findings += [await _watch(connection, now), await _ledger(connection, settings, now)]
                findings.append(await look_at_trials(connection, settings, now))
                findings += [await _providers(connection), await _alive(connection, settings, now)]
                findings += [await look_at_passkeys(connection, settings.public_url), await look_at_parties(connection)]
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return [Finding(DATABASE, "broken", N_("It does not answer: %(reason)s"), {"reason": _reason(error)})]
    finally:
        await engine.dispose()
    return findings


async def _version(connection: AsyncConnection) -> Finding:
    number = int(await connection.scalar(text("SELECT current_setting('server_version_num')")) or 0)
    context = {"version": f"{number // 10000}.{number % 10000}"}
    if number // 10000 < OLDEST_POSTGRES:
        return Finding(DATABASE, "broken", N_("PostgreSQL %(version)s is too old; irm needs 15 or newer."), context)
    if await connection.scalar(text("SELECT current_setting('server_encoding')")) != "UTF8":
        return Finding(DATABASE, "broken", N_("The database's encoding is not UTF-8."))
    return Finding(DATABASE, "good", N_("PostgreSQL %(version)s answers."), context)


async def _shape(connection: AsyncConnection) -> Finding:
    found, wanted = await migrations.current(connection), migrations.head()
    if found != wanted:
        context = {"found": found or "-", "wanted": wanted or "-"}
        return Finding(SHAPE, "broken", N_("It is %(found)s, this release needs %(wanted)s: run irm migrate."), context)
    return Finding(SHAPE, "good", N_("%(found)s, as this release needs it."), {"found": found or "-"})


async def _rights(connection: AsyncConnection) -> Finding:
    """The role must be able to do what irm does, and must not be able to change the past."""
    if await connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        return Finding(
            RIGHTS, "broken", N_("irm is connected as a superuser, who can rewrite the ledger. Use irm_app.")
        )
    rows = await connection.execute(
        text(
            "SELECT c.relname, pg_has_role(current_user, c.relowner, 'USAGE'), array(SELECT p FROM unnest("
            "ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE']) p WHERE has_table_privilege(c.oid, p)) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'"
        )
    )
    wrong = []
    for table, owns, rights in rows.all():
        if owns or set(rights) != grants.expected(table):
            wrong.append(table)
    if wrong:
        context = {"tables": ", ".join(sorted(wrong)[:5])}
        return Finding(
            RIGHTS, "broken", N_("Not as designed on %(tables)s: run irm migrate, connect as irm_app."), context
        )
    return Finding(RIGHTS, "good", N_("The application can add to the ledger and not change it."))


def _skew(skew: timedelta) -> Finding:
    context = {"seconds": f"{skew.total_seconds():+.2f}"}
    if abs(skew) > SKEW_THAT_IS_SAID:
        words = N_(
            "This host differs from the database by %(seconds)s s. irm keeps to the database; set the hosts right."
        )
        return Finding(CLOCK, "weak", words, context)
    return Finding(CLOCK, "good", N_("%(seconds)s s from the database's."), context)


async def _processes(connection: AsyncConnection, now: datetime) -> Finding:
    rows = await connection.execute(
        text("SELECT kind, count(*) FROM heartbeat WHERE seen_at > :since GROUP BY kind"), {"since": now - SILENT_AFTER}
    )
    alive = {str(kind): int(count) for kind, count in rows.all()}
    context = {"workers": alive.get("worker", 0), "dispatchers": alive.get("dispatcher", 0)}
    if not context["dispatchers"]:
        return Finding(
            PROCESSES, "broken", N_("No dispatcher runs: nothing is sent and no deadline is watched."), context
        )
    if not context["workers"]:
        return Finding(PROCESSES, "weak", N_("No worker runs: the dispatcher does all the work itself."), context)
    return Finding(PROCESSES, "good", N_("%(workers)s worker(s), %(dispatchers)s dispatcher(s)."), context)


async def _work(connection: AsyncConnection, now: datetime) -> Finding:
    dead = await connection.scalar(text("SELECT count(*) FROM job WHERE outcome = 'dead'"))
    late = await connection.scalar(
        text("SELECT count(*) FROM job WHERE done_at IS NULL AND run_at < :due"), {"due": now - LATE_AFTER}
    )
    context = {"dead": dead or 0, "late": late or 0}
    if late:
        return Finding(WORK, "broken", N_("%(late)s task(s) are late by more than two minutes."), context)
    if dead:
        return Finding(WORK, "weak", N_("%(dead)s task(s) were given up; the ledger says which."), context)
    return Finding(WORK, "good", N_("Nothing late, nothing given up."))


async def _watch(connection: AsyncConnection, now: datetime) -> Finding:
    """Whether the auditor looks, and what it found."""
    row = (
        await connection.execute(
            text(
                "SELECT (SELECT max(at) FROM audit_look) AS at, "
                "(SELECT count(*) FROM audit_finding WHERE caught_up_at IS NULL) AS missed"
            )
        )
    ).one()
    if row.at is None:
        return Finding(WATCH, "off", N_("It has not looked yet; it does so every minute once a dispatcher runs."))
    context = {"minutes": round((now - row.at).total_seconds() / 60), "missed": row.missed}
    if is_silent(row.at, None, now, tolerances().silent):
        words = N_("It looked %(minutes)s minutes ago for the last time: nobody notices what is not sent.")
        return Finding(WATCH, "broken", words, context)
    if row.missed:
        words = N_("%(missed)s thing(s) that were due have not been done; the board names them.")
        return Finding(WATCH, "broken", words, context)
    return Finding(WATCH, "good", N_("Everything that was due was done."), context)


async def _providers(connection: AsyncConnection) -> Finding:
    """Whether a provider is left alone because it fails again and again."""
    rows = await connection.execute(text("SELECT name FROM provider WHERE opened_at IS NOT NULL ORDER BY name"))
    names = [str(row.name) for row in rows.all()]
    if names:
        words = N_("%(names)s: the provider fails again and again; pages go other ways, where there are any.")
        return Finding(CHANNELS, "broken", words, {"names": ", ".join(names)})
    return Finding(CHANNELS, "good", N_("No provider is left alone."))


async def _alive(connection: AsyncConnection, settings: Settings, now: datetime) -> Finding:
    """Whether somebody outside hears that irm works; silence would be the alarm there."""
    targets = targets_of(settings)
    if not targets:
        return Finding(ALIVE, "off", N_("Nobody outside is told that irm works: set IRM_ALIVE_URL (docs/channels.md)."))
    rows = await connection.execute(text("SELECT target, ok_at FROM alive_sign WHERE ok_at IS NOT NULL"))
    told = {str(row.target): row.ok_at for row in rows.all()}
    every = channel_policy().alive_every
    silent = [name for name in targets if name not in told or now - told[name] > 3 * every[name]]
    if silent:
        words = N_("Not told lately that irm works: %(names)s. Who watches there will raise the alarm.")
        return Finding(ALIVE, "broken", words, {"names": ", ".join(silent)})
    return Finding(ALIVE, "good", N_("Told outside: %(names)s."), {"names": ", ".join(targets)})


async def _ledger(connection: AsyncConnection, settings: Settings, now: datetime) -> Finding:
    """Does the tree keep up, is it signed and witnessed, and what did the last look through it find?"""
    row = (
        await connection.execute(
            text(
                "SELECT (SELECT coalesce(max(index) + 1, 0) FROM ledger_leaf) AS size, "
                "(SELECT max(size) FROM ledger_checkpoint) AS signed, "
                "(SELECT max(checkpoint_size) FROM witnessing WHERE status = 'witnessed') AS witnessed, "
                "(SELECT count(*) FROM ledger_pending p JOIN ledger_entry e ON e.id = p.entry_id WHERE e.at < :due) AS late, "
                "(SELECT jsonb_array_length(faults) FROM ledger_verification ORDER BY at DESC LIMIT 1) AS faults"
            ),
            {"due": now - LATE_AFTER},
        )
    ).one()
    context = {"size": row.size, "signed": row.signed or 0, "witnessed": row.witnessed or 0, "late": row.late}
    if row.faults:
        words = N_("The last look through the ledger found that it was changed: irm evidence verify --database.")
        return Finding(LEDGER, "broken", words, context)
    if row.late:
        return Finding(LEDGER, "broken", N_("%(late)s entries wait for their place in the tree."), context)
    if not row.size:
        return Finding(LEDGER, "off", N_("Nothing recorded yet."), context)
    if not row.signed:
        words = N_("No checkpoint is signed: is the key in IRM_HOME/keys closed to others and readable?")
        return Finding(LEDGER, "broken", words, context)
    if not (settings.witness_mail or settings.witness_folder or settings.witness_url):
        words = N_("Signed up to %(signed)s of %(size)s entries; no witness outside irm is set up.")
        return Finding(LEDGER, "weak", words, context)
    words = N_("Signed up to %(signed)s of %(size)s entries, witnessed up to %(witnessed)s.")
    return Finding(LEDGER, "good" if row.witnessed else "weak", words, context)


async def _broker(settings: Settings) -> Finding:
    if not settings.broker_url:
        return Finding(BROKER, "off", N_("Not configured: the dispatcher does all the work itself."))

    async def ask() -> str:
        link = redis.asyncio.from_url(settings.broker_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        try:
            found = await link.config_get("maxmemory-policy")
            return str(found.get("maxmemory-policy", ""))
        finally:
            await link.aclose()

    policy, trouble = await _tried(ask)
    if trouble:
        return Finding(
            BROKER, "weak", N_("It does not answer (%(reason)s); the dispatcher works alone."), {"reason": trouble}
        )
    if policy not in {"", "noeviction"}:
        return Finding(BROKER, "weak", N_("maxmemory-policy is %(policy)s; set noeviction."), {"policy": policy})
    return Finding(BROKER, "good", N_("It answers."))


async def _mail(settings: Settings) -> Finding:
    if not settings.smtp_url:
        return Finding(MAIL, "off", N_("Not configured: nothing is sent by mail."))
    address = urlsplit(settings.smtp_url)
    secure = address.scheme == "smtps"

    async def ask() -> str:
        port = address.port or (465 if secure else 25)
        client = aiosmtplib.SMTP(hostname=address.hostname or "", port=port, use_tls=secure, timeout=PATIENCE)
        async with client:
            return (await client.noop()).message

    _, trouble = await _tried(ask)
    if trouble:
        return Finding(MAIL, "broken", N_("The mail server does not answer: %(reason)s"), {"reason": trouble})
    return Finding(MAIL, "good", N_("%(host)s answers."), {"host": address.hostname or ""})


async def _tried(ask: Callable[[], Awaitable[str]]) -> tuple[str, str]:
    """(answer, trouble): one of them is empty."""
    try:
        return await asyncio.wait_for(ask(), PATIENCE + 1), ""
    except (OSError, TimeoutError, aiosmtplib.SMTPException, redis.asyncio.RedisError) as error:
        return "", _reason(error)


def _address(settings: Settings) -> Finding:
    address = urlsplit(settings.public_url)
    context = {"url": settings.public_url}
    if address.scheme not in {"http", "https"} or not address.hostname:
        return Finding(ADDRESS, "broken", N_("%(url)s is no address; links in messages will not work."), context)
    if address.hostname in {"localhost", "127.0.0.1", "::1"} and not settings.demo:
        return Finding(ADDRESS, "weak", N_("%(url)s is this machine only; set IRM_PUBLIC_URL."), context)
    return Finding(ADDRESS, "good", "%(url)s", context)


def _disk(home: Path) -> Finding:
    usage = shutil.disk_usage(home if home.exists() else Path.cwd())
    context = {"free": f"{usage.free / 1024**3:.1f}"}
    if usage.free < NO_DISK:
        return Finding(DISK, "broken", N_("%(free)s GiB free: attachments will be refused."), context)
    if usage.free < LITTLE_DISK:
        return Finding(DISK, "weak", N_("%(free)s GiB free."), context)
    return Finding(DISK, "good", N_("%(free)s GiB free."), context)


def _home(home: Path) -> Finding:
    context: dict[str, Any] = {"path": str(home)}
    if not home.exists():
        return Finding(HOME, "off", N_("%(path)s does not exist yet."), context)
    if stat.S_IMODE(home.stat().st_mode) & 0o066:
        return Finding(HOME, "broken", N_("Others can read or write %(path)s: chmod 700."), context)
    for file in home.glob("*.json"):
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            return Finding(HOME, "broken", N_("Others can read %(path)s: chmod 600."), {"path": str(file)})
    return Finding(HOME, "good", N_("%(path)s is closed to others."), context)


def _sheet(settings: Settings) -> Finding:
    """Is there paper for the night on which irm itself is away?"""
    folder = settings.sheet_dir
    if folder is None:
        words = N_("IRM_SHEET_DIR is not set: when irm is away, nothing outside says who is on duty and what is due.")
        return Finding(SHEET, "weak", words)
    context: dict[str, Any] = {"path": str(folder)}
    if (fault := fault_of(folder, settings.home)) is not None:
        return Finding(SHEET, "broken", FAULTS[fault], context)
    age = age_of_newest(folder, DatabaseClock().now())
    if age is None:
        return Finding(SHEET, "weak", N_("None lies in %(path)s yet: irm sheet write."), context)
    context["hours"] = int(age.total_seconds() // 3600)
    if age > sheet_policy().too_old:
        return Finding(SHEET, "broken", N_("The newest in %(path)s is %(hours)s hours old."), context)
    if open_to_others(folder):
        return Finding(
            SHEET, "weak", N_("Others can look into %(path)s, where telephone numbers lie: chmod 700."), context
        )
    return Finding(SHEET, "good", N_("The newest in %(path)s is %(hours)s hours old."), context)


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
