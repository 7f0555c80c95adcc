"""One line of what `irm doctor` found."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from irm.errors import Translate

State = Literal["good", "off", "weak", "broken"]
MARKS: Final = {"good": "✓", "off": "–", "weak": "!", "broken": "✗"}


@dataclass(frozen=True)
class Finding:
    """`text` is an msgid; its placeholders are in `context`."""

    check: str
    state: State
    text: str
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        return MARKS[self.state]

    def line(self, t: Translate) -> str:
        return f"{t(self.check)}: {t(self.text, **self.context)}"

    def as_dict(self, t: Translate) -> dict[str, Any]:
        """For programs: `check` is the same in every language."""
        return {"check": self.check, "state": self.state, "text": t(self.text, **self.context)}
