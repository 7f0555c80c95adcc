"""WeCom, DingTalk, 专有钉钉 and Feishu as their documentation shows them, on loopback. None of it was recorded from a real service.

- WeCom: 获取access_token (developer.work.weixin.qq.com/document/path/91039), 发送应用消息 (…/path/90236),
  全局错误码 (…/path/90313): errcode, errmsg, invaliduser, unlicenseduser, msgid.
- DingTalk: 获取企业内部应用的access_token (open.dingtalk.com/document/orgapp/obtain-orgapp-token), 工作通知
  asyncsend_v2 and getsendresult (open-doc.dingtalk.com/microapp/serverapi2/pgoxpy): errcode, task_id, send_result.
- 专有钉钉: 接口调用签名 (X-Hmac-Auth-…) and 工作通知 /message/workNotification (openplatform.dg-work.cn): success, content,
  "同样的ID调用多次会提示重复"; the answers' fields beyond these are from public samples of its SDK.
- Feishu: tenant_access_token/internal and im/v1/messages (open.feishu.cn/document/server-docs): code, msg, data.message_id;
  HTTP 400 where code is not 0.
- Bots: 自定义机器人 of each of the three (…/path/91770; open.dingtalk.com/document/robots; open.feishu.cn … add-custom-bot).
"""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import new as hmac
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.fakes.gateway import Answer, HttpServer, Request

SECRET = "kept-by-the-provider-and-irm"


@dataclass
class Chat:
    """A provider on an `HttpServer`. Tokens are `token-1`, `token-2`, …; `expired`: those it does not take any more."""

    server: HttpServer
    unknown: set[str] = field(default_factory=set)
    """User ids that nobody has."""
    expired: set[str] = field(default_factory=set)
    given: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    token_answer: str = ""
    """Instead of a token."""

    def attach(self) -> "Chat":
        self.server.provider = self.answer
        return self

    def answer(self, request: Request) -> Answer | None:
        raise NotImplementedError

    def token(self, template: str) -> Answer:
        if self.token_answer:
            return Answer(body=self.token_answer)
        self.given += 1
        return Answer(body=template.replace("TOKEN", f"token-{self.given}"))

    def taken(self, request: Request) -> bool:
        """What a test wants answered otherwise is not the provider's to answer."""
        if self.server.coming:
            return False
        self.messages.append(request.json)
        return True


def query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


class WeComFake(Chat):
    def answer(self, request: Request) -> Answer | None:
        path = urlsplit(request.path).path
        if path == "/cgi-bin/gettoken":
            if query(request).get("corpsecret") != SECRET:
                return Answer(body='{"errcode": 40001, "errmsg": "invalid credential"}')
            return self.token('{"errcode": 0, "errmsg": "ok", "access_token": "TOKEN", "expires_in": 7200}')
        if query(request).get("access_token") in self.expired:
            return Answer(body='{"errcode": 42001, "errmsg": "access_token expired"}')
        if path != "/cgi-bin/message/send" or not self.taken(request):
            return None
        told = request.json["touser"]
        # "userid 不区分大小写，统一转为小写"; 81013 where nobody of all can be reached
        if told in self.unknown:
            return Answer(body=json.dumps({"errcode": 0, "errmsg": "ok", "invaliduser": told.lower(), "msgid": "m1"}))
        return Answer(body='{"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": "msgid-1"}')


class DingTalkFake(Chat):
    def answer(self, request: Request) -> Answer | None:
        path = urlsplit(request.path).path
        if path == "/gettoken":
            if query(request).get("appsecret") != SECRET:
                return Answer(body='{"errcode": 40089, "errmsg": "不合法的corpid或corpsecret"}')
            return self.token('{"errcode": 0, "access_token": "TOKEN", "errmsg": "ok", "expires_in": 7200}')
        if query(request).get("access_token") in self.expired:
            return Answer(body='{"errcode": 88, "sub_code": "40014", "sub_msg": "不合法的access_token"}')
        if path.endswith("/getsendresult"):
            lost = [self.messages[-1]["userid_list"]] if self.messages[-1]["userid_list"] in self.unknown else []
            result = {"invalid_user_id_list": lost, "forbidden_user_id_list": [], "failed_user_id_list": []}
            return Answer(body=json.dumps({"errcode": 0, "errmsg": "ok", "send_result": result}))
        if not path.endswith("/asyncsend_v2") or not self.taken(request):
            return None
        return Answer(body='{"errcode": 0, "errmsg": "ok", "task_id": 456}')


class FeishuFake(Chat):
    def answer(self, request: Request) -> Answer | None:
        path = urlsplit(request.path).path
        if path == "/open-apis/auth/v3/tenant_access_token/internal":
            if request.json["app_secret"] != SECRET:
                return Answer(body='{"code": 10014, "msg": "app secret invalid"}')
            return self.token('{"code": 0, "msg": "ok", "tenant_access_token": "TOKEN", "expire": 7200}')
        if request.headers.get("authorization", "").removeprefix("Bearer ") in self.expired:
            return Answer(status=400, body='{"code": 99991663, "msg": "Invalid access token for authorization."}')
        if path != "/open-apis/im/v1/messages" or not self.taken(request):
            return None
        if request.json["receive_id"] in self.unknown:
            return Answer(status=400, body='{"code": 230013, "msg": "Bot has NO availability to this user."}')
        return Answer(body='{"code": 0, "msg": "success", "data": {"message_id": "om_1"}}')


class GovernmentDingTalkFake(Chat):
    """Takes no form whose signature is not its own reckoning of it; an id that it has had it names 重复."""

    def answer(self, request: Request) -> Answer | None:
        form = dict(parse_qsl(request.body.decode()))
        told = request.headers
        signed = "&".join(f"{name}={form[name]}" for name in sorted(form))
        text = f"POST\n{told['x-hmac-auth-timestamp']}\n{told['x-hmac-auth-nonce']}\n{request.path}\n{signed}"
        proof = b64encode(hmac(SECRET.encode(), text.encode(), sha256).digest()).decode()
        if proof != told["x-hmac-auth-signature"]:
            return Answer(body='{"success": false, "bizErrorCode": "GW-401", "errorMsg": "签名校验失败"}')
        if self.server.coming:
            return None
        if form["bizMsgId"] in {one["bizMsgId"] for one in self.messages}:
            return Answer(body='{"success": false, "content": null, "errorMsg": "bizMsgId重复"}')
        if form["receiverIds"] in self.unknown:
            return Answer(body='{"success": true, "content": {"success": false, "responseMessage": "接收人不存在"}}')
        self.messages.append(form | {"msg": json.loads(form["msg"])})
        return Answer(body='{"success": true, "content": {"success": true, "data": {"msgId": "m-1"}}}')
