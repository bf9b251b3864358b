"""Business failures: HTTP 200, a normal response, `Succeeded` false and an exception's class."""

from collections.abc import Callable
from typing import Final

from pytest_soblob.failures._failure import Failure, Knowledge, Situation
from pytest_soblob.netserver import REFUSALS, Refusal, failed_response
from pytest_soblob.wire import Delivery

# Those that only some operations know.
_OPERATIONS: Final = {
    "wrong-password": frozenset({"AuthenticateUsernamePassword"}),
    "not-an-image": frozenset({"SaveImageStream"}),
    "blob-unknown": frozenset({"ChangePersonImage", "ChangeProjectImage", "GetBlobStream"}),
}
_WITH_TICKET: Final = frozenset(
    """SaveImageStream ChangePersonImage ChangeProjectImage GetPersonImage GetProjectImage
    GetBlobStream""".split()  # noqa: SIM905 -- read as a list
)


def _refuse(refusal: Refusal) -> Callable[[Situation], Delivery]:
    def deliver(situation: Situation) -> Delivery:
        return Delivery(response=situation.write(failed_response(situation.operation, refusal)))

    return deliver


FAILURES: Final = tuple(
    Failure(
        name=refusal.name,
        group="business",
        sentence=f"{refusal.sentence}: {str(refusal.info.exception_type).rpartition('.')[2]}",
        deliver=_refuse(refusal),
        knowledge=Knowledge.REFUSED,
        operations=_OPERATIONS.get(
            refusal.name, _WITH_TICKET if refusal.name.startswith("ticket-") else frozenset()
        ),
    )
    for refusal in REFUSALS.values()
)
