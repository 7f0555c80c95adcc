"""A city that sends by 阿里云 or 腾讯云: limits of one number, replies and receipts in the providers' own forms."""

from typing import Any, Final

import httpx
import pytest
from pydantic import SecretStr

from irm.config import Settings
from irm.db import Database
from irm.notify import providers
from irm.notify.circuit import Standing
from tests.conftest import Drain
from tests.fakes.chat import SECRET as KEY_SECRET
from tests.fakes.clouds import KEY_ID, AliyunFake, Cloud, TencentFake, refused
from tests.fakes.outside import SECRET, Outside
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels")

FAKES: Final[dict[str, type[Cloud]]] = {"aliyun": AliyunFake, "tencent": TencentFake}


@pytest.fixture(params=FAKES)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cloud(provider: str, outside: Outside) -> Cloud:
    return FAKES[provider](outside.gateway).attach()


@pytest.fixture
def settings(settings: Settings, outside: Outside, provider: str) -> Settings:
    account: dict[str, Any] = {"sms_signature": "示例市政务云"}
    for kind in ("sms", "voice"):
        values: dict[str, Any] = {"provider": provider, "url": outside.gateway.url(""), "key_id": KEY_ID}
        values |= {"key_secret": SecretStr(KEY_SECRET), "app_id": "1400006666", "secret": SecretStr(SECRET)}
        values |= {"codes": {"page": "T_1"}, "params": {"number": "{number}", "code": "{code}"}}
        account |= {f"{kind}_{name}": value for name, value in values.items()}
    return outside.settings(settings).model_copy(update=account)


@pytest.fixture
def outside(outside: Outside) -> Any:
    """What the clouds are asked, their fakes tell; the gateway's own list is not looked at."""
    yield outside
    outside.expect.forget()


async def told(client: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/{path}?key={SECRET}", json=body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_a_limit_of_one_number_keeps_nobody_elses_page_back(
    night: Night, cloud: Cloud, drain: Drain, db: Database, provider: str
) -> None:
    limit = {
        "aliyun": '{"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控Permits:1", "RequestId": "1"}',
        "tencent": refused("LimitExceeded.PhoneNumberThirtySecondLimit"),
    }[provider]
    for step in range(6):
        cloud.server.will(body=limit)
        await night.page(step=f"step-{step}")
        await drain()
    assert {each.attempts[0].outcome for each in await night.deliveries()} == {"failed"}
    async with db.transaction() as tx:
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.CLOSED
