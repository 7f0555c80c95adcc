"""The harness itself: factories make what they say, a signed-in client is somebody, nothing leaves the host."""

import socket

import pytest
from sqlalchemy import text

from irm.access.policy import Role
from irm.db import Database
from tests import make
from tests.conftest import SignIn


async def test_a_signed_in_client_is_that_person(db: Database, sign_in: SignIn) -> None:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        await make.system(tx, authority, operator_id=await make.organization(tx, "vendor"))
        await make.duty(tx, authority, officer.person_id)
    client = await sign_in(officer)
    answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert "irm_session" in client.cookies


async def test_every_test_starts_from_an_empty_database(db: Database) -> None:
    async with db.transaction() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM organization")) == 0


def test_no_test_leaves_the_host() -> None:
    with socket.socket() as link, pytest.raises(AssertionError, match="leave the host"):
        link.connect(("192.0.2.1", 80))
