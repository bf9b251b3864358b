"""One call on its way: judged, received, answered."""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_soblob.contract import Operation, Profile
from pytest_soblob.envelope import Envelope
from pytest_soblob.exchange import Recording
from pytest_soblob.failures import Knowledge
from pytest_soblob.messages import Request
from pytest_soblob.violations import Verdict
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse


@dataclass(slots=True, kw_only=True)  # not frozen: that would cost a microsecond each
class Call:
    """One request and what is known of it.

    Attributes:
        request: As it came.
        connection: The number of its connection; None where it came on none.
        verdict: Of the message and, once that is judged, of the flow.
        envelope: None where the bytes are none.
        profile: Of the answer.
        recording: How it is kept, and how its message is read.
        operation: That is answered; None where there is none.
        ticket: Of Credentials, as the server read it.
        application_token: As the server read it.
        refusal: What is sent in place of an answer; None where one is given.
        dropped: Paths of what the server passed over in silence.
    """

    request: HttpRequest
    connection: int | None
    verdict: Verdict
    envelope: Envelope | None
    profile: Profile
    recording: Recording
    operation: Operation | None = None
    ticket: str | None = None
    application_token: str | None = None
    refusal: HttpResponse | None = None
    dropped: tuple[str, ...] = ()

    @property
    def message(self) -> Callable[[], Request | None]:
        """Gives the typed message, as the server read it."""
        return self.recording.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent, and what became of the call.

    Attributes:
        delivery: What is sent.
        knowledge: What the client can know of it.
        blob_id: Under which an image was stored; None where none was.
        why: Why the call failed, as the client was told or not told; None where it did not.
        refusal: The name of the refusal; None where it was none.
        failure: The name of the failure that was played; None where none was.
    """

    delivery: Delivery
    knowledge: Knowledge = Knowledge.TOLD
    blob_id: int | None = None
    why: str | None = None
    refusal: str | None = None
    failure: str | None = None
