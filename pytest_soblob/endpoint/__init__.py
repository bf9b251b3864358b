"""The stub: a running SOAP endpoint that judges what it gets, stores images and keeps exchanges.

::

    with StubEndpoint() as endpoint:
        upload_with_your_client(endpoint.url)
        endpoint.check()
        assert endpoint.blobs[1].image == b"..."
"""

from pytest_soblob.endpoint._view import Blob
from pytest_soblob.endpoint.stub import StubEndpoint

__all__ = ["Blob", "StubEndpoint"]
