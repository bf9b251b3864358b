"""What a server asks whoever runs it: a table of callables, and what its connections share."""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

_PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)


def plain_refusal(error: HttpSyntaxError) -> HttpResponse:
    """Return an answer in one line to bytes that are no request."""
    return HttpResponse(status=error.status, headers=_PLAIN, body=f"{error}\n".encode())


def _wave_on(head: HttpRequest, connection: int) -> HttpResponse | None:
    """Nothing is wrong with it so far."""


def _ignore(error: BaseException) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """What a server calls, in its own thread.

    Attributes:
        handle: For each request, with the number of its connection, counted from 1.
        preview: Likewise for a head whose client waits with the body; what it returns is answered
            without it, and the connection closed. None: the client may go on.
        refuse: For bytes that are no request; what it returns is answered, and the connection
            closed.
        failed: With what one of the others raised, or the loop itself; the client gets a 500.
    """

    handle: Callable[[HttpRequest, int], Delivery]
    preview: Callable[[HttpRequest, int], HttpResponse | None] = _wave_on
    refuse: Callable[[HttpSyntaxError], HttpResponse] = plain_refusal
    failed: Callable[[BaseException], object] = _ignore
