"""Text → the nodes of one plain YAML document, or everything that keeps it from being one. Pure; bounded in time and memory.

Plain: mappings, lists, text, decimal numbers, true/false, null. No anchors, aliases, tags, merge keys, directives, second
documents, duplicate keys, keys that are no text, characters that nobody sees. YAML 1.2: `no`, `on`, `22:30` are text.

What is plain is said here, by ruamel and `_not_plain`. `quick_yaml.py` only spares the time where nothing is wrong.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from irm.errors import Said, said
from irm.i18n import N_
from irm.language_limits import DEEPEST, LARGEST, LONGEST_NUMBER, LONGEST_TEXT, MOST_FAULTS, MOST_NODES
from irm.quick_yaml import compose_quickly

PREFIX: Final = "tag:yaml.org,2002:"
UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufff9-\uffff]|(?!^)\ufeff"
)
"""Control characters, surrogates, line ends that only some programs know, and what turns the order of what is read."""
DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
FRACTION: Final = re.compile(r"[-+]?[0-9_]*\.?[0-9_]+([eE][-+]?[0-9]{1,2})?")


class Flaw(NamedTuple):
    """Line and column count from 1."""

    line: int
    column: int
    message: Said
    hint: str = ""


class Unreadable(ValueError):
    """The text is no plain YAML; `flaws` in the order of the text."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(flaw.message for flaw in flaws[:3]))
        self.flaws = flaws


class _Enough(Exception):
    pass


class _Counting(Composer):
    """Builds nodes as its parent does, but stops at a limit and notes what is not plain; an alias is never followed."""

    flaws: list[Flaw]

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.flaws = []
        self.nodes = 0

    def note(self, event: Any, message: Said, hint: str = "", *, last: bool = False) -> None:
        self.flaws.append(Flaw(event.start_mark.line + 1, event.start_mark.column + 1, message, hint))
        if last or len(self.flaws) >= MOST_FAULTS:
            raise _Enough

    def compose_document(self) -> Any:
        start = self.parser.peek_event()
        if start.version is not None or start.tags:
            self.note(start, said("Directives are not allowed."), said("leave it out"), last=True)
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.note(event, said("The file has more than %(most)s entries.", most=MOST_NODES), last=True)
        if self.depth >= DEEPEST + 1:
            self.note(event, too_deep(), last=True)
        if event.anchor is not None:
            self.note(event, said("Anchors and aliases are not allowed."), said("write the value out"))
            if isinstance(event, AliasEvent):
                self.parser.get_event()
                return ScalarNode(PREFIX + "null", "", start_mark=event.start_mark, end_mark=event.end_mark)
            event.anchor = None
        if event.tag is not None:
            self.note(event, said("The tag %(tag)s is not allowed.", tag=str(event.tag)[:80]), said("leave it out"))
            event.ctag = None
        if isinstance(event, ScalarEvent) and len(event.value) > LONGEST_TEXT:
            message = said("This text has more than %(most)s characters.", most=LONGEST_TEXT)
            self.note(event, message, last=True)
        return super().compose_node(parent, index)


def too_deep() -> Said:
    return said("The file is nested more than %(most)s levels deep.", most=DEEPEST)


def compose(text: str) -> Node:
    """Raises Unreadable."""
    if len(text) > LARGEST:
        raise Unreadable([Flaw(1, 1, said("The file has more than %(most)s characters.", most=LARGEST))])
    if unseen := list(_unseen(text)):
        raise Unreadable(unseen)
    root = compose_quickly(text)
    return root if root is not None and next(_not_plain(root), None) is None else compose_slowly(text)


def compose_slowly(text: str) -> Node:
    """The same nodes, or what is wrong with the text and where, which the quick way does not know. Raises Unreadable."""
    # Not typ="rt": its folded scalars come with a bell character at every fold.
    reader = YAML(typ="safe", pure=True)
    reader.Composer = _Counting
    root: Node | None = None
    flaws: list[Flaw] = []
    try:
        root = reader.compose(text)
    except _Enough:
        pass
    except MarkedYAMLError as error:
        flaws.append(_told(error))
    except RecursionError:
        flaws.append(Flaw(1, 1, too_deep()))
    except (YAMLError, ValueError, AttributeError) as error:  # what ruamel lets slip
        flaws.append(Flaw(1, 1, said("This is no YAML: %(told)s.", told=str(error).split("\n", 1)[0])))
    flaws = [*getattr(reader.composer, "flaws", ()), *flaws]
    if flaws:
        raise Unreadable(flaws)
    if root is None:
        raise Unreadable([Flaw(1, 1, said("The file is empty."))])
    if flaws := _first(_not_plain(root)):
        raise Unreadable(flaws)
    return root


