"""The demo's mail server and SMS gateway: takes everything, sends nothing, keeps it for the page of sent messages.

`python -m irm.notify.catcher --smtp-port 2525 --http-port 2580 --store DIR`. Listens on loopback only.
"""

import argparse
import asyncio
import json
import signal
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from irm.clock import DatabaseClock
from irm.notify.replies import telephone

HOST: Final = "127.0.0.1"
LARGEST_MAIL: Final = 20 * 1024 * 1024
LARGEST_REQUEST: Final = 100_000
KEPT: Final = 2_000
TABLE: Final = """
CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at TEXT NOT NULL, recipient TEXT NOT NULL,
  title TEXT NOT NULL, text TEXT NOT NULL, delivery TEXT)
"""


class Store:
    """One SQLite file; the newest `KEPT` messages stay. Calls are short and from one thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "messages.sqlite", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute(TABLE)
        self._clock = DatabaseClock()

    def keep(self, kind: str, recipient: str, title: str, text: str, delivery: str | None) -> int:
        with closing(
            self._db.execute(
                "INSERT INTO message (kind, at, recipient, title, text, delivery) VALUES (?, ?, ?, ?, ?, ?)",
                (kind, self._clock.now().isoformat(), recipient, title, text, delivery),
            )
        ) as done:
            kept = done.lastrowid or 0
        self._db.execute("DELETE FROM message WHERE id <= ?", (kept - KEPT,))
        return kept

    def newest(self, *, kind: str = "", recipient: str = "", limit: int = 50) -> list[dict[str, Any]]:
        with closing(
            self._db.execute(
                "SELECT * FROM message WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR recipient = ?2)"
                " ORDER BY id DESC LIMIT ?3",
                (kind, recipient, limit),
            )
        ) as rows:
            return [dict(row) for row in rows.fetchall()]

    def close(self) -> None:
        self._db.close()


class Mailbox:
    """aiosmtpd's handler: one message per recipient."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        content = envelope.original_content or b""
        mail = message_from_bytes(content, policy=policy.default)
        text = body_of(mail)
        for recipient in envelope.rcpt_tos:
            self._store.keep("mail", recipient, str(mail.get("Subject", "")), text, mail.get("X-Irm-Delivery"))
        return "250 caught"


def body_of(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    return str(part.get_content()).strip() if part is not None else ""


class Gateway:
    """A small ASGI application: `POST /sms` as a gateway takes it, `GET /messages` for the page of sent messages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        route = (scope["method"], scope["path"])
        if route == ("POST", "/sms"):
            await self._take(await _body(receive), send)
        elif route == ("GET", "/messages"):
            query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
            limit = query.get("limit", "50")
            found = self._store.newest(
                kind=query.get("kind", ""),
                recipient=query.get("recipient", ""),
                limit=min(int(limit), KEPT) if limit.isdecimal() else 50,
            )
            await _answer(send, 200, found)
        elif route == ("GET", "/healthz"):
            await _answer(send, 200, {"status": "ok"})
        else:
            await _answer(send, 404, {"code": 404, "message": urlsplit(scope["path"]).path})

    async def _take(self, body: bytes, send: Any) -> None:
        try:
            asked = json.loads(body)
            phone, content = telephone(str(asked["phone"])), str(asked["content"])
        except (ValueError, KeyError, TypeError):
            await _answer(send, 200, {"code": 1, "message": "phone and content are needed"})
            return
        if not phone or not content:
            await _answer(send, 200, {"code": 1, "message": "phone and content are needed"})
            return
        kept = self._store.keep("sms", phone, "", content, str(asked.get("extra") or "") or None)
        await _answer(send, 200, {"code": 0, "id": str(kept)})


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        part: dict[str, Any] = await receive()
        piece: bytes = part.get("body", b"")
        body += piece
        if len(body) > LARGEST_REQUEST or not part.get("more_body"):
            return body[:LARGEST_REQUEST]


async def _answer(send: Any, status: int, content: Any) -> None:
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content, ensure_ascii=False).encode()})


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The catcher handles signals, for both of its servers."""
        yield


async def run(smtp_port: int, http_port: int, store: Store, stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(
        lambda: SMTP(Mailbox(store), enable_SMTPUTF8=True, data_size_limit=LARGEST_MAIL, hostname="catcher", loop=loop),
        HOST,
        smtp_port,
    )
    config = uvicorn.Config(
        Gateway(store), host=HOST, port=http_port, log_level="warning", access_log=False, lifespan="off"
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    await stopping.wait()
    server.should_exit = True
    smtp.close()
    await serving


async def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="irm.notify.catcher")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    stopping = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopping.set)
    with closing(Store(chosen.store)) as store:
        await run(chosen.smtp_port, chosen.http_port, store, stopping)


if __name__ == "__main__":
    asyncio.run(main())
