"""Tests of a client that retries blindly. They all fail, though the client raises nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from careless_session import Uploader

from pytest_soblob import ImageBytes, StubEndpoint

PORTRAIT = ImageBytes(format="JPEG", width=320, height=240)


@pytest.fixture
def uploader(soblob_endpoint: StubEndpoint, soblob_wsdl: Path) -> Iterator[Uploader]:
    uploader = Uploader(str(soblob_wsdl), soblob_endpoint.url, "7T:example", "example-token")
    yield uploader
    uploader.close()


def test_an_expired_ticket_is_used_on(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    uploader.save(PORTRAIT, "before")
    soblob_endpoint.clock.advance(hours=7)
    assert uploader.save(PORTRAIT, "Kari Nordmann") is None


def test_what_is_refused_is_sent_again_and_again(
    uploader: Uploader, soblob_endpoint: StubEndpoint
) -> None:
    soblob_endpoint.fail("no-licence", times=None)
    assert uploader.save(PORTRAIT, "Kari Nordmann") is None


def test_what_is_stored_already_is_sent_again(
    uploader: Uploader, soblob_endpoint: StubEndpoint
) -> None:
    soblob_endpoint.fail("saved-but-fault")
    assert uploader.save(PORTRAIT, "Kari Nordmann") == 70008
    assert soblob_endpoint.orphans == []
