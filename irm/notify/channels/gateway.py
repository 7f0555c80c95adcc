"""A gateway that is described, not programmed: its address, a template of its request, and how it says yes. SMS and voice.

`{name}` in any string of the template is replaced; nothing else is interpreted. `{params}` is a JSON text of its own, for
gateways that take a registered template's number and its variables (`TemplateParam`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from pydantic import SecretStr

from irm.jobs import Resources
from irm.notify.channels.answers import verdict
from irm.notify.channels.asking import ask, excerpt
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.channels.registered import filled, params_of


@dataclass(frozen=True)
class Gateway:
    """`name` is the setting's, for words about faults. `headers`: JSON, name → value; they hold the credentials."""

    name: str
    url: str
    template: str
    success: str
    headers: SecretStr
    default: Mapping[str, Any]
    is_form: bool = False
    params: Any = None
    """The registered template's variables, as `registered.params_of` reads them."""
    ca: Path | None = None

    async def post(self, message: Message, values: Mapping[str, str], resources: Resources) -> Outcome:
        """`values`: what may stand in the template, without `params`."""
        try:
            template = template_of(self.template, self.default)
            own = template_of(self.headers.get_secret_value(), {})
        except ValueError:
            return Outcome("failed", f"{self.name}: no JSON")
        params = params_of(message, self.params or {}, values)
        body = filled(template, {**values, "params": msgspec.json.encode(params).decode()})
        if not isinstance(body, dict) or not isinstance(own, dict):
            return Outcome("failed", f"{self.name}: no JSON object")
        kind = "application/x-www-form-urlencoded" if self.is_form else "application/json"
        headers = {str(key): str(value) for key, value in own.items()}
        headers |= {"content-type": kind, "idempotency-key": str(message.delivery_id)}
        content = urlencode(body).encode() if self.is_form else msgspec.json.encode(body)
        answer = await ask(resources, "POST", self.url, content=content, headers=headers, ca=self.ca)
        if isinstance(answer, Outcome):
            return answer
        told = verdict(answer, self.success)
        secrets = [str(value) for value in own.values()]
        return Outcome(told.kind, excerpt(told.detail, *secrets), told.provider_id)


def template_of(source: str, default: Mapping[str, Any]) -> Any:
    """Raises ValueError where it is not JSON."""
    return msgspec.json.decode(source) if source else dict(default)
