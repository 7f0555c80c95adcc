"""What happened, in order: one JSON object a line, so that a run that went wrong can be read afterwards."""

import json
import time
from pathlib import Path
from typing import Any


class History:
    """`at` is seconds since the beginning, by the monotonic clock. Kept in memory too: the checker reads it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.lines: list[dict[str, Any]] = []
        self._file = path.open("w", encoding="utf-8")
        self._begun = time.monotonic()

    def write(self, what: str, **more: Any) -> dict[str, Any]:
        line = {"at": round(time.monotonic() - self._begun, 3), "what": what, **more}
        self.lines.append(line)
        self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self._file.flush()
        return line

    def of(self, *what: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["what"] in what]

    def close(self) -> None:
        self._file.close()
