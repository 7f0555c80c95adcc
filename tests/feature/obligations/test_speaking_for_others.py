"""代报: handing over never waits for the others' agreement, and nothing of theirs is met without it."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from irm.access.policy import Role
from irm.obligations import queries
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night

JSON = {"accept": "application/json", "accept-language": "en"}


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update(JSON)
    return client


async def joint(night: Night, desk: httpx.AsyncClient) -> tuple[Any, Any, str]:
    own, vendors = await night.open(night.owed(), night.owed(bearer=night.vendor))
    draft = await night.draft(own.id)
    handed = await desk.post(
        f"/api/v1/submissions/{draft}/submit", json={"means": "fax", "for_organizations": [str(night.vendor)]}
    )
    assert handed.status_code == 200, handed.text
    assert handed.json()["agreed"] == []
    return own, vendors, f"/api/v1/submissions/{draft}"


async def test_the_others_duty_stays_open_and_says_why_until_it_agrees(
    night: Night, desk: httpx.AsyncClient, sign_in: SignIn
) -> None:
    async with night.db.transaction() as tx:
        theirs = await make.account(tx, night.vendor, Role.DUTY_OFFICER)
    own, vendors, path = await joint(night, desk)
    assert ((await night.duty(own.id)).status, (await night.duty(vendors.id)).status) == ("submitted", "open")
    client = await sign_in(theirs)
    client.headers.update(JSON)
    shown = (await client.get(f"/api/v1/obligations/{vendors.id}")).json()
    assert shown["unagreed"] == [path.rpartition("/")[2]]
    assert "#agreement" in (await client.get(f"/obligations/{vendors.id}", headers={"accept": "text/html"})).text
    first = (await night.duty(own.id)).submitted_at
    night.clock.tick(minutes=10)
    page = await client.get(path.removeprefix("/api/v1"), headers={"accept": "text/html"})
    assert "/agreement" in page.text
    agreed = await client.post(f"{path}/agreement", json={"organization": str(night.vendor)})
    assert agreed.status_code == 200, agreed.text
    assert agreed.json()["agreed"] == [str(night.vendor)]
    duty = await night.duty(vendors.id)
    assert (duty.status, duty.submitted_at) == ("submitted", first), "it counts with the report's first moment"
    again = await client.post(f"{path}/agreement", json={"organization": str(night.vendor)})
    assert again.status_code == 200
    assert (await night.told("submission.agreed")) == ["submission.agreed"]


async def test_the_sender_writes_down_who_agreed_when_and_how(night: Night, desk: httpx.AsyncClient) -> None:
    _, vendors, path = await joint(night, desk)
    await night.receipt(path.rpartition("/")[2])
    bare = await desk.post(f"{path}/agreement", json={"organization": str(night.vendor)})
    assert bare.status_code == 422, "the cloud authority cannot agree in another's name"
    assert (await night.duty(vendors.id)).status == "open"
    word = {"organization": str(night.vendor), "means": "telephone", "who": "duty officer", "said": "agreed"}
    unnamed = await desk.post(f"{path}/agreement", json=word | {"who": " "})
    assert (unnamed.status_code, unnamed.json()["errors"][0]["field"]) == (422, "who")
    noted = await desk.post(f"{path}/agreement", json=word)
    assert noted.status_code == 200, noted.text
    assert (await night.duty(vendors.id)).status == "met"
    async with night.db.transaction() as tx:
        (contact,) = await queries.contacts_of(tx, night.subject.path)
    assert (contact.means, contact.counterpart_name, contact.said) == ("telephone", "duty officer", "agreed")


async def test_nobody_agrees_for_strangers(night: Night, desk: httpx.AsyncClient, sign_in: SignIn) -> None:
    _, vendors, path = await joint(night, desk)
    word = {"organization": str(night.city), "means": "telephone", "who": "x"}
    assert (await desk.post(f"{path}/agreement", json=word)).status_code == 404
    client = await sign_in(night.office)
    client.headers.update(JSON)
    assert (await client.post(f"{path}/agreement", json={"organization": str(night.vendor)})).status_code in (403, 404)
    assert (await night.duty(vendors.id)).status == "open"


async def test_no_part_and_not_yours_to_see_are_answered_alike(
    night: Night, desk: httpx.AsyncClient, sign_in: SignIn
) -> None:
    own, _ = await night.open(night.owed(), night.owed(bearer=night.vendor))
    draft = await night.draft(own.id)
    client = await sign_in(night.unit)
    client.headers.update(JSON)
    told = []
    for organization in (night.vendor, night.city, uuid4()):
        answer = await client.post(
            f"/api/v1/submissions/{draft}/submit", json={"means": "fax", "for_organizations": [str(organization)]}
        )
        told.append((answer.status_code, answer.json()["errors"]))
    assert told[0] == told[1] == told[2]
    assert told[0][0] == 422
