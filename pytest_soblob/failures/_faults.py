"""SOAP faults, of each shape, 1.1 and 1.2."""

from collections.abc import Callable
from typing import Final

from pytest_soblob import wcf
from pytest_soblob.contract import Profile
from pytest_soblob.failures._failure import Failure, Knowledge, Situation
from pytest_soblob.messages import Fault
from pytest_soblob.wire import Delivery

_SCRIPTED: Final = "The call failed, as the test asked for."
_PROFILES: Final = {"1.1": Profile.WSDL, "1.2": Profile.SOAP12}


def _fault(fault: Fault, status: int | None = None) -> Callable[[Situation], Delivery]:
    def deliver(situation: Situation) -> Delivery:
        profile = _PROFILES.get(situation.parameters["soap"] or "", situation.profile)
        return Delivery(response=situation.write_fault(fault, profile, status))

    return deliver


def _as_wcf(make: Callable[[Situation], wcf.Refusal]) -> Callable[[Situation], Delivery]:
    """The fault of a .NET host, with its own code; in SOAP 1.2 the same as a fault of ours."""

    def deliver(situation: Situation) -> Delivery:
        refusal = make(situation)
        code = f"{{{refusal.namespace}}}{refusal.code}" if refusal.namespace else refusal.code
        return _fault(Fault(code=code, reason=refusal.text, language="en-US"))(situation)

    return deliver


def _failure(
    name: str,
    sentence: str,
    deliver: Callable[[Situation], Delivery],
    knowledge: Knowledge = Knowledge.DECLINED,
) -> Failure:
    return Failure(
        name=name,
        group="fault",
        sentence=sentence,
        deliver=deliver,
        knowledge=knowledge,
        parameters={"soap": None},
    )


FAILURES: Final = (
    _failure("fault-client", "a fault that blames the client (Client, in SOAP 1.2 Sender)",
             _fault(Fault(code="Client", reason=_SCRIPTED))),
    _failure("fault-server", "a fault that blames the server (Server, in SOAP 1.2 Receiver)",
             _fault(Fault(code="Server", reason=_SCRIPTED)), Knowledge.UNSURE),
    _failure("fault-with-detail", "a fault of the server with an actor and a detail",
             _fault(Fault(code="Server", reason=_SCRIPTED, detail="Stack: none.",
                          actor="urn:a-node")), Knowledge.UNSURE),
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
             _as_wcf(lambda s: wcf.internal_service_fault()), Knowledge.UNSURE),
)  # fmt: skip
