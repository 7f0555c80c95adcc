"""An HTTP server for SMS gateways and webhook receivers: keeps every request, answers as told, and can drop the line."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """`hang`: seconds before the answer. `drop`: the request is taken and the line is cut instead of an answer.
    `drip`: seconds between the bytes of the body.
    `until`: the request is taken and waits for its answer until this is set."""

    status: int = 200
    body: str = '{"code": 0, "id": "fake"}'
    hang: float = 0
    drop: bool = False
    drip: float = 0
    until: asyncio.Event | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class HttpServer:
    port: int = 0
    taken: list[Request] = field(default_factory=list)
    coming: deque[Answer] = field(default_factory=deque)
    """Answers to the coming requests; after them `always`."""
    provider: Callable[[Request], Answer | None] | None = None
    """Asked first: its answer stands, unless it has none for this request."""
    always: Answer = field(default_factory=Answer)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def will(self, **how: Any) -> None:
        self.coming.append(Answer(**how))

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:])
                if name
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Request(head[0].split(" ")[1], headers, body)
            self.taken.append(request)
            own = self.provider(request) if self.provider else None
            answer = own or (self.coming.popleft() if self.coming else self.always)
            if answer.until is not None:
                await answer.until.wait()
            if answer.hang:
                await asyncio.sleep(answer.hang)
            if not answer.drop:
                content = answer.body.encode()
                lines = f"HTTP/1.1 {answer.status} Answer\r\ncontent-type: {answer.content_type}\r\n"
                lines += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                lines += f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
                writer.write(lines.encode() + (b"" if answer.drip else content))
                for at in range(len(content) if answer.drip else 0):
                    await asyncio.sleep(answer.drip)
                    writer.write(content[at : at + 1])
                    await writer.drain()
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
