"""A way to PostgreSQL for one process, which stops a transaction before or after its COMMIT."""

import asyncio
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

_SSL, _GSS = 80877103, 80877104
When = Literal["before", "after"]


@dataclass
class Held:
    """Transactions that write what `statement` begins with, stopped `before` their COMMIT reaches the server or `after`
    the server has committed and before the process learns it."""

    statement: str
    when: When
    times: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """As many as were asked for stand still."""
    _chosen: int = 0
    _standing: int = 0
    _let_go: asyncio.Event = field(default_factory=asyncio.Event)
    _is_cut: bool = False

    def let_go(self) -> None:
        self._let_go.set()

    def cut(self) -> None:
        """Both ends lose the line, as when the process has died: what was not committed is taken back."""
        self._is_cut = True
        self._let_go.set()

    def takes(self, seen: list[str], when: When) -> bool:
        """Whether this transaction is one of those to be stopped; it then counts as one."""
        fits = when == self.when and any(one.startswith(self.statement) for one in seen)
        if not fits or self._chosen == self.times:
            return False
        self._chosen += 1
        return True

    async def stand(self) -> None:
        """Raises ConnectionResetError when the line is cut."""
        self._standing += 1
        if self._standing == self.times:
            self.reached.set()
        await self._let_go.wait()
        if self._is_cut:
            raise ConnectionResetError


class Gate:
    """A way to PostgreSQL for one process. Understands as much of the protocol as it takes to know what a COMMIT is of."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url).port or 5432
        self._held: Held | None = None
        self._lines: set[StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def through(self, url: str) -> str:
        """The same database by way of this gate."""
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self.port}"))

    def hold(self, statement: str, when: When, *, times: int = 1) -> Held:
        """From now on; the first `times` transactions that fit are stopped, others pass."""
        self._held = Held(statement, when, times)
        return self._held

    def cut(self) -> None:
        """Every line that is open now."""
        for line in self._lines:
            line.transport.abort()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._lines |= {writer, back}
        line = _Line(self, reader, writer, there, back)
        try:
            await line.greet()
            asking, answering = (asyncio.create_task(work) for work in (line.ask(), line.answer()))
            self._tasks |= {asking, answering}
            _, left = await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
            for one in left:
                one.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)
            self._tasks -= {asking, answering}
        except (ConnectionError, IncompleteReadError):
            return
        finally:
            for end in (writer, back):
                self._lines.discard(end)
                end.transport.abort()

    def holds(self, seen: list[str], when: When) -> Held | None:
        return self._held if self._held is not None and self._held.takes(seen, when) else None

    def close(self) -> None:
        self.cut()
        for one in self._tasks:
            one.cancel()


@dataclass
class _Line:
    gate: Gate
    reader: StreamReader
    writer: StreamWriter
    there: StreamReader
    back: StreamWriter
    prepared: dict[bytes, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    """Statements of the transaction so far."""
    committing: Held | None = None

    async def greet(self) -> None:
        while True:
            length = await self.reader.readexactly(4)
            rest = await self.reader.readexactly(int.from_bytes(length) - 4)
            if int.from_bytes(rest[:4]) not in (_SSL, _GSS):
                self.back.write(length + rest)
                return
            self.writer.write(b"N")

    async def ask(self) -> None:
        while True:
            kind, length, body = await self._message(self.reader)
            if kind == b"P":
                name, query = body.split(b"\0", 2)[:2]
                self.prepared[name] = query.decode()
            elif kind == b"B":
                self.seen.append(self.prepared.get(body.split(b"\0", 2)[1], ""))
            elif kind == b"Q" and body.startswith(b"COMMIT"):
                if (held := self.gate.holds(self.seen, "before")) is not None:
                    await held.stand()
                self.committing = self.gate.holds(self.seen, "after")
                self.seen.clear()
            elif kind == b"Q" and body.startswith((b"BEGIN", b"ROLLBACK")):
                self.seen.clear()
            self.back.write(kind + length + body)
            await self.back.drain()

    async def answer(self) -> None:
        while True:
            kind, length, body = await self._message(self.there)
            if kind == b"C" and body.startswith(b"COMMIT") and self.committing is not None:
                held, self.committing = self.committing, None
                await held.stand()
            self.writer.write(kind + length + body)
            await self.writer.drain()

    @staticmethod
    async def _message(reader: StreamReader) -> tuple[bytes, bytes, bytes]:
        kind, length = await reader.readexactly(1), await reader.readexactly(4)
        return kind, length, await reader.readexactly(int.from_bytes(length) - 4)


@asynccontextmanager
async def gate_to(url: str) -> AsyncIterator[Gate]:
    made = Gate(url)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.close()
        server.close()
        await asyncio.sleep(0)
