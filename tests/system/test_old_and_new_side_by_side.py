"""Two versions of web on one database: the one before the newest change of its shape, and this one (DESIGN §11, promise 8)."""

import io
import subprocess
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from alembic.script import ScriptDirectory

from irm import migrations
from irm.db import Database
from tests.server import Server
from tests.system.faults import REPOSITORY, Running, database, house, ready
from tests.system.small_city import INCIDENTS, SmallCity, check_filed, settle, sign_in


def git(*argv: str) -> bytes:
    done = subprocess.run(["git", "-C", str(REPOSITORY), *argv], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"the version before is not here: {done.stderr.decode(errors='replace').strip()[:200]}")
    return done.stdout


@pytest.fixture(scope="module")
def version_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its code, from the commit before the one that brought the newest revision of the database."""
    scripts = ScriptDirectory.from_config(migrations.config())
    newest = scripts.get_revision(scripts.get_current_head() or "")
    assert newest is not None
    path = Path(newest.path).resolve().relative_to(REPOSITORY.resolve())
    brought_by = git("log", "-1", "--format=%H", "--diff-filter=A", "--", str(path)).decode().strip()
    folder = tmp_path_factory.mktemp("version-before")
    packed = git("archive", f"{brought_by}^" if brought_by else "HEAD", "irm")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@dataclass
class Town:
    db: Database
    http: httpx.AsyncClient
    city: SmallCity
    old: Running
    new: Running

    async def file(self, web: Running, key: str) -> str:
        answer = await self.city.file(self.http, web.url, key)
        assert answer.is_success, answer.text
        number: str = answer.json()["number"]
        return number


@pytest.fixture(scope="module")
async def town(server: Server, version_before: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    folder, url = tmp_path_factory.mktemp("versions"), server.url(name)
    try:
        async with house(folder, url, "") as running, database(url) as db, httpx.AsyncClient(timeout=120) as http:
            city = await settle(db)
            old, new = running.start("web", cwd=version_before), running.start("web")
            await ready(db, old, new)
            yield Town(db, http, city, old, new)
    finally:
        server.drop(name)


async def test_what_one_version_took_the_other_knows(town: Town) -> None:
    by_old, by_new = await town.file(town.old, "old"), await town.file(town.new, "new")
    assert await town.file(town.new, "old") == by_old, "sent again to the other version, and filed once"
    assert await town.file(town.old, "new") == by_new
    await check_filed(town.db, [by_old, by_new])
    for number in (by_old, by_new):
        headers = {"authorization": f"Bearer {town.city.token}"}
        shown = [
            (await town.http.get(f"{web.url}{INCIDENTS}/{number}", headers=headers)).json()
            for web in (town.old, town.new)
        ]
        assert shown[0]["number"] == shown[1]["number"] == number
        assert shown[0]["levels"] == shown[1]["levels"]


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")], ids=lambda order: f"{order[0]}, then {order[1]}")
async def test_who_signed_in_at_one_version_is_known_to_the_other(town: Town, order: tuple[str, str]) -> None:
    here, there = (getattr(town, which) for which in order)
    async with httpx.AsyncClient(timeout=60) as browser:
        assert await sign_in(browser, here.url, town.city.unit.login)
        assert (await browser.get(f"{there.url}/incidents")).status_code == HTTPStatus.OK
