"""Every route names its permission, every job and subscription leads somewhere, every job has a test that names it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.jobs import Inside, Outside
from irm.wiring import JOBS, RECURRING, SUBSCRIPTIONS
from tests.architecture.sources import all_tests, modules
from tests.conftest import THE_NIGHT


@pytest.fixture
def app() -> Any:
    """Built without a connection: walking routes needs none."""
    from irm.app import create_app
    from irm.wiring import WIRING

    clock = FixedClock(THE_NIGHT)
    db = Database.connect("postgresql+asyncpg://nobody@127.0.0.1:1/none", clock=clock, wiring=WIRING)
    return create_app(Settings(), db, clock)


def handlers(app: Any) -> Iterator[tuple[str, Any]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            yield route.path, handler


def test_every_route_names_its_permission(app: Any) -> None:
    silent = []
    for path, handler in handlers(app):
        if path.startswith("/api/v1/openapi") or handler.fn.__module__.startswith("litestar."):
            continue  # the framework's own: the OpenAPI document, answers to OPTIONS
        if not any(key in handler.opt for key in ("permission", "public")):
            silent.append(f"{path} → {handler.fn.__module__}.{handler.fn.__qualname__}")
    assert not silent, "\n".join(silent)


def test_every_api_route_is_in_the_openapi_document(app: Any) -> None:
    described = set(app.openapi_schema.paths or {})
    missing = {path for path, _ in handlers(app) if path.startswith("/api/v1/") and "openapi" not in path}
    missing = {path.replace(":uuid", "").replace(":str", "").replace(":int", "") for path in missing} - described
    assert not missing, sorted(missing)


def test_every_job_has_a_handler_and_every_subscription_a_job() -> None:
    assert all(isinstance(handler, (Inside, Outside)) for handler in JOBS.values())
    for subscription in SUBSCRIPTIONS:
        hears = (subscription.in_transaction, subscription.in_transaction_all, subscription.job)
        assert sum(one is not None for one in hears) == 1, subscription
        assert subscription.job is None or subscription.job in JOBS, subscription


def test_what_recurs_has_a_handler_and_stands_there_once() -> None:
    names = [each.name for each in RECURRING]
    assert set(names) <= set(JOBS), set(names) - set(JOBS)
    assert len(names) == len(set(names)), names


def test_jobs_are_named_feature_verb() -> None:
    rooms = {module.room for module in modules()} | {"kernel"}
    wrong = [name for name in JOBS if name.count(".") != 1 or name.split(".")[0] not in rooms]
    assert not wrong, wrong


def test_every_scheduled_name_is_wired() -> None:
    scheduled = {
        (match.group(1), module.name)
        for module in modules()
        for match in re.finditer(r"schedule\(\s*tx,\s*\"([a-z_.]+)\"", module.text)
    }
    wrong = [pair for pair in scheduled if pair[0] not in JOBS]
    assert not wrong, wrong


def test_every_job_is_named_in_a_test() -> None:
    missing = [name for name in JOBS if name not in all_tests()]
    assert not missing, missing
