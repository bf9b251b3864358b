"""The typed messages: requests, responses and faults as frozen values, to and from envelopes.

::

    request = SaveImageStreamRequest(type="PersonImage", image=b"...", ticket="7T:...")
    data = request.to_bytes(Profile.WSDL)          # an envelope, as bytes
    http = request.to_http_request(Profile.WSDL)   # the same, with its HTTP headers

Text is exactly what the XML carries: nothing is stripped, folded or normalised. A `repr` redacts
tickets and tokens, and rebuilds the value where a strategy drew it.
"""

from pytest_soblob.messages._http import http_request_headers, to_http_response
from pytest_soblob.messages._values import (
    EXTRA,
    SECRET_ATTRIBUTES,
    ExceptionInfo,
    TimeZone,
    secrets_of,
)
from pytest_soblob.messages.fault import Fault
from pytest_soblob.messages.neighbours import (
    REQUESTS,
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    GetProjectImageRequest,
    read_request,
)
from pytest_soblob.messages.requests import Request, SaveImageStreamRequest, read_credentials
from pytest_soblob.messages.responses import (
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
    "read_request",
    "secrets_of",
    "to_http_response",
]
