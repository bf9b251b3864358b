import pytest

from pytest_soblob import Account, SoblobSettings


@pytest.fixture(scope="session")
def soblob_settings() -> SoblobSettings:
    """An Online installation with one user and one application."""
    return SoblobSettings(
        installation="online",
        application_tokens=("example-token",),
        accounts=(Account(user="ada", password="example-password"),),
    )
