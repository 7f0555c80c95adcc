"""The incident room's small city, and an incident in it with a file."""

from tests.feature.incidents.conftest import City, city, filing

__all__ = ["City", "city", "filing"]
