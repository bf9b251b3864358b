"""A small NetServer: accounts, tickets, a clock, blobs, pictures.

It takes typed requests and returns typed responses. It knows no HTTP and no XML, and judges
nothing. Its business failures are those of a real NetServer: `Succeeded` false, and the class of an
exception. The classes exist in NetServer; which failure has which class is inferred, and the texts
are those of the kit.
"""

from pytest_soblob.stub.netserver._blobs import FIRST_BLOB_ID, Blob, blob_id_after
from pytest_soblob.stub.netserver._business_failures import (
    BUSINESS_FAILURES,
    BusinessFailure,
    failed_response,
)
from pytest_soblob.stub.netserver._clock import Clock
from pytest_soblob.stub.netserver._server import NetServer, ServiceResult, fail

__all__ = [
    "BUSINESS_FAILURES",
    "FIRST_BLOB_ID",
    "Blob",
    "BusinessFailure",
    "Clock",
    "NetServer",
    "ServiceResult",
    "blob_id_after",
    "fail",
    "failed_response",
]
