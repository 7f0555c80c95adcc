"""Request signature v3 of 腾讯云 (TC3-HMAC-SHA256) for a POST of JSON. Pure.

Source: 腾讯云《签名方法 v3》(cloud.tencent.com/document/api/213/30654).
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

ALGORITHM: Final = "TC3-HMAC-SHA256"
JSON: Final = "application/json; charset=utf-8"


def signed(
    endpoint: str,
    body: bytes,
    *,
    service: str,
    action: str,
    version: str,
    region: str,
    key_id: str,
    key_secret: str,
    at: datetime,
) -> dict[str, str]:
    """Headers of the request, which the provider takes for five minutes from `at`. The endpoint has no path: the provider
    reckons with `/`."""
    host, moment = urlsplit(endpoint).netloc, int(at.timestamp())
    names = "content-type;host;x-tc-action"
    lines = f"content-type:{JSON}\nhost:{host}\nx-tc-action:{action.lower()}\n"
    request = "\n".join(("POST", "/", "", lines, names, sha256(body).hexdigest()))
    day = at.astimezone(UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    to_sign = "\n".join((ALGORITHM, str(moment), scope, sha256(request.encode()).hexdigest()))
    key = f"TC3{key_secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), sha256)
    signature = hmac.digest(key, to_sign.encode(), sha256).hex()
    return {
        "authorization": f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}",
        "content-type": JSON,
        "host": host,
        "x-tc-action": action,
        "x-tc-timestamp": str(moment),
        "x-tc-version": version,
        "x-tc-region": region,
    }
