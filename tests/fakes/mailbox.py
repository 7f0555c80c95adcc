"""An IMAP server as small as RFC 3501 allows: LOGIN, SELECT, UID SEARCH UNSEEN, UID FETCH BODY.PEEK[], UID STORE +FLAGS, LOGOUT.

Made from the samples in RFC 3501 (6.3.1, 6.4.4, 6.4.5, 6.4.6, 6.4.8); no real mail server was asked. It runs on a thread of its
own, since the client is of the standard library and waits.
"""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

PASSWORD = "mailbox-password"


@dataclass
class Mailbox:
    mails: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    """Numbers from 1."""
    commands: list[str] = field(default_factory=list)
    port: int = 0
    refuse: bool = False

    @property
    def url(self) -> str:
        return f"imap://duty:{PASSWORD}@127.0.0.1:{self.port}/INBOX"


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box = cast("Any", self.server).mailbox
        self.say("* OK IMAP4rev1 ready")
        for raw in self.rfile:
            line = raw.decode().strip()
            tag, _, command = line.partition(" ")
            box.commands.append(command.split(" ")[0] if command.startswith("LOGIN") else command)
            if not self.answer(box, tag, command):
                return

    def answer(self, box: Mailbox, tag: str, command: str) -> bool:
        word = command.upper()
        if word.startswith("CAPABILITY"):
            self.say("* CAPABILITY IMAP4rev1")
        elif word.startswith("LOGIN"):
            if box.refuse or PASSWORD not in command:
                self.say(f"{tag} NO [AUTHENTICATIONFAILED] LOGIN failed")
                return True
        elif word.startswith("SELECT"):
            self.say(f"* {len(box.mails)} EXISTS")
            self.say("* OK [UIDVALIDITY 3857529045] UIDs valid")
        elif word.startswith("UID SEARCH"):
            unseen = [str(number) for number in range(1, len(box.mails) + 1) if number not in box.seen]
            self.say(" ".join(["* SEARCH", *unseen]))
        elif word.startswith("UID FETCH"):
            number = int(command.split(" ")[2])
            content = box.mails[number - 1]
            self.wfile.write(
                f"* {number} FETCH (UID {number} BODY[]<0> {{{len(content)}}}\r\n".encode() + content + b")\r\n"
            )
        elif found := re.match(r"UID STORE (\d+) \+FLAGS", command, re.IGNORECASE):
            box.seen.add(int(found[1]))
        elif word.startswith("LOGOUT"):
            self.say("* BYE")
            self.say(f"{tag} OK LOGOUT completed")
            return False
        self.say(f"{tag} OK {command.split(' ', maxsplit=1)[0]} completed")
        return True

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    cast("Any", server).mailbox = box
    box.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
