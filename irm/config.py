"""Settings from the environment (`IRM_…`). Read in the composition roots and nowhere else."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from irm.errors import FieldError, Invalid, Said, said
from irm.shapes import SHAPES

PREFIX: Final = "IRM_"

Tried = Literal["sms", "voice", "email", "wecom", "dingtalk", "feishu", "webhook", "in_app"]
"""Channels on which a test message may go out every few minutes; a group's bot would disturb everybody in it."""


def _callable(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        message = "http:// or https:// with a host and without user or password"
        raise ValueError(message)
    return url


class Endpoint(BaseModel):
    """Another system that playbooks may call by its name. No text of a playbook ever names an address."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_callable)]
    secret: SecretStr = Field(min_length=1)
    """base64, with or without `whsec_`; signs every call (Standard Webhooks)."""
    ca: Path | None = None
    """Certificates of the authority that the endpoint's own is checked with; None: those of the machine."""
    drills: bool = False
    """It takes calls that are marked as an exercise."""


class OwnDestination(BaseModel):
    """Where synthetic messages of a channel go: an address of the city's own that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    to: str = Field(min_length=1)
    echo: bool = False
    """It comes back: the mailbox is the one that irm reads (IRM_IMAP_URL), the number answers with the code it was sent."""


class Settings(BaseSettings):
    """Addresses are full URLs. What is absent is switched off and said so, never guessed."""

    @classmethod
    def read(cls) -> Self:
        """From the environment. Raises Invalid with every setting that is wrong; what was given is not told: it may be a
        secret."""
        try:
            return cls()
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=True, include_input=False)
            faults = [_fault(one["loc"], _shape(one["type"], one["msg"], one.get("ctx", {}))) for one in found]
        except SettingsError as error:
            named = re.search(r'field "(\w+)"', str(error))
            faults = [_fault((named[1] if named else "",), said("This must be JSON."))]
        raise Invalid.of(faults) from None

    # What is wrong is told without what was given: it may be a secret. A name without a value is as good as absent.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    database_url: str = ""
    """postgresql+asyncpg://irm_app:…; plain postgresql:// is accepted."""
    migration_database_url: str = ""
    """The same database as irm_owner; only `irm migrate` uses it."""
    broker_url: str = ""
    """redis://… of Valkey or Redis; empty: the dispatcher performs every job itself."""
    smtp_url: str | None = None
    """smtp://user:password@host:port, smtps:// for implicit TLS, ?from=address."""
    smtp_ca: Path | None = None
    """Certificates of the authority that the mail server's own is checked with; None: those of the machine."""
    mail_from: str = "irm@localhost"
    sms_provider: Literal["gateway", "aliyun", "tencent"] = "gateway"
    """Whose interface it is: a gateway that is described here, or 阿里云短信服务 or 腾讯云短信, whose requests irm signs."""
    sms_url: str | None = None
    """Of 阿里云 and 腾讯云 empty: the provider's public address."""
    sms_key_id: str = ""
    """AccessKey ID (阿里云), SecretId (腾讯云)."""
    sms_key_secret: SecretStr = SecretStr("")
    sms_app_id: str = ""
    """SmsSdkAppId (腾讯云)."""
    sms_region: str = "ap-guangzhou"
    """腾讯云 only."""
    sms_signature: str = ""
    """The registered 【签名】 without brackets."""
    sms_template: str = ""
    """JSON of the gateway's request; {phone}, {content}, {id}, {template}, {params}, {sign} are filled in. Empty: the first
    three as phone, content, extra."""
    sms_drill_template: str = ""
    """The same for drills, which have a registered template of their own; empty: `sms_template`."""
    sms_success: str = ""
    """How the gateway says yes: `field=value,value` or a condition (`body.Code == "OK"`); empty: the usual fields (code,
    status, …) with the usual values."""
    sms_headers: SecretStr = SecretStr("")
    """JSON, name → value: headers by which irm proves itself to the gateway."""
    sms_format: Literal["json", "form"] = "json"
    sms_codes: dict[str, str] = {}
    """JSON, kind of message → number of the registered template, as {template}; empty: the text itself goes."""
    sms_params: dict[str, Any] = {}
    """JSON of the registered template's variables, as {params}: name → value, or by kind of message such an object or a list
    of values by place; {number}, {level}, {code}, {count} are filled in."""
    sms_ca: Path | None = None
    sms_secret: SecretStr = SecretStr("")
    """Shared secret of the inbound callbacks (上行短信, 送达回执); empty: they are closed."""
    voice_provider: Literal["gateway", "aliyun", "tencent"] = "gateway"
    """As of SMS: 阿里云语音服务, 腾讯云语音消息."""
    voice_url: str | None = None
    voice_key_id: str = ""
    voice_key_secret: SecretStr = SecretStr("")
    voice_app_id: str = ""
    """VoiceSdkAppid (腾讯云)."""
    voice_region: str = "ap-guangzhou"
    voice_caller: str = ""
    """The number that calls (阿里云); empty: one of the provider's."""
    voice_codes: dict[str, str] = {}
    """As of SMS; `confirmed` (阿里云) is what is read out after the key 1, and pages ask for it."""
    voice_params: dict[str, Any] = {}
    voice_template: str = ""
    """JSON of the request; {phone}, {content}, {id} and {code} are filled in."""
    voice_success: str = ""
    voice_headers: SecretStr = SecretStr("")
    voice_format: Literal["json", "form"] = "json"
    voice_ca: Path | None = None
    voice_secret: SecretStr = SecretStr("")
    """Shared secret of the callback that tells keys and unanswered calls; empty: it is closed."""
    phone_url: str = ""
    """irm's address as phones reach it; empty: they don't, and chat messages carry no link."""
    wecom_url: str = "https://qyapi.weixin.qq.com"
    """Of a private deployment (政务微信): its own."""
    wecom_corp_id: str = ""
    wecom_agent_id: int | None = None
    wecom_secret: SecretStr = SecretStr("")
    wecom_ca: Path | None = None
    dingtalk_url: str = "https://oapi.dingtalk.com"
    dingtalk_app_key: str = ""
    dingtalk_agent_id: int | None = None
    dingtalk_secret: SecretStr = SecretStr("")
    dingtalk_tenant_id: str = ""
    """Set: `dingtalk_url` is a 专有钉钉 (政务钉钉), whose interface is its own; `dingtalk_agent_id` is not needed."""
    dingtalk_ca: Path | None = None
    feishu_url: str = "https://open.feishu.cn"
    feishu_app_id: str = ""
    feishu_secret: SecretStr = SecretStr("")
    feishu_id_type: Literal["user_id", "open_id", "union_id", "email"] = "user_id"
    """What the address of a person on this channel is."""
    feishu_ca: Path | None = None
    wecom_bot: SecretStr = SecretStr("")
    """Address of a group's bot, key and all: for notices only."""
    dingtalk_bot: SecretStr = SecretStr("")
    dingtalk_bot_secret: SecretStr = SecretStr("")
    """The bot's signing secret (加签, SEC…); empty: it does not ask for a signature."""
    feishu_bot: SecretStr = SecretStr("")
    feishu_bot_secret: SecretStr = SecretStr("")
    imap_url: SecretStr = SecretStr("")
    """The mailbox into which answers to pages come: imaps://user:password@host:993/INBOX; empty: none is read."""
    imap_ca: Path | None = None
    mail_secret: SecretStr = SecretStr("")
    """Shared secret of the callback for answers by mail; empty: it is closed."""
    alive_url: SecretStr = SecretStr("")
    """Where irm says every minute that it works (a watch outside, a second machine); its address may hold a key."""
    alive_secret: SecretStr = SecretStr("")
    """base64: signs what is posted there (Standard Webhooks); empty: it is posted unsigned."""
    alive_ca: Path | None = None
    alive_mail: str = ""
    """A mailbox outside that is told every hour."""
    alive_sms: str = ""
    """A number that is told every day."""
    synthetic: dict[Tried, OwnDestination] = {}
    """JSON, channel → {to, echo}: every few minutes a test message goes there the whole way; none: no channel is tried so."""
    webhook_url: str | None = None
    webhook_secret: SecretStr = SecretStr("")
    endpoints: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,47}$")], Endpoint] = {}
    """What `call` in a playbook may name: JSON, name → {url, secret, ca, drills}."""
    witness_mail: str = ""
    """Mail addresses outside irm that keep the ledger's checkpoints, separated by commas (docs/evidence.md)."""
    witness_folder: Path | None = None
    """A folder on another machine that keeps them."""
    witness_url: str | None = None
    """A webhook that keeps them; signed with IRM_WEBHOOK_SECRET where that is set."""
    sheet_dir: Path | None = None
    """A folder on another machine for the emergency sheet; None: none is kept outside."""
    catcher_url: str | None = None
    """The demo's catcher of mail and SMS; set by `irm up` only."""
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    home: Path = Path(".irm")
    demo: bool = False
    demo_year: bool = True
    """The demo city begins with a year that it has lived; without, on its first day."""
    security_profile: Literal["mlps3", "asvs"] = "mlps3"
    """Figures of passwords, lock-out and sessions: irm/access/policies/."""
    oidc_issuer: str = ""
    """The identity provider (统一身份认证) by which people may sign in, beside the password; empty: none."""
    oidc_name: str = ""
    """As people call it; on the button. Empty: its host."""
    oidc_client_id: str = ""
    oidc_secret: SecretStr = SecretStr("")
    """Of irm at the provider; empty: it asks for none."""
    oidc_ca: Path | None = None
    """Certificates of the authority that the provider's own is checked with; None: those of the machine."""
    oidc_hosts: str = ""
    """Further hosts on which the provider's addresses may lie, separated by commas."""
    oidc_factor_acr: str = ""
    """Values of `acr` that say that two factors were shown there, separated by commas."""
    oidc_factor_amr: str = ""
    """The same of `amr`. Both empty: the second factor is always asked by irm."""
    sealing_key: SecretStr = SecretStr("")
    """base64 of 32 bytes; seals what must be read again. Empty: the key in IRM_HOME/keys, made at first use."""
    pool_size: int = Field(default=10, ge=2)
    duty_telephone: str = ""
    """Shown where irm cannot help: on the secrecy refusal and on error pages."""
    secrecy_office_telephone: str = ""

    @property
    def async_database_url(self) -> str:
        return with_driver(self.database_url)


def with_driver(url: str) -> str:
    """SQLAlchemy 2.1 reads plain postgresql:// as psycopg; irm speaks asyncpg."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+asyncpg://" + url.removeprefix(plain)
    return url


def _fault(loc: Iterable[str | int], told: Said) -> FieldError:
    first, *inside = map(str, loc)
    name = ".".join((PREFIX + first.upper(), *inside))
    return FieldError(name, said("%(name)s: %(told)s", name=name, told=told))


def _shape(kind: str, told: str, context: dict[str, Any]) -> Said:
    if kind in ("literal_error", "enum"):
        # As pydantic lists them: 'one', 'two' or 'three'.
        listed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return said("One of these: %(values)s.", values=listed)
    if kind in SHAPES and "%(value)s" not in SHAPES[kind]:
        return Said(SHAPES[kind], **context)
    return said("This is not valid: %(told)s.", told=told.removeprefix("Value error, ").removesuffix("."))
