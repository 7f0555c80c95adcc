"""Drafts of a real incident follow the facts, in the transaction of the facts."""

from typing import Any

import httpx
import pytest

from irm.obligations.models import SubmissionRow
from tests.conftest import SignIn
from tests.feature.obligations.test_refusal import Night, drafts_to, duty_of, night

PROVINCE = "cac-2025-reporting/other-operator"
__all__ = ["night"]


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(night.officer)


async def draft_of(night: Night) -> SubmissionRow:
    duty = await duty_of(night, PROVINCE)
    return next(each for each in await drafts_to(night, duty.recipient_id) if each.status == "draft")


async def number_of(desk: httpx.AsyncClient) -> str:
    return str((await desk.get("/api/v1/incidents")).json()["incidents"][0]["number"])


async def state(desk: httpx.AsyncClient, **facts: Any) -> None:
    answer = await desk.patch(f"/api/v1/incidents/{await number_of(desk)}/facts", json={"facts": facts})
    assert answer.status_code < 300, answer.text


async def test_an_untouched_draft_follows_facts_and_assessment(night: Night, desk: httpx.AsyncClient) -> None:
    before = await draft_of(night)
    await state(desk, people_affected=70_000)
    after = await draft_of(night)
    assert after.items["course"] != before.items["course"]
    assert after.newer == {}
    number = await number_of(desk)
    assessed = await desk.post(
        f"/api/v1/incidents/{number}/assessments", json={"level": 2, "reason": "seen", "stage": "preliminary"}
    )
    assert assessed.status_code < 300, assessed.text
    assert (await draft_of(night)).items["course"] != after.items["course"]


async def test_what_a_person_wrote_stays_and_the_newer_is_offered(night: Night, desk: httpx.AsyncClient) -> None:
    draft = await draft_of(night)
    path = f"/api/v1/submissions/{draft.id}"
    assert (await desk.patch(path, json={"items": {"course": "as I saw it"}})).status_code == 200
    await state(desk, people_affected=70_000)
    kept = await draft_of(night)
    assert kept.items["course"] == "as I saw it"
    assert "course" in kept.newer
    shown = (await desk.get(path)).json()
    newer = {item["key"]: item["newer"] for item in shown["items"]}
    assert newer["course"]
    assert not newer["unit"]
    page = (await desk.get(f"/submissions/{draft.id}", headers={"accept": "text/html"})).text
    assert newer["course"][0].split("\n")[0] in page
    taken = await desk.post(f"{path}/newer-facts")
    assert taken.status_code == 200, taken.text
    course = next(item for item in taken.json()["items"] if item["key"] == "course")
    assert course["text"].startswith("as I saw it\n")
    assert all(line in course["text"] for line in newer["course"])
    assert course["newer"] == []
    again = await desk.post(f"{path}/newer-facts")
    assert again.json()["version"] == taken.json()["version"]


async def test_a_form_that_was_open_meanwhile_overwrites_nothing(night: Night, desk: httpx.AsyncClient) -> None:
    """The page was loaded before the facts; saving one item must not put the old text of the others back."""
    from irm.obligations.following import print_of

    draft = await draft_of(night)
    loaded = {f"items.{key}": text for key, text in draft.items.items()}
    loaded |= {f"was.{key}": print_of(text) for key, text in draft.items.items()}
    await state(desk, people_affected=70_000)
    now = await draft_of(night)
    typed = loaded | {"items.cause": "a weak password", "version": str(draft.version)}
    html = {"accept": "text/html"}
    refused = await desk.post(f"/submissions/{draft.id}/save", data=typed, headers=html)
    assert refused.status_code == 409
    shown = (await desk.get(f"/submissions/{draft.id}", headers=html)).text
    assert "a weak password" in shown
    assert now.items["course"].splitlines()[-1] in shown, "the page shows the newer text where nothing was typed"
