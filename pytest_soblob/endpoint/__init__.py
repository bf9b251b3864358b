"""The stub: a running SOAP endpoint that judges what it gets, stores images and keeps exchanges.

::

    with StubEndpoint() as endpoint:
        upload_with_your_client(endpoint.url)
        endpoint.check()
        assert endpoint.blobs[1].image == b"..."
"""

from pytest_soblob._server import Limits
from pytest_soblob.endpoint._expectations import ExpectedCall
from pytest_soblob.endpoint._ledger import raise_unmet
from pytest_soblob.endpoint._replies import UNSET, Unset
from pytest_soblob.endpoint.stub import IN_PROCESS_URL, StubEndpoint
from pytest_soblob.netserver import Blob

__all__ = [
    "IN_PROCESS_URL",
    "UNSET",
    "Blob",
    "ExpectedCall",
    "Limits",
    "StubEndpoint",
    "Unset",
    "raise_unmet",
]
