"""One call while it is handled, and its result."""

from dataclasses import dataclass
from typing import Protocol

from pytest_soblob.contract import Operation, Profile
from pytest_soblob.judge.violations import Verdict
from pytest_soblob.soap.envelope import Envelope
from pytest_soblob.soap.messages import Request
from pytest_soblob.stub.endpoint._attempts import Attempt, Parts, attempt_of
from pytest_soblob.stub.exchange import Recording
from pytest_soblob.stub.failures import Knowledge
from pytest_soblob.stub.wcf import WcfRequest
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse


class Reader(Protocol):
    """Reads calls as the server does; every behaviour is one."""

    def read_parts(self, call: "Call") -> Parts | None: ...

    def read_message(self, call: "Call", *, image: bool = True) -> Request | None: ...


@dataclass(slots=True, kw_only=True)  # not frozen: that would cost a microsecond per call
class Call:
    """One request, and what is known about it so far.

    Attributes:
        request: The HTTP request.
        connection: Number of its connection, or None if it came without one.
        verdict: Verdict on the message, later with the violations of the flow.
        envelope: Parsed envelope, or None if the body is not one.
        profile: Profile of the answer.
        recording: Request as it is kept.
        reader: Reader of the message.
        operation: The operation to answer, or None if the request names none.
        ticket: Ticket in Credentials as the server read it, or None.
        application_token: Application token as the server read it, or None.
        rejection_response: Response that rejects the request, or None if it is not rejected.
        dropped: Paths of elements that the server ignored without an error.
        wcf_request: Request as a WCF host read it; None for other behaviours, or if it could not.
    """

    request: HttpRequest
    connection: int | None
    verdict: Verdict
    envelope: Envelope | None
    profile: Profile
    recording: Recording
    reader: Reader
    operation: Operation | None = None
    ticket: str | None = None
    application_token: str | None = None
    rejection_response: HttpResponse | None = None
    dropped: tuple[str, ...] = ()
    wcf_request: WcfRequest | None = None
    _attempt: Attempt | None = None

    def message(self, *, image: bool = True) -> Request | None:
        """Return the typed message as the server read it, or None if it could not.

        Args:
            image: False if the image is not needed; a large one is then not decoded.
        """
        if not image and self.recording.is_large:
            return self.reader.read_message(self, image=False)
        return self.recording.message(lambda: self.reader.read_message(self))

    @property
    def attempt(self) -> Attempt:
        """The attempt that the call makes, computed once."""
        if self._attempt is None:
            self._attempt = attempt_of(self.reader.read_parts(self), self.request.body)
        return self._attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The answer to a call, and what the call has done.

    Attributes:
        delivery: Answer, and how it is sent.
        knowledge: What the client can know of the outcome.
        blob_id: Id under which an image was stored, or None.
        reason: Text saying why the call failed, or None if it succeeded.
        business_failure_name: Name of the business failure, or None.
        failure_name: Name of the failure that was played, or None.
    """

    delivery: Delivery
    knowledge: Knowledge = Knowledge.ANSWERED
    blob_id: int | None = None
    reason: str | None = None
    business_failure_name: str | None = None
    failure_name: str | None = None
