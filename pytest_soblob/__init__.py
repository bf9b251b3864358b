"""Contract tests for SuperOffice NetServer's SaveImageStream: stub, judge and generator.

::

    def test_upload(soblob_endpoint):
        upload(url=soblob_endpoint.url, image=PNG, description="Portrait")   # your client
        assert_saved(soblob_endpoint, image=PNG, description="Portrait")

Names are loaded when they are first used, because pytest imports this package in every run: a run
that does not use the kit does not load it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_soblob.accounts import (
        Account as Account,
    )
    from pytest_soblob.accounts import (
        Right as Right,
    )
    from pytest_soblob.assertions import (
        assert_saved as assert_saved,
    )
    from pytest_soblob.assertions import (
        assert_valid_request as assert_valid_request,
    )
    from pytest_soblob.assertions import (
        assert_valid_response as assert_valid_response,
    )
    from pytest_soblob.certificates import (
        Authority as Authority,
    )
    from pytest_soblob.conformance import (
        assert_wsdl_compatible as assert_wsdl_compatible,
    )
    from pytest_soblob.conformance.providers.provider import (
        Provider as Provider,
    )
    from pytest_soblob.contract import (
        BlobLinkType as BlobLinkType,
    )
    from pytest_soblob.contract import (
        Installation as Installation,
    )
    from pytest_soblob.contract import (
        Profile as Profile,
    )
    from pytest_soblob.errors import (
        ContractViolationError as ContractViolationError,
    )
    from pytest_soblob.errors import (
        SoblobDeprecationWarning as SoblobDeprecationWarning,
    )
    from pytest_soblob.errors import (
        SoblobError as SoblobError,
    )
    from pytest_soblob.generate.serialization import (
        Serialization as Serialization,
    )
    from pytest_soblob.generate.specimens import (
        EnvelopeBytes as EnvelopeBytes,
    )
    from pytest_soblob.generate.specimens import (
        MalformedBytes as MalformedBytes,
    )
    from pytest_soblob.images.damage import (
        DamagedBytes as DamagedBytes,
    )
    from pytest_soblob.images.encoding import (
        ImageBytes as ImageBytes,
    )
    from pytest_soblob.images.encoding import (
        ImageSpec as ImageSpec,
    )
    from pytest_soblob.judge.severities import (
        Severities as Severities,
    )
    from pytest_soblob.judge.validators import (
        EnvelopeValidator as EnvelopeValidator,
    )
    from pytest_soblob.judge.violations import (
        Rule as Rule,
    )
    from pytest_soblob.judge.violations import (
        Severity as Severity,
    )
    from pytest_soblob.judge.violations import (
        Verdict as Verdict,
    )
    from pytest_soblob.judge.violations import (
        Violation as Violation,
    )
    from pytest_soblob.settings import (
        SoblobSettings as SoblobSettings,
    )
    from pytest_soblob.settings import (
        WcfHost as WcfHost,
    )
    from pytest_soblob.soap.binding import (
        Spelling as Spelling,
    )
    from pytest_soblob.soap.messages import (
        AuthenticateResponse as AuthenticateResponse,
    )
    from pytest_soblob.soap.messages import (
        AuthenticateUsernamePasswordRequest as AuthenticateUsernamePasswordRequest,
    )
    from pytest_soblob.soap.messages import (
        ChangePersonImageRequest as ChangePersonImageRequest,
    )
    from pytest_soblob.soap.messages import (
        ChangeProjectImageRequest as ChangeProjectImageRequest,
    )
    from pytest_soblob.soap.messages import (
        ExceptionInfo as ExceptionInfo,
    )
    from pytest_soblob.soap.messages import (
        Fault as Fault,
    )
    from pytest_soblob.soap.messages import (
        GetBlobStreamRequest as GetBlobStreamRequest,
    )
    from pytest_soblob.soap.messages import (
        GetPersonImageRequest as GetPersonImageRequest,
    )
    from pytest_soblob.soap.messages import (
        GetProjectImageRequest as GetProjectImageRequest,
    )
    from pytest_soblob.soap.messages import (
        SaveImageStreamRequest as SaveImageStreamRequest,
    )
    from pytest_soblob.soap.messages import (
        SaveImageStreamResponse as SaveImageStreamResponse,
    )
    from pytest_soblob.soap.messages import (
        TimeZone as TimeZone,
    )
    from pytest_soblob.stub.endpoint import (
        Blob as Blob,
    )
    from pytest_soblob.stub.endpoint import (
        ExpectedCall as ExpectedCall,
    )
    from pytest_soblob.stub.endpoint import (
        Limits as Limits,
    )
    from pytest_soblob.stub.endpoint import (
        StubEndpoint as StubEndpoint,
    )
    from pytest_soblob.stub.exchange import (
        Exchange as Exchange,
    )
    from pytest_soblob.wire import (
        HttpRequest as HttpRequest,
    )
    from pytest_soblob.wire import (
        HttpResponse as HttpResponse,
    )

    __version__: str

# Public name: the module that defines it.
_HOMES = {
    "Account": "accounts",
    "Right": "accounts",
    "assert_saved": "assertions",
    "assert_valid_request": "assertions",
    "assert_valid_response": "assertions",
    "Authority": "certificates",
    "assert_wsdl_compatible": "conformance",
    "Provider": "conformance.providers.provider",
    "BlobLinkType": "contract",
    "Installation": "contract",
    "Profile": "contract",
    "ContractViolationError": "errors",
    "SoblobDeprecationWarning": "errors",
    "SoblobError": "errors",
    "Serialization": "generate.serialization",
    "EnvelopeBytes": "generate.specimens",
    "MalformedBytes": "generate.specimens",
    "DamagedBytes": "images.damage",
    "ImageBytes": "images.encoding",
    "ImageSpec": "images.encoding",
    "Severities": "judge.severities",
    "EnvelopeValidator": "judge.validators",
    "Rule": "judge.violations",
    "Severity": "judge.violations",
    "Verdict": "judge.violations",
    "Violation": "judge.violations",
    "SoblobSettings": "settings",
    "WcfHost": "settings",
    "Spelling": "soap.binding",
    "AuthenticateResponse": "soap.messages",
    "AuthenticateUsernamePasswordRequest": "soap.messages",
    "ChangePersonImageRequest": "soap.messages",
    "ChangeProjectImageRequest": "soap.messages",
    "ExceptionInfo": "soap.messages",
    "Fault": "soap.messages",
    "GetBlobStreamRequest": "soap.messages",
    "GetPersonImageRequest": "soap.messages",
    "GetProjectImageRequest": "soap.messages",
    "SaveImageStreamRequest": "soap.messages",
    "SaveImageStreamResponse": "soap.messages",
    "TimeZone": "soap.messages",
    "Blob": "stub.endpoint",
    "ExpectedCall": "stub.endpoint",
    "Limits": "stub.endpoint",
    "StubEndpoint": "stub.endpoint",
    "Exchange": "stub.exchange",
    "HttpRequest": "wire",
    "HttpResponse": "wire",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 -- the names are listed once


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("pytest-soblob")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not cached: pytester imports modules anew, and the class must be that of the current module.
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
