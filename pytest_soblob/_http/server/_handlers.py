"""The callbacks of a server."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._http.server._unfinished import Unfinished
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

_PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)


def plain_refusal(error: HttpSyntaxError, connection: int | None = None) -> HttpResponse:
    """Return a one-line response to bytes that are not a request."""
    return HttpResponse(status=error.status, headers=_PLAIN, body=f"{error}\n".encode())


def _accept(head: HttpRequest, connection: int) -> HttpResponse | None:
    """Let the client send the body."""


def _waits_for_nothing(request: HttpRequest) -> bool:
    return False


def _ignore(whatever: object) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """The callbacks of a server, called in its own thread.

    Attributes:
        handle: Called for each request with the number of its connection, counted from 1; returns
            the answer.
        preview: Called likewise for a head whose client waits with the body. If it returns a
            response, that is sent without reading the body, and the connection is closed. None lets
            the client continue.
        refuse: Called likewise for bytes that are not a request. The response is sent, and the
            connection is closed.
        waits: Returns whether a request is handled only once everything that arrived on other
            connections has been.
        broken_off: Called with what a client began and did not complete.
        failed: Called with an exception of another callback, or of the server itself; the client
            gets a 500. Also called in a thread that waits too long for the server.
    """

    handle: Callable[[HttpRequest, int], Delivery]
    preview: Callable[[HttpRequest, int], HttpResponse | None] = _accept
    refuse: Callable[[HttpSyntaxError, int], HttpResponse] = plain_refusal
    waits: Callable[[HttpRequest], bool] = _waits_for_nothing
    broken_off: Callable[[Unfinished], object] = _ignore
    failed: Callable[[BaseException], object] = _ignore

    def fail(self, error: BaseException) -> None:
        """Report an error; if reporting fails too, it is dropped."""
        with suppress(BaseException):
            self.failed(error)
