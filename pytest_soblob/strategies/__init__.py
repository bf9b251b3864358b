"""Hypothesis strategies for SaveImageStream: everything that they draw is right, unless it says so.

::

    from hypothesis import given
    from pytest_soblob import assert_saved, strategies as soblob_st

    @soblob_st.classics()
    @given(image=soblob_st.images(), description=soblob_st.descriptions())
    def test_arrives_unchanged(soblob_endpoint, image, description):
        with soblob_endpoint.example():
            blob_id = upload(soblob_endpoint.url, image, description)
            assert_saved(soblob_endpoint, type="PersonImage", image=image, description=description)
            assert list(soblob_endpoint.blobs) == [blob_id]
"""

from pytest_soblob.strategies._classics import classics
from pytest_soblob.strategies._descriptions import descriptions
from pytest_soblob.strategies._envelopes import request_envelopes, response_envelopes
from pytest_soblob.strategies._images import damaged_images, images
from pytest_soblob.strategies._malformed import (
    malformed_requests,
    malformed_responses,
    malformed_rules,
)
from pytest_soblob.strategies._messages import blob_link_types, requests, responses, tickets
from pytest_soblob.strategies._spellings import spellings
from pytest_soblob.strategies._types import register

__all__ = [
    "blob_link_types",
    "classics",
    "damaged_images",
    "descriptions",
    "images",
    "malformed_requests",
    "malformed_responses",
    "malformed_rules",
    "request_envelopes",
    "requests",
    "response_envelopes",
    "responses",
    "spellings",
    "tickets",
]

register()  # for `from_type`
