"""Structured logs to standard error: one line an event, never bodies, cookies or addresses."""

import logging
import sys
from contextlib import suppress
from typing import Final, TextIO, cast

import structlog

HTTP_CLIENT: Final = "httpx2"
"""Below a warning it writes whole addresses, keys in them and all, whatever level somebody has set for the rest."""


class Patient:
    """A stream that takes what it can: a log that cannot be written, because its disk is full, costs lines and never the
    work they tell of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure(*, pretty: bool | None = None) -> None:
    """Called by the composition roots. Pretty on a terminal, JSON otherwise."""
    human = sys.stderr.isatty() if pretty is None else pretty
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if human
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*(shared[:-1] if human else shared), render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", Patient(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger(HTTP_CLIENT).setLevel(logging.WARNING)
