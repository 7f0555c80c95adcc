"""An HTTP server for SMS gateways and webhook receivers: keeps every request, answers as told, and can drop the line."""

import asyncio
import json
from collections import deque
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
    `until`: the request is taken and waits for its answer until this is set."""

    status: int = 200
    body: str = '{"code": 0, "id": "fake"}'
    hang: float = 0
    drop: bool = False
    until: asyncio.Event | None = None


@dataclass
class HttpServer:
    port: int = 0
    taken: list[Request] = field(default_factory=list)
    coming: deque[Answer] = field(default_factory=deque)
    """Answers to the coming requests; after them `always`."""
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
            self.taken.append(Request(head[0].split(" ")[1], headers, body))
            answer = self.coming.popleft() if self.coming else self.always
            if answer.until is not None:
                await answer.until.wait()
            if answer.hang:
                await asyncio.sleep(answer.hang)
            if not answer.drop:
                content = answer.body.encode()
                writer.write(
                    f"HTTP/1.1 {answer.status} Answer\r\ncontent-type: application/json\r\n"
                    f"content-length: {len(content)}\r\nconnection: close\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
