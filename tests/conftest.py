import os
from pathlib import Path

# pytester forgets what an inner run imported. C extensions and libraries whose parts know each
# other must not be imported twice, so they are imported here, once.
import lxml.etree
import PIL.Image
import pytest
import requests
import zeep
from hypothesis import HealthCheck, settings

__all__ = ["PIL", "lxml", "requests", "zeep"]

pytest_plugins = ["pytester"]

settings.register_profile("dev", deadline=None)
# Derandomised, so that a red run is red again; a slow machine is no failing health check.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The project's root."""
    return ROOT
