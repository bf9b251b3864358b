"""A delivery as bytes: head and body apart, since they may leave at paces of their own."""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_soblob._http import Received, to_bytes
from pytest_soblob.wire import Delivery, Ending, HttpResponse

_FAILED = HttpResponse(
    status=500,
    headers=(("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")),
    body=b"the stub itself failed\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes out for one request, and what becomes of the connection then.

    Attributes:
        head: Status line, headers and the blank line; empty where nothing is sent.
        body: As far as it is sent.
        ending: Never one that still has to be told from the messages.
        delay_s: As the delivery's.
        head_bytes_per_s: As the delivery's.
        body_bytes_per_s: As the delivery's.
        lost: As the delivery's.
    """

    head: bytes
    body: bytes
    ending: Ending
    delay_s: float = 0.0
    head_bytes_per_s: float | None = None
    body_bytes_per_s: float | None = None
    lost: Callable[[], object] | None = None

    @property
    def is_prompt(self) -> bool:
        """Whether all of it leaves at once."""
        paced = self.head_bytes_per_s is not None or self.body_bytes_per_s is not None
        return not paced and not self.delay_s


def prepare(received: Received | None, delivery: Delivery) -> Answer:
    """Return the bytes of a delivery.

    Args:
        received: What it answers; None where that was no request.
        delivery: What is to leave, and how.

    Raises:
        SoblobError: The response cannot be written.
    """
    response, ending = delivery.response, delivery.ending
    if isinstance(response, HttpResponse):
        response, announced = _with_connection(response, received)
        data = to_bytes(
            response,
            body=received is None or received.request.method != "HEAD",
            version="1.1" if received is None else received.request.http_version,
        )
        if ending is Ending.KEEP and (announced or delivery.cut_at is not None):
            ending = Ending.CLOSE
    else:
        data = response or b""
        ending = Ending.CLOSE if ending is Ending.KEEP else ending
    if delivery.is_prompt:
        return Answer(head=data, body=b"", ending=ending)
    head, blank, body = data.partition(b"\r\n\r\n")
    return Answer(
        head=head + blank,
        body=body[: delivery.cut_at],
        ending=ending,
        delay_s=delivery.delay_s,
        head_bytes_per_s=delivery.head_bytes_per_s,
        body_bytes_per_s=delivery.body_bytes_per_s,
        lost=delivery.lost,
    )


def failed_answer() -> Answer:
    """Return the answer where there is none, because the stub itself failed."""
    return Answer(head=to_bytes(_FAILED), body=b"", ending=Ending.CLOSE)


def _with_connection(
    response: HttpResponse, received: Received | None
) -> tuple[HttpResponse, bool]:
    """Return the response with what it must say of the connection, and whether that is closed."""
    said = (response.header("Connection") or "").lower()
    closes = "close" in said or received is None or not received.keep_alive
    if closes and "close" not in said:
        return _saying(response, "close"), True
    if not closes and received is not None and received.request.http_version == "1.0" and not said:
        return _saying(response, "keep-alive"), False
    return response, closes


def _saying(response: HttpResponse, connection: str) -> HttpResponse:
    kept = tuple(pair for pair in response.headers if pair[0].lower() != "connection")
    return HttpResponse(
        status=response.status,
        headers=(*kept, ("Connection", connection)),
        body=response.body,
        reason=response.reason,
    )
