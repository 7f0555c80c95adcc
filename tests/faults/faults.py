"""What is done to irm, to its servers and to those it talks with. Each fault is over when its function returns."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import redis.asyncio
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.clients import Clients
from tests.faults.town import Town
from tests.system.faults import fill


@dataclass(frozen=True)
class Scene:
    town: Town
    clients: Clients
    random: Random


Deed = Callable[[Scene], Awaitable[Any]]


@dataclass(frozen=True)
class Fault:
    """`on`: what it takes hold of; two faults never hold the same at a time. `weight`: how often it is drawn."""

    name: str
    on: str
    weight: int
    do: Deed


def one(it: Scene, kind: str) -> int | None:
    found = it.town.pids(kind)
    return it.random.choice(found) if found else None


def hit(it: Scene, kind: str, number: signal.Signals, *, every: bool = False) -> None:
    for pid in it.town.pids(kind) if every else filter(None, [one(it, kind)]):
        it.town.signal(pid, number)


async def seen(look: Callable[[], Any], seconds: float) -> bool:
    """Waits for the moment that a fault is for; in vain where nothing of the kind happens."""
    for _ in range(int(seconds / 0.005)):
        found = look()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return True
        await asyncio.sleep(0.005)
    return False


def killing(kind: str) -> Deed:
    async def do(it: Scene) -> None:
        hit(it, kind, signal.SIGKILL)

    return do


def terminating(kind: str) -> Deed:
    async def do(it: Scene) -> None:
        hit(it, kind, signal.SIGTERM)

    return do


def freezing(kind: str, shortest: float, longest: float) -> Deed:
    async def do(it: Scene) -> None:
        pid = one(it, kind)
        if pid is not None:
            it.town.signal(pid, signal.SIGSTOP)
            await asyncio.sleep(it.random.uniform(shortest, longest))
            it.town.signal(pid, signal.SIGCONT)

    return do


async def kill_web_in_the_middle_of_a_filing(it: Scene) -> None:
    await seen(it.town.posting.is_set, 3)
    await asyncio.sleep(it.random.uniform(0, 0.2))
    hit(it, "web", signal.SIGKILL, every=True)


async def kill_workers_at_a_claim(it: Scene) -> None:
    """Between claim and send, or while it is being sent."""
    async with it.town.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        begun = text("SELECT EXISTS (SELECT FROM delivery WHERE status = 'sending')")

        async def is_begun() -> bool:
            return bool(await connection.scalar(begun))

        await seen(is_begun, 3)
    hit(it, "worker", signal.SIGKILL, every=True)


async def kill_workers_after_the_send(it: Scene) -> None:
    """The gateway has the text and does not answer; whoever sent it dies before it can record."""
    it.town.gateway.be("silent")
    known = len(it.town.gateway.taken)
    it.clients._spawn(it.clients.file())
    await seen(lambda: len(it.town.gateway.taken) > known, 4)
    hit(it, "worker", signal.SIGKILL, every=True)
    hit(it, "dispatcher", signal.SIGKILL, every=True)
    it.town.gateway.be("well")


async def kill_workers_with_much_under_way(it: Scene) -> None:
    it.town.gateway.be("silent")
    it.town.mail.be("hangs")
    it.clients._spawn(it.clients.burst(12))
    await asyncio.sleep(it.random.uniform(2, 5))
    hit(it, "worker", signal.SIGKILL, every=True)
    hit(it, "dispatcher", signal.SIGKILL, every=True)
    it.town.gateway.be("well")
    it.town.mail.be("well")


async def kill_dispatcher_while_it_claims(it: Scene) -> None:
    """A burst, and in the midst of handing it over one of two is gone."""
    it.clients._spawn(it.clients.burst(6))
    await asyncio.sleep(it.random.uniform(0.05, 0.6))
    hit(it, "dispatcher", signal.SIGKILL)


async def flush_valkey(it: Scene) -> None:
    link = redis.asyncio.from_url(it.town.irm.running["environment"]["IRM_BROKER_URL"], socket_timeout=3)
    try:
        with suppress(redis.RedisError, OSError):
            await link.flushall()
    finally:
        await link.aclose()


def valkey(number: signal.Signals, longest: float = 0) -> Deed:
    async def do(it: Scene) -> None:
        for pid in it.town.irm.pids("valkey-server"):
            it.town.signal(pid, number)
            if longest:
                await asyncio.sleep(it.random.uniform(1, longest))
                it.town.signal(pid, signal.SIGCONT)

    return do


def postgres(number: signal.Signals) -> Deed:
    async def do(it: Scene) -> None:
        if (master := it.town.postmaster()) is not None:
            it.town.signal(master, number)
            await asyncio.sleep(2)

    return do


async def freeze_postgres(it: Scene) -> None:
    family = it.town.postgres_family()
    for pid in family:
        it.town.signal(pid, signal.SIGSTOP)
    await asyncio.sleep(it.random.uniform(1, 5))
    for pid in reversed(family):
        it.town.signal(pid, signal.SIGCONT)


async def terminate_backends(it: Scene) -> None:
    """In a stream."""
    statement = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'irm'")
    for _ in range(it.random.randint(1, 5)):
        with suppress(SQLAlchemyError, OSError):
            async with it.town.engine.connect() as connection:
                await connection.execute(statement)
        await asyncio.sleep(0.2)


async def fill_the_disk(it: Scene) -> None:
    """Database, files and logs stand on it."""
    assert it.town.disk is not None
    ballast = await asyncio.to_thread(fill, it.town.disk)
    try:
        await asyncio.sleep(it.random.uniform(1, 4))
    finally:
        ballast.unlink()


def mail_that(mood: Any, longest: float) -> Deed:
    async def do(it: Scene) -> None:
        it.town.mail.be(mood)
        await asyncio.sleep(it.random.uniform(1, longest))
        it.town.mail.be("well")

    return do


def gateway_that(mood: Any, longest: float) -> Deed:
    async def do(it: Scene) -> None:
        it.town.gateway.be(mood)
        await asyncio.sleep(it.random.uniform(1, longest))
        it.town.gateway.be("well")

    return do


FAULTS: Final[tuple[Fault, ...]] = (
    Fault("worker killed", "worker", 5, killing("worker")),
    Fault("workers killed between claim and send", "worker", 3, kill_workers_at_a_claim),
    Fault("workers killed after the send, before the record", "outside", 3, kill_workers_after_the_send),
    Fault("workers killed with much under way", "outside", 1, kill_workers_with_much_under_way),
    Fault("worker ended by SIGTERM", "worker", 3, terminating("worker")),
    Fault("worker frozen", "worker", 2, freezing("worker", 1, 5)),
    Fault("worker frozen beyond its lease", "frozen", 1, freezing("worker", 32, 40)),
    Fault("dispatcher killed", "dispatcher", 3, killing("dispatcher")),
    Fault("one of two dispatchers killed while it claims", "dispatcher", 3, kill_dispatcher_while_it_claims),
    Fault("dispatcher ended by SIGTERM", "dispatcher", 2, terminating("dispatcher")),
    Fault("dispatcher frozen", "dispatcher", 2, freezing("dispatcher", 1, 5)),
    Fault("web killed in the middle of a filing", "web", 4, kill_web_in_the_middle_of_a_filing),
    Fault("web ended by SIGTERM", "web", 2, terminating("web")),
    Fault("Valkey flushed", "valkey", 4, flush_valkey),
    Fault("Valkey killed", "valkey", 3, valkey(signal.SIGKILL)),
    Fault("Valkey stopped", "valkey", 2, valkey(signal.SIGSTOP, 7)),
    Fault("PostgreSQL killed", "postgres", 2, postgres(signal.SIGKILL)),
    Fault("PostgreSQL stopped and started", "postgres", 2, postgres(signal.SIGINT)),
    Fault("PostgreSQL stands still", "postgres", 2, freeze_postgres),
    Fault("PostgreSQL's backends terminated in a stream", "postgres", 4, terminate_backends),
    Fault("disk full", "postgres", 2, fill_the_disk),
    Fault("SMTP refuses for good", "outside", 1, mail_that("refuses", 3)),
    Fault("SMTP says later", "outside", 2, mail_that("busy", 5)),
    Fault("SMTP hangs", "outside", 2, mail_that("hangs", 7)),
    Fault("SMTP hangs up after DATA", "outside", 2, mail_that("hangs_up", 4)),
    Fault("SMS gateway answers 500", "outside", 2, gateway_that("fails", 4)),
    Fault("SMS gateway errs inside a 200", "outside", 2, gateway_that("errs_in_200", 4)),
    Fault("SMS gateway is silent", "outside", 2, gateway_that("silent", 9)),
)


def possible(town: Town) -> list[Fault]:
    return [each for each in FAULTS if town.disk is not None or each.do is not fill_the_disk]
