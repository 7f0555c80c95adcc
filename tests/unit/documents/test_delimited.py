"""A list as CSV: what a spreadsheet makes of it is what was written."""

import csv
import io
from datetime import UTC, datetime

from irm.documents.delimited import write_csv
from irm.documents.tables import Page


def test_text_stays_text_and_moments_are_beijings() -> None:
    rows = [["=1+1", "甲，乙", 'says "so"', None, datetime(2026, 11, 20, 16, tzinfo=UTC), 3]]
    content = write_csv(Page("", ["a", "b", "c", "d", "e", "f"], rows))
    assert content.startswith(b"\xef\xbb\xbf")
    head, line = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert head == ["a", "b", "c", "d", "e", "f"]
    assert line == ["'=1+1", "甲，乙", 'says "so"', "", "2026-11-21 00:00", "3"]
