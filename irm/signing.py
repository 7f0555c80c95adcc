"""The one signature of whatever irm posts to another system: Standard Webhooks. Pure."""

from datetime import datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook as Signer


def signed(name: str, at: datetime, body: bytes, secret: str) -> dict[str, str]:
    """The headers of a signed message. `name` stays the same however often it is sent, `at` is the moment of sending.

    Raises ValueError, without the secret, for one that is not base64.
    """
    try:
        signature = Signer(secret).sign(msg_id=name, timestamp=at, data=body.decode())
    except (ValueError, EmptyWebhookSecretError):
        text = "not a base64 secret"
        raise ValueError(text) from None
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
