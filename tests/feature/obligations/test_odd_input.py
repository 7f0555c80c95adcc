"""What no form of ours sends: an answer that names it, never a fault of the program, and nothing that spoils a list."""

import base64
import json
from typing import Any

import pytest

from tests.feature.obligations.conftest import Night

ID = "01a200cd-6632-7400-8167-a7026d844465"
NUL = (
    "/api/v1/obligations?subject=%00",
    "/api/v1/obligations?status=%00",
    "/api/v1/obligations?cursor=%00",
    "/api/v1/tasks?status=%00",
    "/api/v1/systems?text=%00",
    "/api/v1/systems/%00",
    "/api/v1/incidents?status=%00",
    "/api/v1/incidents?text=%00",
    "/api/v1/deliveries?incident=%00",
    "/api/v1/playbooks/%00",
    "/organizations?text=%00",
    "/incidents?status=%00",
    "/incidents?system=%00",
    "/incidents/%00",
    "/obligations?subject=%00",
    "/systems?text=%00",
    "/systems/%00",
    "/playbooks/%00",
    "/duty?organization=%00",
    "/setup/%00",
)
TOO_MUCH = (
    "/duty?month=9999-12",
    "/duty?month=0001-01",
    "/api/v1/duty?at=9999-12-31T23:59:59-14:00",
    "/api/v1/duty?at=0001-01-01T00:00:00%2B14:00",
    "/api/v1/playbooks/x?version=99999999999999999999",
    "/api/v1/incidents?limit=99999999999999999999999",
)


def cursor(*parts: Any) -> str:
    return "/api/v1/obligations?cursor=" + base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


CURSORS = (
    cursor(0, "2026-01-01T00:00:00", ID),
    cursor(10**30, "2026-01-01T00:00:00+00:00", ID),
    cursor(float("inf"), "2026-01-01T00:00:00+00:00", ID),
    cursor(0, "0001-01-01T00:00:00+14:00", ID),
)


@pytest.mark.parametrize("path", [*NUL, *TOO_MUCH, *CURSORS])
async def test_an_odd_address_is_no_fault_of_the_program(night: Night, sign_in: Any, path: str) -> None:
    client = await sign_in(night.officer)
    answer = await client.get(path, headers={"accept": "text/html,application/json"})
    assert answer.status_code < 500, answer.text[-800:]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_of_no_world_spoils_no_list(night: Night, sign_in: Any, at: str) -> None:
    """PostgreSQL keeps the year 10000 and 1 BC; Python could never read them back."""
    (one,) = await night.open(night.owed())
    draft = await night.hand_over(one.id)
    client = await sign_in(night.officer)
    client.headers["accept"] = "application/json"
    where = f"/api/v1/incidents/{night.subject.number}"
    call = {"direction": "out", "means": "telephone", "said": "x", "counterpart_name": "y", "stated_at": at}
    filed = {"classified": "no", "text": "t", "target": {"kind": "unknown"}, "known_at": at, "contact": "x"}
    for path, body in (
        (f"/api/v1/submissions/{draft}/receipt", {"outcome": "returned", "means": "fax", "complete_by": at}),
        (f"{where}/contacts", call),
        ("/api/v1/incidents", filed),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 422, (path, answer.text)
    for path in ("/api/v1/obligations", f"{where}/contacts", f"{where}/obligations", "/api/v1/incidents"):
        assert (await client.get(path)).status_code == 200
