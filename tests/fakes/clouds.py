"""阿里云 and 腾讯云 as their documentation shows them, on loopback: SMS and calls. None of it was recorded from a real service.

- 阿里云: SendSms (help.aliyun.com/document_detail/419273), SingleCallByTts (…/55315), IvrCall (…/114037), V3版本请求体&签名机制:
  Code, Message, BizId or CallId; a signature that does not fit is a 400 with SignatureDoesNotMatch.
- 腾讯云: SendSms (cloud.tencent.com/document/product/382/55981), SendTtsVoice (…/1128/51558), 签名方法 v3
  (…/document/api/213/30654): Response.SendStatusSet or Response.SendStatus; Response.Error with HTTP 200.

Both reckon the signature anew from what they got, and take nothing that is signed otherwise.
"""

import hmac
import json
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tests.fakes.chat import SECRET
from tests.fakes.gateway import Answer, HttpServer, Request

KEY_ID = "key-id-1"
NUMBER = "900619746936498440^0"
SERIAL = "5000:1045710669157053657849499619"


@dataclass
class Cloud:
    server: HttpServer
    messages: list[dict[str, Any]] = field(default_factory=list)
    """What was taken: the action with its parameters."""

    def attach(self) -> "Cloud":
        self.server.provider = self.answer
        return self

    def answer(self, request: Request) -> Answer | None:
        raise NotImplementedError


class AliyunFake(Cloud):
    def answer(self, request: Request) -> Answer | None:
        """What a test wants answered otherwise is not the provider's to answer, but for a signature that is wrong."""
        headers, asked = request.headers, urlsplit(request.path)
        told = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=(.+),SignedHeaders=(.+),Signature=([0-9a-f]{64})", headers["authorization"]
        )
        assert told, headers["authorization"]
        names = told[2].split(";")
        assert {"host", *(name for name in headers if name.startswith("x-acs-"))} == set(names)
        query = sorted(parse_qsl(asked.query, keep_blank_values=True))
        canonical = [
            "POST",
            asked.path,
            "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            told[2],
            sha256(request.body).hexdigest(),
        ]
        text = "ACS3-HMAC-SHA256\n" + sha256("\n".join(canonical).encode()).hexdigest()
        if told[1] != KEY_ID or told[3] != hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest():
            body = {"Code": "SignatureDoesNotMatch", "Message": f"server string is {text}", "RequestId": "1"}
            return Answer(status=400, body=json.dumps(body))
        if self.server.coming:
            return None
        self.messages.append({"Action": headers["x-acs-action"], "Version": headers["x-acs-version"], **dict(query)})
        number = "BizId" if headers["x-acs-action"] == "SendSms" else "CallId"
        return Answer(body=json.dumps({"Message": "OK", "RequestId": "873043ac", "Code": "OK", number: NUMBER}))


class TencentFake(Cloud):
    def answer(self, request: Request) -> Answer | None:
        headers = request.headers
        told = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=(.+?)/(.+), SignedHeaders=(.+), Signature=([0-9a-f]{64})",
            headers["authorization"],
        )
        assert told, headers["authorization"]
        day, service, _ = told[2].split("/")
        lines = "".join(f"{name}:{headers[name].lower()}\n" for name in told[3].split(";"))
        canonical = f"POST\n/\n\n{lines}\n{told[3]}\n{sha256(request.body).hexdigest()}"
        text = f"TC3-HMAC-SHA256\n{headers['x-tc-timestamp']}\n{told[2]}\n{sha256(canonical.encode()).hexdigest()}"
        key = f"TC3{SECRET}".encode()
        for part in (day, service, "tc3_request"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        if told[1] != KEY_ID or told[4] != hmac.new(key, text.encode(), "sha256").hexdigest():
            return Answer(body=refused("AuthFailure.SignatureFailure"))
        if self.server.coming:
            return None
        said = request.json
        self.messages.append({"Action": headers["x-tc-action"], "Version": headers["x-tc-version"], **said})
        if headers["x-tc-action"] == "SendTtsVoice":
            return Answer(body=called(said["SessionContext"]))
        return Answer(body=taken(said["PhoneNumberSet"][0], said["SessionContext"]))


def refused(code: str, message: str = "") -> str:
    return json.dumps({"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "ed93f3cb"}})


def taken(number: str, context: str, code: str = "Ok", message: str = "send success") -> str:
    status = {"SerialNo": SERIAL, "PhoneNumber": number, "Fee": 1, "SessionContext": context, "IsoCode": "CN"}
    return json.dumps(
        {"Response": {"SendStatusSet": [{**status, "Code": code, "Message": message}], "RequestId": "a0aabda6"}}
    )


def called(context: str) -> str:
    return json.dumps({"Response": {"SendStatus": {"CallId": "v-1", "SessionContext": context}, "RequestId": "b1"}})
