"""What can go wrong in the domain's words. Only `problems.py` knows HTTP status codes.

The first argument is an English msgid; its `%(name)s` placeholders are filled from the keyword context when the text is
rendered in the reader's language (`IrmError.text`). `field=` is short for one `FieldError` with the same text.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol


class Translate(Protocol):
    def __call__(self, msgid: str, /, **params: Any) -> str: ...


@dataclass(frozen=True)
class FieldError:
    """`field` is the path that the sender used (`facts.views`, `attachments.0`, `B12`)."""

    field: str
    message: str
    context: dict[str, Any] = dataclasses.field(default_factory=dict)

    def text(self, t: Translate) -> str:
        return t(self.message, **self.context)


class IrmError(Exception):
    kind: ClassVar[str] = "internal"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        errors: Sequence[FieldError] = (),
        **context: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.kind
        self.context = context
        self.errors: tuple[FieldError, ...] = (FieldError(field, detail, context),) if field else tuple(errors)

    def text(self, t: Translate) -> str:
        return t(self.detail, **self.context)

    def __str__(self) -> str:
        try:
            return self.detail % self.context if self.context else self.detail
        except (KeyError, ValueError, TypeError):
            return self.detail


class Invalid(IrmError):
    kind = "invalid"


class Unauthenticated(IrmError):
    kind = "unauthenticated"


class Forbidden(IrmError):
    kind = "forbidden"


class NotFound(IrmError):
    kind = "not_found"


class Conflict(IrmError):
    kind = "conflict"


class Unavailable(IrmError):
    kind = "unavailable"
