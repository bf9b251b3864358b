"""SOAP faults, of each shape, 1.1 and 1.2."""

from collections.abc import Callable
from functools import partial
from typing import Final

from pytest_soblob import wcf
from pytest_soblob.contract import Profile
from pytest_soblob.failures._failure import Knowledge, Situation, make
from pytest_soblob.messages import Fault
from pytest_soblob.wire import Delivery

_SCRIPTED: Final = "The call failed, as the test asked for."
_PROFILES: Final = {"1.1": Profile.WSDL, "1.2": Profile.SOAP12}


def _fault(fault: Fault, status: int | None = None) -> Callable[[Situation], Delivery]:
    def deliver(situation: Situation) -> Delivery:
        response = situation.write_fault(fault, _profile(situation), status)
        return Delivery(response=response)

    return deliver


def _profile(situation: Situation) -> Profile:
    """The form of the request, or that of the SOAP version which a test asks for."""
    return _PROFILES.get(situation.parameters["soap"] or "", situation.profile)


def _as_wcf(
    make: Callable[[Situation], wcf.Refusal], blames: str = "Sender"
) -> Callable[[Situation], Delivery]:
    """The fault of a .NET host: its own code, which in SOAP 1.2 is a subcode."""

    def deliver(situation: Situation) -> Delivery:
        return _fault(fault_of(make(situation), _profile(situation), blames))(situation)

    return deliver


def fault_of(refusal: wcf.Refusal, profile: Profile, blames: str = "Sender") -> Fault:
    """Return what a .NET host refuses as a fault of ours.

    Args:
        refusal: With a code.
        profile: Whose SOAP version it is in.
        blames: The code of SOAP 1.2 above a code of WCF's own: `Sender` or `Receiver`.
    """
    code = f"{{{refusal.namespace}}}{refusal.code}"
    if not refusal.namespace:
        return Fault(code=refusal.code, reason=refusal.text, language="en-US")
    if profile is Profile.WSDL:
        return Fault(code=code, reason=refusal.text, language="en-US")
    return Fault(code=blames, subcode=code, reason=refusal.text, language="en-US")


_failure = partial(make, group="fault", knowledge=Knowledge.DECLINED, soap=None)

FAILURES: Final = (
    _failure("fault-client", "a fault that blames the client (Client, in SOAP 1.2 Sender)",
             _fault(Fault(code="Client", reason=_SCRIPTED))),
    _failure("fault-server", "a fault that blames the server (Server, in SOAP 1.2 Receiver)",
             _fault(Fault(code="Server", reason=_SCRIPTED)), knowledge=Knowledge.UNSURE),
    _failure("fault-with-detail", "a fault of the server with an actor and a detail",
             _fault(Fault(code="Server", reason=_SCRIPTED, detail="Stack: none.",
                          actor="urn:a-node")), knowledge=Knowledge.UNSURE),
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
             knowledge=Knowledge.UNSURE),
)  # fmt: skip
