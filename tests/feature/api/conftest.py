from collections.abc import Iterator

import pytest

from tests.feature.api.served import Served, served_city
from tests.server import Server


@pytest.fixture(scope="session")
def city(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all that is asked over the wire: it lives a whole year first. Whoever uses it leaves much behind."""
    with served_city(server, tmp_path_factory.mktemp("api")) as made:
        yield made
