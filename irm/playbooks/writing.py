"""A playbook's data as text in our language: block style, short mappings on one line, quotes only where they are needed. Pure.

`positions.read` gives the same data back.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

LINE: Final = 110
FIRST: Final = ("apiVersion", "kind", "id", "title", "start", "steps")
_WORDS: Final = re.compile(r"[^\W\d_][\w./()\u3001\u3002\uff0c\uff1a\uff1b\uff08\uff09 -]*(?<! )")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_DURATION: Final = re.compile(r"(?:\d+[dhms])+")
_RESERVED: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def playbook_text(data: Mapping[str, Any]) -> str:
    """`data`: plain dicts, lists, text, numbers, booleans, None."""
    names = [*(name for name in FIRST if name in data), *(name for name in data if name not in FIRST)]
    lines = [line for name in names for line in _entry(name, data[name], 0)]
    return "\n".join(lines) + "\n"


def _entry(name: str, value: Any, indent: int) -> Iterator[str]:
    head = f"{' ' * indent}{_key(name)}:"
    flow = _flow(value)
    if indent + len(head) + len(flow) <= LINE and _is_flat(value):
        yield f"{head} {flow}"
    elif isinstance(value, Mapping) and value:
        yield head
        for key, one in value.items():
            yield from _entry(key, one, indent + 2)
    elif isinstance(value, list) and value:
        yield head
        for one in value:
            yield from _item(one, indent + 2)
    else:
        yield f"{head} {flow}"


def _item(value: Any, indent: int) -> Iterator[str]:
    flow, head = _flow(value), " " * indent
    is_block = (isinstance(value, Mapping | list)) and bool(value)
    if not is_block or (indent + 2 + len(flow) <= LINE and _is_flat(value)):
        yield f"{head}- {flow}"
    elif isinstance(value, Mapping):
        lines = [line for key, one in value.items() for line in _entry(key, one, indent + 2)]
        yield f"{head}- {lines[0].lstrip(' ')}"
        yield from lines[1:]
    else:
        yield f"{head}-"
        for one in value:
            yield from _item(one, indent + 2)


def _is_flat(value: Any) -> bool:
    """Reads well on one line: nothing in it has parts that have parts."""
    if isinstance(value, Mapping):
        return not any(
            isinstance(one, Mapping) or (isinstance(one, list) and not _is_row(one)) for one in value.values()
        )
    return not isinstance(value, list) or _is_row(value)


def _is_row(values: list[Any]) -> bool:
    return not any(isinstance(one, Mapping | list) for one in values)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _DURATION.fullmatch(value) or (_WORDS.fullmatch(value) and value.lower() not in _RESERVED):
        return value
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return _UNPRINTABLE.sub(lambda one: f"\\u{ord(one[0]):04x}", json.dumps(value, ensure_ascii=False))


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) and name.lower() not in {"null", "true", "false"} else _scalar(name)
