"""What a gateway posts to irm, as fields by their names in lower case: JSON (an object or a list of them), or a form. Pure.

The callbacks of calls of 腾讯云 come in an envelope that names their kind; what it says stands in `status` and the usual
fields (cloud.tencent.com, 语音通知状态通知 document/product/1128/37725, 语音通知按键通知 …/37726, 语音送达失败原因通知 …/37727).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from irm.errors import Invalid

LARGEST: Final = 200_000
"""Bytes; providers push many at once."""
MOST: Final = 500
NOT_TAKEN: Final[Mapping[str, str]] = {"1": "no_answer", "2": "failed"}
"""`result` of 语音通知状态通知; 0 is a call that was taken."""


def read(body: bytes, content_type: str) -> list[dict[str, str]]:
    """Fields of each of what was handed over, at most `MOST`. Raises Invalid where it is neither JSON nor a form."""
    if len(body) > LARGEST:
        raise Invalid("The message is too long.", field="content")
    try:
        if "json" in content_type or body.lstrip()[:1] in (b"{", b"["):
            decoded = msgspec.json.decode(body)
        else:
            decoded = {name: each[0] for name, each in parse_qs(body.decode()).items()}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid("The request cannot be read as JSON or as a form.") from error
    listed = decoded if isinstance(decoded, list) else [decoded]
    return [_fields(each) for each in listed[:MOST] if isinstance(each, Mapping)]


def first(fields: Mapping[str, str], names: Sequence[str]) -> str:
    """The first of these fields that says anything; empty: none does."""
    return next((fields[name] for name in names if fields.get(name)), "")


def _fields(values: Mapping[str, Any]) -> dict[str, str]:
    for kind, inside in values.items():
        if isinstance(inside, Mapping) and kind in ("voiceprompt_callback", "voicekey_callback"):
            fields = _plain(inside)
            return {**fields, "status": NOT_TAKEN.get(fields.pop("result", ""), "")}
        if isinstance(inside, Mapping) and kind == "voice_failure_callback":
            return {**_plain(inside), "status": "failed"}
    return _plain(values)


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name).casefold(): str(value).strip().replace("\x00", "")
        for name, value in values.items()
        if isinstance(value, str | int | bool)
    }
