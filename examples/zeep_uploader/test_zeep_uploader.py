"""Tests of the uploader: what it sends, and how it reacts to each answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import zeep.exceptions
from zeep_uploader import Uploader, UploadError

from pytest_soblob import ExceptionInfo, Fault, ImageBytes, StubEndpoint, assert_saved

PORTRAIT = ImageBytes(format="JPEG", width=320, height=240, noise=40)


@pytest.fixture
def uploader(soblob_endpoint: StubEndpoint, soblob_wsdl: Path) -> Iterator[Uploader]:
    uploader = Uploader(str(soblob_wsdl), soblob_endpoint.url, "7T:example", "example-token")
    yield uploader
    uploader.close()


def test_portrait_is_stored_and_attached(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    blob_id = uploader.put_portrait(42, PORTRAIT, "Kari Nordmann, 2026")
    assert_saved(
        soblob_endpoint, type="PersonImage", image=PORTRAIT, description="Kari Nordmann, 2026"
    )
    assert soblob_endpoint.person_images == {42: blob_id}


@pytest.mark.parametrize("blob_id", [0, None])
def test_a_failed_save_leaves_the_old_picture_alone(
    uploader: Uploader, soblob_endpoint: StubEndpoint, blob_id: int | None
) -> None:
    soblob_endpoint.person_images[42] = 7
    soblob_endpoint.reply(
        succeeded=False, blob_id=blob_id, exception_info=ExceptionInfo(message="No rights.")
    )
    with pytest.raises(UploadError, match="No rights"):
        uploader.put_portrait(42, PORTRAIT, "Kari Nordmann")
    assert soblob_endpoint.person_images == {42: 7}
    assert_saved(soblob_endpoint, count=0)


def test_a_blob_id_of_0_is_not_attached(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    soblob_endpoint.reply(blob_id=0, succeeded=True)
    with pytest.raises(UploadError, match="blob id 0"):
        uploader.put_portrait(42, PORTRAIT, "Kari Nordmann")


def test_a_fault_is_raised(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    soblob_endpoint.reply(fault=Fault(code="Server", reason="Out of order."))
    with pytest.raises(zeep.exceptions.Fault, match="Out of order"):
        uploader.put_portrait(42, PORTRAIT, "Kari Nordmann")


def test_a_closed_connection_is_raised(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    soblob_endpoint.reply(close=True)
    with pytest.raises(requests.ConnectionError):
        uploader.put_portrait(42, PORTRAIT, "Kari Nordmann")
