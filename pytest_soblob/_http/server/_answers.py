"""A delivery as bytes, head and body apart, since each may be sent at a rate of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pytest_soblob._http import Received, to_bytes
from pytest_soblob.wire import Delivery, Ending, HttpResponse

_PACED_EVERY_S: Final = 0.05
_FAILED = HttpResponse(
    status=500,
    headers=(("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")),
    body=b"the stub itself failed\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The bytes sent for one request, and what happens to the connection afterwards.

    Attributes:
        head: Status line, headers and the blank line; empty if nothing is sent.
        body: The part of the body that is sent.
        ending: What happens to the connection; `KEEP` only if the messages allow it.
        delay_s: Delay in seconds before anything is sent.
        head_bytes_per_s: Rate of the head; None for no limit.
        body_bytes_per_s: Rate of the body; None for no limit.
        lost: Called if the client disconnects before the answer has been sent, or None.
    """

    head: bytes
    body: bytes
    ending: Ending
    delay_s: float = 0.0
    head_bytes_per_s: float | None = None
    body_bytes_per_s: float | None = None
    lost: Callable[[], object] | None = None

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.head) + len(self.body)

    @property
    def is_prompt(self) -> bool:
        """Whether the whole answer is sent at once."""
        paced = self.head_bytes_per_s is not None or self.body_bytes_per_s is not None
        return not paced and not self.delay_s

    async def send(self, write: Callable[[bytes], object]) -> None:
        """Write head and body, each at its rate."""
        for data, bytes_per_s in (
            (self.head, self.head_bytes_per_s),
            (self.body, self.body_bytes_per_s),
        ):
            if bytes_per_s is None:
                write(data)
                continue
            pause_s = max(_PACED_EVERY_S, 1 / bytes_per_s)
            size = max(1, round(bytes_per_s * pause_s))
            for at in range(0, len(data), size):
                if at:
                    await asyncio.sleep(pause_s)
                write(data[at : at + size])


def prepare(received: Received | None, delivery: Delivery) -> Answer:
    """Return the bytes of a delivery.

    Args:
        received: The request that is answered; None if the bytes were not a request.
        delivery: The answer, and how it is sent.

    Raises:
        SoblobError: The response cannot be serialised.
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
    """Return the response to a request at which the stub itself failed."""
    return Answer(head=to_bytes(_FAILED), body=b"", ending=Ending.CLOSE)


def _with_connection(
    response: HttpResponse, received: Received | None
) -> tuple[HttpResponse, bool]:
    """Return the response with its Connection header, and whether the connection is closed."""
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
