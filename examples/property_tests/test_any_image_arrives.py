"""Uploads arrive unchanged: real images in six formats, descriptions of all kinds."""

from typing import Any

from hypothesis import given
from zeep_client import upload

from pytest_soblob import StubEndpoint, assert_saved
from pytest_soblob import strategies as soblob_st


@soblob_st.classics()
@given(image=soblob_st.images(), description=soblob_st.descriptions())
def test_any_image_and_description_arrive_unchanged(
    soblob_endpoint: StubEndpoint, soblob_client: Any, image: bytes, description: str | None
) -> None:
    with soblob_endpoint.example():
        blob_id = upload(soblob_client, image, description)
        assert_saved(soblob_endpoint, type="PersonImage", image=image, description=description)
        assert list(soblob_endpoint.blobs) == [blob_id]
