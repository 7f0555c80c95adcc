"""Places of a lane: the most urgent first, and none is lost however somebody stops waiting."""

import asyncio

from irm.places import Places


async def test_a_place_that_was_given_to_somebody_who_is_stopped_at_that_moment_goes_on_to_the_next() -> None:
    places, order = Places(1), []

    async def work(name: str) -> None:
        async with places.taken(1):
            order.append(name)

    async with places.taken(1):
        stopped = asyncio.create_task(work("stopped"))
        await asyncio.sleep(0)
    stopped.cancel()  # its turn has come, and it has not run yet
    await asyncio.gather(stopped, return_exceptions=True)
    async with asyncio.timeout(5):
        await work("next")
    assert order == ["next"]
