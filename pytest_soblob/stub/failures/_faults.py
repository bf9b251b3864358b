"""SOAP faults of each kind, in SOAP 1.1 and 1.2."""

from collections.abc import Callable
from functools import partial
from typing import Final

from pytest_soblob.contract import Profile
from pytest_soblob.soap.messages import Fault
from pytest_soblob.stub import wcf
from pytest_soblob.stub.failures._failure import FailureContext, Knowledge, make
from pytest_soblob.wire import Delivery

_SCRIPTED: Final = "The call failed, as the test asked for."
_PROFILES: Final = {"1.1": Profile.WSDL, "1.2": Profile.SOAP12}


def _fault(fault: Fault, status: int | None = None) -> Callable[[FailureContext], Delivery]:
    def deliver(context: FailureContext) -> Delivery:
        response = context.write_fault(fault, _profile(context), status)
        return Delivery(response=response)

    return deliver


def _profile(context: FailureContext) -> Profile:
    """Return the profile of the request, or of the SOAP version that the test asks for."""
    return _PROFILES.get(context.parameters["soap"] or "", context.profile)


def _as_wcf(
    make: Callable[[FailureContext], wcf.Rejection], blames: str = "Sender"
) -> Callable[[FailureContext], Delivery]:
    """Return the fault of a .NET host, whose own code is a subcode in SOAP 1.2."""

    def deliver(context: FailureContext) -> Delivery:
        return _fault(fault_of(make(context), _profile(context), blames))(context)

    return deliver


def fault_of(rejection: wcf.Rejection, profile: Profile, blames: str = "Sender") -> Fault:
    """Return the fault for a rejection by a .NET host.

    Args:
        rejection: Rejection that has a code.
        profile: Profile with the SOAP version of the fault.
        blames: SOAP 1.2 code above a code of WCF: `Sender` or `Receiver`.
    """
    code = f"{{{rejection.namespace}}}{rejection.code}"
    if not rejection.namespace:
        return Fault(code=rejection.code, reason=rejection.text, language="en-US")
    if profile is Profile.WSDL:
        return Fault(code=code, reason=rejection.text, language="en-US")
    return Fault(code=blames, subcode=code, reason=rejection.text, language="en-US")


_failure = partial(make, group="fault", knowledge=Knowledge.REJECTED, soap=None)

FAILURES: Final = (
    _failure("fault-client", "a fault that blames the client (Client, in SOAP 1.2 Sender)",
             _fault(Fault(code="Client", reason=_SCRIPTED))),
    _failure("fault-server", "a fault that blames the server (Server, in SOAP 1.2 Receiver)",
             _fault(Fault(code="Server", reason=_SCRIPTED)), knowledge=Knowledge.UNKNOWN),
    _failure("fault-with-detail", "a fault of the server with an actor and a detail",
             _fault(Fault(code="Server", reason=_SCRIPTED, detail="Stack: none.",
                          actor="urn:a-node")), knowledge=Knowledge.UNKNOWN),
    _failure("fault-version-mismatch", "a fault that says that the SOAP version is another",
             _fault(Fault(code="VersionMismatch", reason=_SCRIPTED), 500)),
    _failure("fault-must-understand", "WCF's fault for a header block that it does not know",
             _as_wcf(lambda s: wcf.must_understand("Security", "urn:of-a-header-block"))),
    _failure("fault-action-not-supported", "WCF's fault for a SOAPAction that it does not know",
             _as_wcf(lambda s: wcf.action_not_supported(s.operation.soap_action))),
    _failure("fault-deserialization-failed", "WCF's fault for a body that it cannot read",
             _as_wcf(lambda s: wcf.deserialization_failed(
                 s.operation.name, "End element 'Body' expected.", s.operation.parts[0].name))),
    _failure("fault-internal-service", "WCF's fault for an exception that it keeps to itself",
             _as_wcf(lambda s: wcf.internal_service_fault(), "Receiver"),
             knowledge=Knowledge.UNKNOWN),
)  # fmt: skip
