"""The stub: a running SOAP endpoint that judges what it gets, stores images and keeps exchanges.

::

    with StubEndpoint() as endpoint:
        upload_with_your_client(endpoint.url)
        endpoint.check()
        assert endpoint.blobs[70001].image == b"..."
"""

from pytest_soblob._http.server import Limits
from pytest_soblob.stub.endpoint._expected_calls import ExpectedCall
from pytest_soblob.stub.endpoint._ledger import raise_unmet
from pytest_soblob.stub.endpoint._listener import IN_PROCESS_URL
from pytest_soblob.stub.endpoint._replies import UNSET, Unset
from pytest_soblob.stub.endpoint.stub import StubEndpoint
from pytest_soblob.stub.netserver import Blob

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
