"""What the files that irm makes are called on the wire."""

from typing import Any, Final

PDF: Final = "application/pdf"
CSV: Final = "text/csv; charset=utf-8"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"
ZIP: Final = "application/zip"
UNKNOWN: Final = "application/octet-stream"

GIVES_OPT: Final = "gives"


def gives(*media_types: str) -> dict[str, Any]:
    """For a route's `opt`: every content type of a good answer that is a file.

    `Response[bytes]` and `Stream` do not tell it; without this the OpenAPI document would say JSON (irm/openapi.py).
    """
    return {GIVES_OPT: media_types}
