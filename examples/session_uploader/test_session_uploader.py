"""Tests of a session: an expired ticket, missing rights, a wrong password."""

from collections.abc import Iterator

import pytest
from session_uploader import Uploader, UploadError

from pytest_soblob import ExpectedCall, ImageBytes, StubEndpoint, assert_saved

PORTRAIT = ImageBytes(format="JPEG", width=320, height=240)
LOG_IN = ExpectedCall("AuthenticateUsernamePassword")


def new_uploader(endpoint: StubEndpoint, password: str = "example-password") -> Uploader:
    address = endpoint.url.removesuffix("/BLOB.svc")
    return Uploader(address, "ada", password, "example-token")


@pytest.fixture
def uploader(soblob_endpoint: StubEndpoint) -> Iterator[Uploader]:
    uploader = new_uploader(soblob_endpoint)
    yield uploader
    uploader.close()


def test_one_ticket_is_enough_for_many_images(
    uploader: Uploader, soblob_endpoint: StubEndpoint
) -> None:
    soblob_endpoint.expect_calls(LOG_IN, ExpectedCall(times=3), in_order=True)
    saved = [uploader.save(PORTRAIT, f"Kari {number}") for number in range(3)]
    assert saved == [blob.id for blob in soblob_endpoint.blobs.values()]


def test_an_expired_ticket_is_renewed_and_the_image_stored_once(
    uploader: Uploader, soblob_endpoint: StubEndpoint
) -> None:
    uploader.save(PORTRAIT, "before")
    soblob_endpoint.clock.advance(hours=7)
    uploader.save(PORTRAIT, "Kari Nordmann")
    assert_saved(soblob_endpoint, image=PORTRAIT, description="Kari Nordmann", count=1)
    assert soblob_endpoint.orphans == []
    said = [exchange.operation for exchange in soblob_endpoint.exchanges[2:]]
    assert said == ["SaveImageStream", "AuthenticateUsernamePassword", "SaveImageStream"]


def test_missing_rights_are_not_retried(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    soblob_endpoint.fail("no-rights")
    soblob_endpoint.expect_calls(LOG_IN, ExpectedCall(times=1))
    with pytest.raises(UploadError, match="no right"):
        uploader.save(PORTRAIT, "Kari Nordmann")


def test_a_wrong_password_is_raised(soblob_endpoint: StubEndpoint) -> None:
    uploader = new_uploader(soblob_endpoint, "wrong")
    with pytest.raises(UploadError, match="password is wrong"):
        uploader.save(PORTRAIT, "Kari Nordmann")
    uploader.close()
    assert_saved(soblob_endpoint, count=0)
