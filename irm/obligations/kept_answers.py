"""What every subject of the year was asked, kept in the process: ten thousand systems take seconds, what changed does not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from uuid import UUID

from irm.db import Tx
from irm.obligations.periodic import Given, Giver

T = TypeVar("T")

BATCH: Final = 250
"""Subjects that are read at once: each batch also reads the directory of the city."""
BREATH: Final = 10
"""Subjects that are asked before others have their turn: some milliseconds."""


@dataclass
class Answers(Generic[T]):
    """Of one giver's subjects. `marks` None: nobody was asked yet, or all are asked again."""

    marks: Mapping[UUID, object] | None = None
    by_id: dict[UUID, T] = field(default_factory=dict)


async def asked_again(tx: Tx, giver: Giver, before: Answers[T], ask: Callable[[Given], T]) -> Answers[T]:
    """All of them, or those whose mark is another one than before; who is gone is left out."""
    marks = await giver.marks(tx)
    fresh: Answers[T] = Answers(marks)
    if marks is not None and before.marks is not None:
        fresh.by_id |= {
            key: before.by_id[key]
            for key, mark in marks.items()
            if key in before.by_id and before.marks.get(key) == mark
        }
        changed = [key for key in marks if key not in fresh.by_id]
        for begin in range(0, len(changed), BATCH):
            await _add(fresh, await giver.some(tx, changed[begin : begin + BATCH]), ask)
        return fresh
    after = None
    while given := await giver.batch(tx, after, BATCH):
        await _add(fresh, given, ask)
        after = max(each.subject.id for each in given)
    return fresh


async def breathing(given: Iterable[T], most: int) -> AsyncIterator[T]:
    """Lets others have their turn after so many: a process that answers people does this beside them."""
    for count, each in enumerate(given):
        if count % most == 0:
            await asyncio.sleep(0)
        yield each


async def _add(fresh: Answers[T], given: Sequence[Given], ask: Callable[[Given], T]) -> None:
    async for each in breathing(given, BREATH):
        fresh.by_id[each.subject.id] = ask(each)
