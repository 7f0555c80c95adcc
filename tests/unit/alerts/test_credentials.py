"""The signature is Standard Webhooks' own: the library that others use signs, irm proves."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook

from irm.alerts.credentials import key_of, prove, secret_of
from irm.errors import Unauthenticated, Unavailable

NIGHT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)
KEY = b"k" * 32
BODY = b'{"specversion": "1.0"}'


def signed(secret: str, at: datetime = NIGHT) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(msg_id="msg_1", timestamp=at, data=BODY.decode()),
    }


def proves(headers: dict[str, str], *held: str, kind: str = "cloudevents", body: bytes = BODY) -> str | None:
    return prove(kind, headers, body, held, now=NIGHT, tolerance=timedelta(minutes=5))


def test_what_the_library_signs_is_taken_by_any_secret_that_is_held() -> None:
    one, other = secret_of(KEY, ONE), secret_of(KEY, OTHER)
    assert one != other
    assert secret_of(KEY, ONE) == one
    assert proves(signed(one), one) == "msg_1"
    assert proves(signed(other), one, other) == "msg_1", "a secret that was replaced lately"
    both = signed(one) | {"webhook-signature": f"v1,{b64encode(b'x' * 32).decode()} {signed(one)['webhook-signature']}"}
    assert proves(both, one) == "msg_1", "a sender that rotates signs twice"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"webhook-id": "msg_2"}, "bad_signature"),
        ({"webhook-timestamp": str(int(NIGHT.timestamp()) + 1)}, "bad_signature"),
        ({"webhook-signature": "v1a,AAAA"}, "bad_signature"),
        ({"webhook-signature": ""}, "bad_signature"),
        ({"webhook-id": ""}, "unsigned"),
        ({"webhook-timestamp": "now"}, "unsigned"),
        ({"webhook-timestamp": "9" * 12}, "unsigned"),
        ({"webhook-timestamp": "١٢٣"}, "unsigned"),
    ],
)
def test_whatever_is_changed_is_refused(change: dict[str, str], code: str) -> None:
    secret = secret_of(KEY, ONE)
    with pytest.raises(Unauthenticated) as refused:
        proves(signed(secret) | change, secret)
    assert refused.value.code == code


def test_another_body_and_another_time_are_refused() -> None:
    secret = secret_of(KEY, ONE)
    with pytest.raises(Unauthenticated):
        proves(signed(secret), secret, body=BODY + b" ")
    for minutes in (-6, 6):
        with pytest.raises(Unauthenticated) as refused:
            proves(signed(secret, NIGHT + timedelta(minutes=minutes)), secret)
        assert refused.value.code == "stale"


def test_only_who_cannot_sign_may_send_a_password() -> None:
    secret = secret_of(KEY, ONE)
    bearer = {"authorization": f"Bearer {secret}"}
    basic = {"authorization": "basic " + b64encode(f"anything:{secret}".encode()).decode()}
    for kind in ("alertmanager", "email"):
        assert proves(bearer, secret, kind=kind) is None
        assert proves(basic, secret, kind=kind) is None
    with pytest.raises(Unauthenticated):
        proves(bearer, secret)
    with pytest.raises(Unauthenticated):
        proves(bearer, kind="alertmanager")


def test_the_key_is_made_once_and_read_by_irm_alone(tmp_path: Path) -> None:
    first = key_of(tmp_path)
    assert len(first) == 32
    assert key_of(tmp_path) == first
    path = tmp_path / "keys" / "alert-sources.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    path.chmod(0o640)
    with pytest.raises(Unavailable):
        key_of(tmp_path)
