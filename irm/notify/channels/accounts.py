"""The city's account at 阿里云 or 腾讯云, whose interfaces irm speaks itself; any other gateway is described by a template.

`missing` names by their settings what an account lacks: without it the channel counts as not configured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from irm.config import Settings
from irm.notify.channels.sms_text import LEFT, RIGHT

Provider = Literal["aliyun", "tencent"]

ENDPOINTS: Final[Mapping[tuple[str, str], str]] = {
    ("aliyun", "SMS"): "https://dysmsapi.aliyuncs.com",
    ("aliyun", "VOICE"): "https://dyvmsapi.aliyuncs.com",
    ("tencent", "SMS"): "https://sms.tencentcloudapi.com",
    ("tencent", "VOICE"): "https://vms.tencentcloudapi.com",
}
"""Public addresses of the providers; a government or private cloud has its own."""

CONFIRMED: Final = "confirmed"
"""In IRM_VOICE_CODES: what 阿里云 reads out after the key 1; with it a page asks for the key."""


@dataclass(frozen=True)
class Account:
    """`sender`: the registered 签名 of SMS, or the number that calls. `app_id`, `region`: of 腾讯云 only."""

    kind: Literal["SMS", "VOICE"]
    provider: Provider
    url: str
    key_id: str
    key_secret: str = field(repr=False)
    app_id: str
    region: str
    sender: str
    codes: Mapping[str, str]
    params: Mapping[str, Any]
    ca: Path | None

    @property
    def goes_by_place(self) -> bool:
        """Variables are given in a way that the provider does not take: 阿里云 knows them by name only."""
        return self.provider == "aliyun" and any(isinstance(each, list) for each in self.params.values())

    @property
    def interface(self) -> str:
        """As it is shown: whose it is, and whether a call of it can be answered (`aliyun_speaks`: it cannot)."""
        speaks = self.kind == "VOICE" and self.provider == "aliyun" and not self.codes.get(CONFIRMED)
        return "aliyun_speaks" if speaks else self.provider

    @property
    def missing(self) -> tuple[str, ...]:
        """Settings without which nothing can be sent."""
        needed = {"KEY_ID": self.key_id, "KEY_SECRET": self.key_secret, "CODES": self.codes}
        if self.kind == "SMS":
            needed["SIGNATURE"] = self.sender
        if self.provider == "tencent":
            needed["APP_ID"] = self.app_id
        return tuple(f"IRM_{self.kind}_{name}" for name, value in needed.items() if not value)


def of_sms(settings: Settings) -> Account | None:
    """None where a gateway is described."""
    if settings.sms_provider == "gateway":
        return None
    return Account(
        "SMS",
        settings.sms_provider,
        settings.sms_url or ENDPOINTS[settings.sms_provider, "SMS"],
        settings.sms_key_id,
        settings.sms_key_secret.get_secret_value(),
        settings.sms_app_id,
        settings.sms_region,
        settings.sms_signature.strip(LEFT + RIGHT),
        settings.sms_codes,
        settings.sms_params,
        settings.sms_ca,
    )


def of_voice(settings: Settings) -> Account | None:
    """None where a gateway is described."""
    if settings.voice_provider == "gateway":
        return None
    return Account(
        "VOICE",
        settings.voice_provider,
        settings.voice_url or ENDPOINTS[settings.voice_provider, "VOICE"],
        settings.voice_key_id,
        settings.voice_key_secret.get_secret_value(),
        settings.voice_app_id,
        settings.voice_region,
        settings.voice_caller,
        settings.voice_codes,
        settings.voice_params,
        settings.voice_ca,
    )
