"""People and machines that go on using irm while it is being broken: they file, answer pages, hand reports over."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import httpx

from tests.fakes.outside import CODE
from tests.faults.town import Town
from tests.system.test_the_night import needed
from tests.system.world import SECRET, a_filing

PATIENCE: Final = 180.0
"""Seconds that somebody goes on trying to file."""
PAUSE: Final = 0.3
AT_ONCE: Final = 6
"""Filings on their way at a time, bursts aside: where irm is slow, people wait."""


class Clients:
    """`tokens`: of a unit's officer and of the authority's."""

    def __init__(self, town: Town, seed: int, unit: str, officer: str) -> None:
        self.town = town
        self.random = random.Random(seed)
        self.unit, self.officer = unit, officer
        self.numbers: list[str] = []
        self.unanswered: set[str] = set()
        """Filings on their way."""
        self._serial = count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.over = asyncio.Event()
        """Nothing new is begun; whoever still thinks about an answer gives it."""

    def begin(self, *, every: float) -> list[asyncio.Task[None]]:
        return [
            asyncio.create_task(self._file_on(every)),
            asyncio.create_task(self._answer_on()),
            asyncio.create_task(self._report_on(4 * every)),
        ]

    async def end(self, running: list[asyncio.Task[None]]) -> None:
        """What was begun is brought to its end; nothing new is begun."""
        self.over.set()
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE)

    # -- filing

    async def _file_on(self, every: float) -> None:
        while True:
            if len(self.unanswered) < AT_ONCE:
                self._spawn(self.file())
            await asyncio.sleep(self.random.uniform(0.5, 1.5) * every)

    async def file(self) -> str | None:
        """Files one incident, with the same key until an answer comes."""
        serial = next(self._serial)
        marker = f"fault-run-{serial}"
        known = datetime.now(UTC) - timedelta(seconds=self.random.uniform(0, 3000))
        body = a_filing() | {"text": f"{a_filing()['text']} {marker}", "known_at": known.isoformat()}
        self.town.history.write("filing", marker=marker)
        self.unanswered.add(marker)
        try:
            return await self._until_answered(marker, body)
        finally:
            self.unanswered.discard(marker)

    async def _until_answered(self, marker: str, body: dict[str, Any]) -> str | None:
        limit = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < limit:
            url = self.random.choice(self.town.urls)
            self.town.posting.set()
            try:
                answer = await self.town.http.post(
                    f"{url}/api/v1/incidents",
                    json=body,
                    headers={"authorization": f"Bearer {self.unit}", "idempotency-key": marker},
                    timeout=10,
                )
            except httpx.HTTPError as error:
                self.town.history.write("not filed", marker=marker, error=repr(error))
            else:
                if answer.is_success:
                    number: str = answer.json()["number"]
                    self.town.history.write("filed", marker=marker, number=number, status=answer.status_code)
                    self.numbers.append(number)
                    return number
                self.town.history.write("not filed", marker=marker, status=answer.status_code, error=answer.text[:200])
            finally:
                self.town.posting.clear()
            await asyncio.sleep(PAUSE)
        self.town.history.write("given up", marker=marker)
        return None

    async def burst(self, n: int) -> None:
        await asyncio.gather(*(self.file() for _ in range(n)))

    # -- answering

    async def _answer_on(self) -> None:
        while True:
            told = await self.town.gateway.texts.get()
            code = CODE.search(told["content"])
            if code is not None and self.random.random() < 0.4:
                self._spawn(self._answer(told, code[1]))

    async def _answer(self, told: dict[str, Any], code: str) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), self.random.uniform(0.2, 15))
        for _ in range(20):
            url = self.random.choice(self.town.urls)
            try:
                answer = await self.town.http.post(
                    f"{url}/api/v1/sms/inbound",
                    json={"phone": told["phone"], "content": code},
                    headers={"x-irm-secret": SECRET},
                    timeout=10,
                )
                if answer.is_success:
                    outcome = answer.json().get("outcome")
                    self.town.history.write("answered", id=told["extra"], code=code, outcome=outcome)
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(1)

    # -- reporting

    async def _report_on(self, every: float) -> None:
        while True:
            await asyncio.sleep(self.random.uniform(0.5, 1.5) * every)
            if self.numbers:
                number = self.numbers.pop(self.random.randrange(len(self.numbers)))
                self._spawn(self._report(number))

    async def _report(self, number: str) -> None:
        """One duty, from draft to handed over. Whatever fails on the way is left as it is: a person would look first."""
        token, rule, means = self.random.choice(
            [
                (self.officer, "city-cyberspace-office", "fax"),
                (self.officer, "city-cyberspace-office", "mail"),
                (self.unit, "other-operator", "fax"),
            ]
        )
        url = self.random.choice(self.town.urls)
        headers = {"authorization": f"Bearer {token}"}
        try:
            found = await self._read("GET", f"{url}/api/v1/incidents/{number}/obligations", headers)
            duty = next(one for one in found["obligations"] if one["rule"].endswith(rule) and one["status"] == "open")
            draft = await self._read("POST", f"{url}/api/v1/obligations/{duty['id']}/report", headers)
            body = {"means": means, "items": needed(draft)}
            await self._read("POST", f"{url}/api/v1/submissions/{draft['id']}/submit", headers, body)
        except (httpx.HTTPError, StopIteration, RuntimeError) as error:
            self.town.history.write("not reported", number=number, error=repr(error)[:200])
            return
        self.town.history.write("reported", number=number, submission=draft["id"], duty=duty["id"], means=means)

    async def _read(self, method: str, url: str, headers: dict[str, str], body: Any = None) -> Any:
        answer = await self.town.http.request(method, url, headers=headers, json=body, timeout=15)
        if not answer.is_success:
            message = f"{answer.status_code} {answer.text[:150]}"
            raise RuntimeError(message)
        return answer.json()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
