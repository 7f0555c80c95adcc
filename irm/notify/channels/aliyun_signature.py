"""Request signature V3 of 阿里云 (ACS3-HMAC-SHA256) for interfaces in RPC style: everything stands in the query. Pure.

Source: 阿里云《V3版本请求体&签名机制》(help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature).
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlsplit

ALGORITHM: Final = "ACS3-HMAC-SHA256"


def signed(
    endpoint: str,
    query: Mapping[str, str],
    *,
    action: str,
    version: str,
    key_id: str,
    key_secret: str,
    at: datetime,
    nonce: str,
) -> tuple[str, dict[str, str]]:
    """Address and headers of a POST without a body. A query of the endpoint's own is left out: it would not be signed.

    The provider takes it for 15 minutes from `at`, and each `nonce` once.
    """
    asked = urlsplit(endpoint)
    path, text = asked.path or "/", canonical(query)
    digest = sha256(b"").hexdigest()
    headers = {
        "host": asked.netloc,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n{path}\n{text}\n{lines}\n{names}\n{digest}"
    to_sign = f"{ALGORITHM}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(key_secret.encode(), to_sign.encode(), sha256).hex()
    told = f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    return f"{asked.scheme}://{asked.netloc}{path}?{text}", {**headers, "authorization": told}


def canonical(query: Mapping[str, str]) -> str:
    """Sorted by name, encoded as RFC 3986 says: what is signed is what is sent."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))
