"""A demand that its authority took back while two incidents were one is not owed again when they are parted."""

from typing import Any

import httpx

from irm.clock import FixedClock
from irm.db import Database
from tests import make
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"


async def posted(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code < 300, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def test_what_an_authority_took_back_while_they_were_one_is_not_owed_again_after_parting(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    main, second = [(await posted(client, URL, filing()))["number"] for _ in range(2)]
    async with db.transaction() as tx:
        police = await make.organization(tx, "public_security", joined=False)

    async def word(incident: str, **more: Any) -> dict[str, Any]:
        told = {"incident": incident, "authority": str(police), "means": "telephone", "said": "续报进展"}
        return await posted(client, "/api/v1/directives", told | {"asks": "progress"} | more)

    stays, demanded = await word(second, said="移送前保持现状"), await word(second)
    await posted(client, f"{URL}/{second}/merge", {"into": main, "reason": "the same ransom note"})
    clock.tick(minutes=5)
    await word(main, asks="withdrawal", said="不再需要", replaces=demanded["id"])
    clock.tick(minutes=5)
    await posted(client, f"{URL}/{second}/unmerge", {"reason": "two different machines after all"})
    shown = (await client.get("/api/v1/directives", params={"incident": second})).json()["directives"]
    states = {one["id"]: (one["state"], [duty["status"] for duty in one["duties"]]) for one in shown}
    assert states == {stays["id"]: ("in_force", ["open"]), demanded["id"]: ("withdrawn", ["superseded"])}