def _first(flaws: Iterator[Flaw]) -> list[Flaw]:
    return [flaw for flaw, _ in zip(flaws, range(MOST_FAULTS), strict=False)]


def _unseen(text: str) -> Iterator[Flaw]:
    for match, _ in zip(UNSEEN.finditer(text), range(MOST_FAULTS), strict=False):
        before = text[: match.start()].replace("\r\n", "\n").replace("\r", "\n")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        yield Flaw(line, column, invisible(match.group()), said("leave it out"))


def invisible(character: str) -> Said:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "").lower()
    return said("The invisible character %(code)s is not allowed.", code=f"{code} ({name})" if name else code)


TAB: Final = N_("A line is indented by a tab.")
BLANKS: Final = N_("use blanks")
COLON: Final = N_("There is one “:” too many in this line.")
QUOTE: Final = N_("put the text in quotation marks")
INDENT: Final = N_("This line does not stand as deep as those it belongs to.")
SAME_DEPTH: Final = N_("indent what belongs together by the same number of blanks")
OPEN_TEXT: Final = N_("A quotation mark is not closed.")
OPEN_BRACKET: Final = N_("A bracket is not closed, or a comma is missing.")
NO_COLON: Final = N_("A “:” is missing after the name.")
SECOND: Final = N_("A file holds one document; here a second one begins.")
NOTHING: Final = N_("A value is missing here.")
STRANGE: Final = N_("A text cannot begin with %(told)s.")

KNOWN: Final = (
    (r"found character '\\t' that cannot start", TAB, BLANKS),
    (r"found character (.+) that cannot start", STRANGE, QUOTE),
    (r"mapping values are not allowed", COLON, QUOTE),
    (r"expected <block end>|did not find expected '-' indicator", INDENT, SAME_DEPTH),
    (r"unexpected end of stream", OPEN_TEXT, ""),
    (r"expected ',' or '[\]}]'", OPEN_BRACKET, ""),
    (r"could not find expected ':'", NO_COLON, QUOTE),
    (r"found another document", SECOND, ""),
    (r"expected the node content", NOTHING, ""),
)
"""What the library calls the slips that people make → how irm says it."""


def _told(error: MarkedYAMLError) -> Flaw:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    told = str(error.problem or error.context)
    for pattern, message, hint in KNOWN:
        if match := re.search(pattern, told):
            given = {"told": match[1]} if match.groups() else {}
            return Flaw(line, column, Said(message, **given), Said(hint) if hint else "")
    return Flaw(line, column, said("This is no YAML: %(told)s.", told=told))


def _not_plain(node: Node) -> Iterator[Flaw]:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            place = key.start_mark.line + 1, key.start_mark.column + 1
            if not isinstance(key, ScalarNode) or str(key.tag) not in {PREFIX + "str", PREFIX + "merge"}:
                yield Flaw(*place, said("A key must be text."), said("quote it"))
                continue
            if str(key.tag) == PREFIX + "merge" or (key.value == "<<" and not key.style):
                yield Flaw(*place, said("Merge keys are not allowed."), said("write the values out"))
            elif key.value in seen:
                yield Flaw(*place, said("“%(name)s” stands here twice.", name=key.value[:80]))
            elif found := UNSEEN.search(key.value):
                yield Flaw(*place, invisible(found.group()), said("leave it out"))
            seen.add(key.value)
            yield from _not_plain(value)
    elif isinstance(node, SequenceNode):
        for value in node.value:
            yield from _not_plain(value)
    elif found := UNSEEN.search(node.value):  # written as \u202e
        yield Flaw(line, column, invisible(found.group()), said("leave it out"))
    else:
        yield from _no_number(node, line, column)


def _no_number(node: Node, line: int, column: int) -> Iterator[Flaw]:
    kind = str(node.tag).removeprefix(PREFIX)
    text: str = node.value
    if kind == "int" and not DECIMAL.fullmatch(text):
        message = said("“%(value)s” is no decimal number.", value=text[:80])
        yield Flaw(line, column, message, said("write 17, or “17” in quotation marks for text"))
    elif kind == "float" and not FRACTION.fullmatch(text):
        yield Flaw(
            line, column, said("“%(value)s” is no decimal number.", value=text[:80]), said("put it in quotation marks")
        )
    elif kind in {"int", "float"} and sum(one.isdigit() for one in text) > LONGEST_NUMBER:
        yield Flaw(line, column, said("The number has more than %(most)s digits.", most=LONGEST_NUMBER))


def plain(node: Node) -> Any:
    """Plain dicts, lists, str, int, float, bool, None of what `compose` has found plain."""
    if isinstance(node, MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(value) for value in node.value]
    text: str = node.value
    match str(node.tag).removeprefix(PREFIX):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text.replace("_", ""))
        case "float":
            return float(text.replace("_", ""))
        case _:
            return text
