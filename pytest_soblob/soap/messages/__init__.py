"""The typed messages: requests, responses and faults as frozen values, to and from envelopes.

::

    request = SaveImageStreamRequest(type="PersonImage", image=b"...", ticket="7T:...")
    data = request.to_bytes(Profile.WSDL)          # the envelope as bytes
    http = request.to_http_request(Profile.WSDL)   # the envelope with its HTTP headers

Text is kept exactly as in the XML: it is not stripped, folded or normalised. A `repr` redacts
tickets and tokens; that of a value drawn by a strategy rebuilds the value.
"""

from pytest_soblob.soap.messages._http import http_request_headers, to_http_response
from pytest_soblob.soap.messages._values import (
    EXTRA,
    SECRET_ATTRIBUTES,
    ExceptionInfo,
    TimeZone,
)
from pytest_soblob.soap.messages._xml_form import read_parts
from pytest_soblob.soap.messages.fault import Fault
from pytest_soblob.soap.messages.neighbours import (
    REQUESTS,
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    GetProjectImageRequest,
    read_request,
)
from pytest_soblob.soap.messages.requests import Request, SaveImageStreamRequest, read_credentials
from pytest_soblob.soap.messages.responses import (
    AuthenticateResponse,
    ImageResponse,
    Response,
    SaveImageStreamResponse,
)

__all__ = [
    "EXTRA",
    "REQUESTS",
    "SECRET_ATTRIBUTES",
    "AuthenticateResponse",
    "AuthenticateUsernamePasswordRequest",
    "ChangePersonImageRequest",
    "ChangeProjectImageRequest",
    "ExceptionInfo",
    "Fault",
    "GetBlobStreamRequest",
    "GetPersonImageRequest",
    "GetProjectImageRequest",
    "ImageResponse",
    "Request",
    "Response",
    "SaveImageStreamRequest",
    "SaveImageStreamResponse",
    "TimeZone",
    "http_request_headers",
    "read_credentials",
    "read_parts",
    "read_request",
    "to_http_response",
]
