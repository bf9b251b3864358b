"""Business failures: HTTP 200, and a response with `Succeeded` false and an exception."""

from collections.abc import Callable
from typing import Final

from pytest_soblob.stub.failures._failure import Failure, FailureContext, Knowledge
from pytest_soblob.stub.netserver import BUSINESS_FAILURES, BusinessFailure, failed_response
from pytest_soblob.wire import Delivery

# Business failures of some operations only.
_OPERATIONS: Final = {
    "wrong-password": frozenset({"AuthenticateUsernamePassword"}),
    "not-an-image": frozenset({"SaveImageStream"}),
    "blob-unknown": frozenset({"ChangePersonImage", "ChangeProjectImage", "GetBlobStream"}),
}
_WITH_TICKET: Final = frozenset(
    """SaveImageStream ChangePersonImage ChangeProjectImage GetPersonImage GetProjectImage
    GetBlobStream""".split()  # noqa: SIM905 -- read as a list
)


def _answer(business_failure: BusinessFailure) -> Callable[[FailureContext], Delivery]:
    def deliver(context: FailureContext) -> Delivery:
        return Delivery(
            response=context.write(failed_response(context.operation, business_failure))
        )

    return deliver


FAILURES: Final = tuple(
    Failure(
        name=known.name,
        group="business",
        sentence=f"{known.sentence}: {str(known.info.exception_type).rpartition('.')[2]}",
        deliver=_answer(known),
        knowledge=Knowledge.BUSINESS_FAILURE,
        operations=_OPERATIONS.get(
            known.name,
            _WITH_TICKET if known.name.startswith("ticket-") else frozenset(),
        ),
    )
    for known in BUSINESS_FAILURES.values()
)
