"""Nothing typed is lost, and nobody reads another's draft."""

from typing import Any

import pytest

from irm.access.policy import Role
from irm.db import Database
from irm.web import drafts
from tests import make

FORM = "incidents.file"


@pytest.fixture
async def officer(db: Database) -> make.Account:
    async with db.transaction() as tx:
        return await make.account(tx, await make.organization(tx, "cloud_authority"), Role.DUTY_OFFICER)


async def kept(db: Database, account: make.Account, form: str = FORM) -> dict[str, Any] | None:
    async with db.transaction() as tx:
        return await drafts.read(tx, account.id, form)


async def test_the_last_words_are_kept_and_secrets_are_not(db: Database, sign_in: Any, officer: make.Account) -> None:
    client = await sign_in(officer)
    for text in ("The portal", "The portal shows"):
        answer = await client.post(f"/drafts/{FORM}", json={"text": text, "signs": ["a", "b"], "password": "no"})
        assert answer.status_code == 204
    assert await kept(db, officer) == {"text": "The portal shows", "signs": ["a", "b"]}


async def test_an_emptied_form_leaves_no_draft(db: Database, sign_in: Any, officer: make.Account) -> None:
    client = await sign_in(officer)
    await client.post(f"/drafts/{FORM}", json={"text": "x"})
    await client.post(f"/drafts/{FORM}", json={"text": ""})
    assert await kept(db, officer) is None


async def test_starting_afresh_forgets_and_goes_back_to_the_form(
    db: Database, sign_in: Any, officer: make.Account
) -> None:
    client = await sign_in(officer)
    await client.post(f"/drafts/{FORM}", json={"text": "x"})
    token = client.headers["x-csrf-token"]
    answer = await client.post(
        f"/drafts/{FORM}/discard", data={"csrf_token": token}, headers={"referer": "http://irm.test/report/new"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/report/new")
    assert await kept(db, officer) is None


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b'{"a": 1}', b'{"a": {"b": "c"}}', b'{"a": "\\u0000"}', b'{"a": "' + b"x" * 300_000 + b'"}'],
)
async def test_what_no_form_sends_is_refused(db: Database, sign_in: Any, officer: make.Account, body: bytes) -> None:
    client = await sign_in(officer)
    answer = await client.post(
        f"/drafts/{FORM}", content=body, headers={"content-type": "application/json", "accept": "application/json"}
    )
    assert answer.status_code == 422
    assert await kept(db, officer) is None


async def test_strangers_and_forged_forms_keep_nothing(
    db: Database, client: Any, sign_in: Any, officer: make.Account
) -> None:
    json = {"accept": "application/json"}
    assert (await client.post(f"/drafts/{FORM}", json={"text": "x"}, headers=json)).status_code == 401
    await sign_in(officer)
    del client.headers["x-csrf-token"]
    assert (await client.post(f"/drafts/{FORM}", json={"text": "x"}, headers=json)).status_code == 403
    assert await kept(db, officer) is None


async def test_drafts_belong_to_one_account(db: Database, sign_in: Any, officer: make.Account) -> None:
    async with db.transaction() as tx:
        other = await make.account(tx, officer.organization_id, Role.DUTY_OFFICER)
    await (await sign_in(officer)).post(f"/drafts/{FORM}", json={"text": "mine"})
    await (await sign_in(other)).post(f"/drafts/{FORM}", json={"text": "theirs"})
    assert await kept(db, officer) == {"text": "mine"}
    assert await kept(db, other) == {"text": "theirs"}
