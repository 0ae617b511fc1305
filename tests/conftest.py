"""What all tests share: real servers, and a real PostgreSQL."""

import tmfserver.http  # noqa: F401 before Connexion, whose imports warn

pytest_plugins = ["tests.postgres", "tests.serving"]
