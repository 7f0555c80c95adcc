"""Text → the nodes of a plain YAML document by libyaml, some forty times as fast as ruamel reads it; or None. Pure; bounded.

None only says: ask `plain_yaml.py`. It is the answer to every text that is no YAML, or not plain, or beyond a limit: what is
wrong is told there alone, with its place and in its words. Where both read a text, the nodes are the same, with their
places; tests/unit/kernel/test_quick_yaml.py holds it.
"""

import re
from typing import Any, Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.resolver import BaseResolver, implicit_resolvers
from ruamel.yaml.tag import Tag
from yaml import YAMLError
from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    StreamEndEvent,
)

from irm.language_limits import DEEPEST, LONGEST_TEXT, MOST_NODES

try:
    from yaml.cyaml import CParser
except ImportError:  # PyYAML made from source where there is no libyaml: on a processor that nobody makes wheels for
    CParser = None
ODD: Final = re.compile(
    r"\t"
    r"|(?:^\ufeff?|[\r\n])(?:---|\.\.\.| +(?:[\r\n]|$))"  # a marker of documents; a line of blanks
    r"|(?:^|[-:,\[{\r\n]) *\?(?:[ \r\n]|$)"  # a question mark before a key
    r"|[|>][-+0-9]*#"
    r"|:[\]},]|[\"']:[^ \r\n]|-:"
)
"""What libyaml, which knows YAML 1.1, reads in another manner than ruamel or at another place, or what only one of them
takes. Found by giving both some millions of texts. Much of it is in order, and then read the slow way."""


def _kinds() -> dict[str, list[tuple[Tag, Any]]]:
    """First character → the kinds that a text without quotation marks may be of, with their patterns: ruamel's own for
    YAML 1.2."""
    found: dict[str, list[tuple[Tag, Any]]] = {}
    for versions, name, pattern, firsts in implicit_resolvers:
        if (1, 2) in versions:
            for first in firsts:
                found.setdefault(first, []).append((Tag(suffix=name), pattern))
    return found


KINDS: Final = _kinds()


def compose_quickly(text: str) -> Node | None:
    """The root of a document that is a mapping. Whether its keys, numbers and characters are plain is not looked at."""
    if CParser is None or ODD.search(text):
        return None
    try:
        return _composed(CParser(text))
    except YAMLError:
        return None


class _Tree:
    """Nodes in the order of the text, put where they belong. Not recursive: how deep a text is nested, its author decides."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.branch: list[Node] = []
        """From the root to the innermost that is not yet closed."""
        self.keys: list[Node | None] = []
        """Of each of these the key whose value comes next."""
        self.left = MOST_NODES

    def put(self, node: Node) -> bool:
        """False: it goes beyond a limit, or cannot stand there."""
        self.left -= 1
        is_text = isinstance(node, ScalarNode)
        if self.left < 0 or len(self.branch) > DEEPEST:
            return False
        if not self.branch:
            if self.root is not None or not isinstance(node, MappingNode):
                return False
            self.root = node
        elif isinstance(self.branch[-1], SequenceNode):
            self.branch[-1].value.append(node)
        elif (key := self.keys[-1]) is not None:
            self.branch[-1].value.append((key, node))
            self.keys[-1] = None
        elif is_text:
            self.keys[-1] = node
        else:
            return False
        if not is_text:
            self.branch.append(node)
            self.keys.append(None)
        return True

    def end(self, mark: Any) -> None:
        self.keys.pop()
        self.branch.pop().end_mark = mark


def _composed(parser: Any) -> Node | None:
    tree = _Tree()
    while not isinstance(event := parser.get_event(), StreamEndEvent):
        if isinstance(event, CollectionEndEvent):
            tree.end(event.end_mark)
        elif isinstance(event, DocumentStartEvent):
            if event.version or event.tags:
                return None
        elif isinstance(event, NodeEvent):
            node = _node(event)
            if node is None or not tree.put(node):
                return None
    return tree.root


def _node(event: Any) -> Node | None:
    """None for an alias, for a value that is missing, and for what has an anchor, a tag or too many characters."""
    if event.anchor is not None:
        return None
    if isinstance(event, ScalarEvent):
        if event.tag is not None or len(event.value) > LONGEST_TEXT:
            return None
        if not event.value and event.implicit[0]:  # where a value that is missing stands, each says otherwise
            return None
        tag = _kind(event.value) if event.implicit[0] else BaseResolver.DEFAULT_SCALAR_TAG
        return ScalarNode(tag, event.value, event.start_mark, event.end_mark, style=event.style)
    if not isinstance(event, CollectionStartEvent) or event.tag is not None:
        return None
    if isinstance(event, MappingStartEvent):
        return MappingNode(BaseResolver.DEFAULT_MAPPING_TAG, [], event.start_mark, None)
    return SequenceNode(BaseResolver.DEFAULT_SEQUENCE_TAG, [], event.start_mark, None)


def _kind(text: str) -> Tag:
    return next(
        (tag for tag, pattern in KINDS.get(text[:1], ()) if pattern.match(text)), BaseResolver.DEFAULT_SCALAR_TAG
    )
