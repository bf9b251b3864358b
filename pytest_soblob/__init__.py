"""Contract tests for SuperOffice NetServer's SaveImageStream: stub, judge and generator.

::

    def test_upload(soblob_endpoint):
        upload(url=soblob_endpoint.url, image=PNG, description="Portrait")   # your client
        assert_saved(soblob_endpoint, image=PNG, description="Portrait")

Names are loaded when they are first used: pytest imports this package in every run, and a run
that uses none of it pays for none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_soblob.accounts import Account, Right
    from pytest_soblob.assertions import (
        assert_saved,
        assert_valid_request,
        assert_valid_response,
    )
    from pytest_soblob.contract import BlobLinkType, Installation, Profile
    from pytest_soblob.endpoint import Blob, ExpectedCall, Limits, StubEndpoint
    from pytest_soblob.errors import ContractViolationError, SoblobError
    from pytest_soblob.exchange import Exchange
    from pytest_soblob.images import ImageBytes
    from pytest_soblob.messages import (
        ExceptionInfo,
        Fault,
        SaveImageStreamRequest,
        SaveImageStreamResponse,
        TimeZone,
    )
    from pytest_soblob.settings import SoblobSettings, WcfHost
    from pytest_soblob.validators import EnvelopeValidator
    from pytest_soblob.violations import Rule, Severity, Violation
    from pytest_soblob.wire import HttpRequest, HttpResponse

_HOMES = {
    "Account": "accounts",
    "Right": "accounts",
    "BlobLinkType": "contract",
    "Profile": "contract",
    "Installation": "contract",
    "SaveImageStreamRequest": "messages",
    "SaveImageStreamResponse": "messages",
    "Fault": "messages",
    "ExceptionInfo": "messages",
    "TimeZone": "messages",
    "Violation": "violations",
    "Rule": "violations",
    "Severity": "violations",
    "HttpRequest": "wire",
    "HttpResponse": "wire",
    "Exchange": "exchange",
    "Blob": "endpoint",
    "ExpectedCall": "endpoint",
    "Limits": "endpoint",
    "ImageBytes": "images",
    "SoblobSettings": "settings",
    "WcfHost": "settings",
    "EnvelopeValidator": "validators",
    "ContractViolationError": "errors",
    "SoblobError": "errors",
    "assert_valid_request": "assertions",
    "assert_valid_response": "assertions",
    "assert_saved": "assertions",
    "StubEndpoint": "endpoint",
}

__all__ = [
    "Account",
    "Blob",
    "BlobLinkType",
    "ContractViolationError",
    "EnvelopeValidator",
    "ExceptionInfo",
    "Exchange",
    "ExpectedCall",
    "Fault",
    "HttpRequest",
    "HttpResponse",
    "ImageBytes",
    "Installation",
    "Limits",
    "Profile",
    "Right",
    "Rule",
    "SaveImageStreamRequest",
    "SaveImageStreamResponse",
    "Severity",
    "SoblobError",
    "SoblobSettings",
    "StubEndpoint",
    "TimeZone",
    "Violation",
    "WcfHost",
    "assert_saved",
    "assert_valid_request",
    "assert_valid_response",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not kept here: pytester forgets modules, and a class must be the one that its module has now.
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
