"""Who is alive: one row per process that works on jobs. The board and `irm doctor` read it."""

import os
import socket
from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


def here() -> str:
    """This process, as people who look after the host know it: host name and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"


class HeartbeatRow(Base):
    __tablename__ = "heartbeat"
    __table_args__ = (UniqueConstraint("process", name="uq_heartbeat_process"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    process: Mapped[str]
    kind: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    broker_silent_since: Mapped[datetime | None]
    clock_skew_ms: Mapped[int] = mapped_column(default=0)
