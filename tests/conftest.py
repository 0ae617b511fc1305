"""What all tests share: real servers, and a real PostgreSQL."""

import hypothesis
import pytest

import tmfserver.http  # noqa: F401 before Connexion, whose imports warn

pytest_plugins = ["tests.postgres", "tests.serving"]

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile(
    "patient",
    hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that none of them is what all wait for at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
