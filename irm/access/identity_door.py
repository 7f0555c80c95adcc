"""The identity provider that this web process asks, if the city named one."""

from typing import Final

from litestar import Litestar

from irm.access.oidc_metadata import Client, client_of
from irm.access.oidc_provider import Provider

STATE: Final = "identity_provider"


def provider_of(app: Litestar) -> Provider | None:
    """None: the city named none, or what it named cannot be followed (`irm doctor` says why)."""
    if STATE not in app.state:
        client = client_of(app.state.settings)
        app.state[STATE] = Provider(client) if isinstance(client, Client) else None
    found: Provider | None = app.state[STATE]
    return found
