"""Hypothesis strategies for SaveImageStream: everything that they draw is right, unless it says so.

::

    from hypothesis import given
    from pytest_soblob import assert_saved, strategies as soblob_st

    @given(image=soblob_st.images(), description=soblob_st.descriptions())
    def test_arrives_unchanged(soblob_endpoint, image, description):
        with soblob_endpoint.example():
            upload(soblob_endpoint.url, image, description)
            assert_saved(soblob_endpoint, image=image, description=description)
"""

from pytest_soblob.strategies._descriptions import descriptions
from pytest_soblob.strategies._envelopes import (
    malformed_requests,
    malformed_responses,
    request_envelopes,
    response_envelopes,
)
from pytest_soblob.strategies._images import images
from pytest_soblob.strategies._messages import blob_link_types, requests, responses, tickets

__all__ = [
    "blob_link_types",
    "descriptions",
    "images",
    "malformed_requests",
    "malformed_responses",
    "request_envelopes",
    "requests",
    "response_envelopes",
    "responses",
    "tickets",
]
