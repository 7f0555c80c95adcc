"""What can go wrong in the domain's words. Only `problems.py` knows HTTP status codes.

The first argument is an English msgid; its `%(name)s` placeholders are filled from the keyword context when the text is
rendered in the reader's language (`IrmError.text`). `field=` is short for one `FieldError` with the same text.

What is put together far from any reader (faults of a rule pack, lines of `irm up`) is `said("… %(name)s", name=…)`: its
English text, which still knows what it was made of; `in_words` renders it, or any other text, for a reader.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, Self


class Translate(Protocol):
    def __call__(self, msgid: str, /, **params: Any) -> str: ...

    def of(self, texts: Mapping[str, str] | str) -> str: ...


class Said(str):
    """The English text as a str, with the msgid and the parameters it was made of. Parameters may be Said themselves."""

    __slots__ = ("msgid", "params")
    msgid: str
    params: Mapping[str, Any]

    def __new__(cls, msgid: str, /, **params: Any) -> Self:
        made = super().__new__(cls, msgid % params if params else msgid)
        made.msgid = msgid
        made.params = params
        return made

    def text(self, t: Translate) -> str:
        return t(self.msgid, **_read(self.params, t))


class InBothLanguages(Said):
    """A text that brings its languages along (a duty's title), as a parameter of another."""

    __slots__ = ("texts",)
    texts: Mapping[str, str]

    def __new__(cls, texts: Mapping[str, str]) -> Self:
        made = super().__new__(cls, texts.get("en") or next(iter(texts.values()), ""))
        made.texts = texts
        return made

    def text(self, t: Translate) -> str:
        return t.of(self.texts)


said = Said
"""Write `said("…")` where the msgid stands: the catalogs' lint looks for it. `Said(msgid)` is for one that is a variable."""


def in_words(text: str, t: Translate) -> str:
    """In the reader's language if it is Said; what others wrote (a path, a figure, a library's words) stays as it is."""
    return text.text(t) if isinstance(text, Said) else text


def _read(params: Mapping[str, Any], t: Translate) -> dict[str, Any]:
    return {name: value.text(t) if isinstance(value, Said) else value for name, value in params.items()}


LONGEST_QUOTED: Final = 80


def quoted(value: object) -> str:
    """What somebody wrote, as a message repeats it: its beginning where it is long."""
    text = str(value)
    return text if len(text) <= LONGEST_QUOTED else text[: LONGEST_QUOTED - 1] + "…"


def with_hint(message: str, hint: str) -> str:
    return said("%(message)s – %(hint)s", message=message, hint=hint) if hint else message


class Wrong(ValueError):
    """A value of a file that is not what its language asks for: what is wrong, and what was meant."""

    def __init__(self, message: Said, hint: str = "") -> None:
        super().__init__(with_hint(message, hint))
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class FieldError:
    """`field` is the path that the sender used (`facts.views`, `attachments.0`, `B12`)."""

    field: str
    message: str
    context: dict[str, Any] = dataclasses.field(default_factory=dict)

    def text(self, t: Translate) -> str:
        return self.message.text(t) if isinstance(self.message, Said) else t(self.message, **_read(self.context, t))


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
        return self.detail.text(t) if isinstance(self.detail, Said) else t(self.detail, **_read(self.context, t))

    def __str__(self) -> str:
        try:
            return self.detail % self.context if self.context else self.detail
        except (KeyError, ValueError, TypeError):
            return self.detail


class Invalid(IrmError):
    kind = "invalid"

    @classmethod
    def of(cls, faults: Sequence[FieldError]) -> Self:
        """All faults at once; the first speaks for them. What its words name may be called `code` or `field`, too."""
        made = cls(faults[0].message, errors=faults)
        made.context = faults[0].context
        return made


class Unauthenticated(IrmError):
    kind = "unauthenticated"


class Forbidden(IrmError):
    kind = "forbidden"


class EnteredRefusal(Forbidden):
    """Whoever refuses it has entered so in the ledger, with as little as may be said of it: nobody writes down more."""


class FirstElsewhere(Forbidden):
    """Something has to be done first, on the page `path`: a browser is led there, everybody else is refused."""

    def __init__(self, detail: str, *, path: str, code: str | None = None, **context: Any) -> None:
        super().__init__(detail, code=code, **context)
        self.path = path


@dataclass(frozen=True)
class ProofWays:
    """By what somebody can show again who they are."""

    typed: bool = True
    """A password or a one-time code; also where there is nothing else."""
    passkeys_at: str = ""
    """The origin at which a device gives one of theirs; empty: they have none that is accepted there."""
    provider: str = ""
    """The name of the identity provider that knows them; empty: none does."""


class ProofNeeded(Forbidden):
    """Whoever sent this form is asked again who they are; `fields` are what was typed, to be sent once more."""

    def __init__(
        self,
        detail: str,
        *,
        fields: Sequence[tuple[str, str]] | None = None,
        ways: ProofWays = ProofWays(),
        wrong: str = "",
        refused: str = "",
    ) -> None:
        super().__init__(detail, code="proof")
        self.fields = fields
        """None: it cannot be sent again from here (files, a script)."""
        self.ways = ways
        self.wrong = wrong
        """What was wrong with the password or code, a msgid."""
        self.refused = refused
        """What was wrong with another proof, a msgid."""


class NotFound(IrmError):
    kind = "not_found"


class Conflict(IrmError):
    kind = "conflict"


class _ForNow(IrmError):
    """The same may be asked again, after so many seconds where that is known."""

    def __init__(self, detail: str, *, retry_after: int | None = None, code: str | None = None, **context: Any) -> None:
        super().__init__(detail, code=code, **context)
        self.retry_after = retry_after


class Unavailable(_ForNow):
    kind = "unavailable"


class TooOften(_ForNow):
    kind = "too_often"
