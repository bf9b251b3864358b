"""Tests of a careless client. Only one passes: the one in which the server never fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import zeep.exceptions
from careless_uploader import Uploader

from pytest_soblob import ImageBytes, StubEndpoint, assert_saved

PORTRAIT = ImageBytes(format="JPEG", width=320, height=240)


@pytest.fixture
def uploader(soblob_endpoint: StubEndpoint, soblob_wsdl: Path) -> Iterator[Uploader]:
    uploader = Uploader(str(soblob_wsdl), soblob_endpoint.url, "7T:example", "example-token")
    yield uploader
    uploader.close()


def test_portrait_is_stored_and_attached(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    uploader.put_portrait(42, PORTRAIT, "Kari Nordmann")
    assert_saved(soblob_endpoint, image=PORTRAIT)
    assert soblob_endpoint.person_images == {42: 70001}


def test_blob_id_0_after_a_failed_save(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    soblob_endpoint.person_images[42] = 7
    soblob_endpoint.reply(succeeded=False, blob_id=0)
    with pytest.raises(zeep.exceptions.Fault):
        uploader.put_portrait(42, PORTRAIT, "Kari Nordmann")


def test_no_blob_id_after_a_failed_save(uploader: Uploader, soblob_endpoint: StubEndpoint) -> None:
    soblob_endpoint.person_images[42] = 7
    soblob_endpoint.reply(succeeded=False, blob_id=None)
    uploader.put_portrait(42, PORTRAIT, "Kari Nordmann")
