"""Lists as CSV that Excel and WPS open as they are: UTF-8 with its mark, every field quoted. Pure."""

import csv
import io
from datetime import datetime
from typing import Any

from irm.clock import SHANGHAI
from irm.documents.tables import FORMULA_LIKE, Page


def write_csv(page: Page) -> bytes:
    """Moments in Shanghai's time. What a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    lines = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerow(page.head)
    lines.writerows([_cell(value) for value in row] for row in page.rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_LIKE) else text
