"""What a delivery looks like to a client that is in the same process."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from pytest_soblob._http import HttpSyntaxError, parse_message, to_bytes
from pytest_soblob.endpoint import StubEndpoint
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import Delivery, Ending, HttpRequest, HttpResponse

_PACED_EVERY_S: Final = 0.05
_HEAD: Final = re.compile(rb"HTTP/1\.[01] \d{3}[^\n]*\r\n(?:[^\n]+\r\n)*\r\n")


class Loss(StrEnum):
    """How an answer was lost on its way."""

    TIMED_OUT = "the answer did not come in time"
    RESET = "the connection was reset"
    CLOSED = "the connection was closed without an answer"
    CUT_OFF = "the connection ended inside the body"
    RESET_INSIDE = "the connection was reset inside the body"
    NOT_HTTP = "the answer is no HTTP"


class LostError(Exception):
    """An answer did not arrive.

    Attributes:
        loss: How it was lost.
    """

    def __init__(self, loss: Loss) -> None:
        super().__init__(str(loss))
        self.loss = loss


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrives at the client.

    Attributes:
        after_s: Seconds until it does.
        response: The response; None where it is lost.
        loss: How it is lost; None where it is not.
    """

    after_s: float
    response: HttpResponse | None = None
    loss: Loss | None = None

    def open(self) -> HttpResponse:
        """Return the response.

        Raises:
            LostError: There is none.
        """
        if self.response is None:
            raise LostError(self.loss or Loss.CLOSED)
        return self.response


class Passage:
    """The way from one client to one endpoint and back.

    Args:
        endpoint: That answers; it need not be running.
    """

    def __init__(self, endpoint: StubEndpoint) -> None:
        self._endpoint = endpoint
        self._is_stale = False

    def send(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        timeout_s: float | None,
    ) -> Arrival:
        """Hand a request over, and say what comes of it and when.

        Args:
            method: As the client gives it.
            url: Absolute.
            headers: As the client gives them; a length is added where there is none.
            body: Whole.
            timeout_s: Seconds that the client waits for a piece of the answer; None: for ever.

        Raises:
            SoblobError: The answer never comes, and the client would wait for ever.
        """
        if self._is_stale:
            self._is_stale = False
            return Arrival(0, loss=Loss.RESET)
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = HttpRequest(
            method=method, target=target, headers=_framed(headers, body), body=body
        )
        delivery = self._endpoint.handle(request)
        self._is_stale = delivery.ending is Ending.STALE
        arrival = _arrival(delivery, timeout_s, is_head=method == "HEAD")
        if arrival.response is None and delivery.lost is not None:
            delivery.lost()
        return arrival


def _framed(headers: Iterable[tuple[str, str]], body: bytes) -> tuple[tuple[str, str], ...]:
    given = tuple(headers)
    names = {name.lower() for name, _ in given}
    if not body or names & {"content-length", "transfer-encoding"}:
        return given
    return (*given, ("Content-Length", str(len(body))))


def _arrival(delivery: Delivery, timeout_s: float | None, *, is_head: bool = False) -> Arrival:
    if timeout_s is not None and delivery.delay_s >= timeout_s:
        return Arrival(timeout_s, loss=Loss.TIMED_OUT)
    response = delivery.response
    if response is None:
        return _nothing(delivery, timeout_s)
    if isinstance(response, bytes):
        try:
            parsed = parse_message(response)
        except HttpSyntaxError:
            loss = Loss.CUT_OFF if _HEAD.match(response) else Loss.NOT_HTTP
            return Arrival(delivery.delay_s, loss=loss)
        if not isinstance(parsed, HttpResponse):
            return Arrival(delivery.delay_s, loss=Loss.NOT_HTTP)
        return Arrival(delivery.delay_s, parsed)
    if delivery.cut_at is not None and len(response.body[: delivery.cut_at]) < len(response.body):
        reset = delivery.ending is Ending.RESET
        return Arrival(delivery.delay_s, loss=Loss.RESET_INSIDE if reset else Loss.CUT_OFF)
    paces = (delivery.head_bytes_per_s, delivery.body_bytes_per_s)
    if timeout_s is not None and any(pace and _pause_s(pace) >= timeout_s for pace in paces):
        return Arrival(delivery.delay_s + timeout_s, loss=Loss.TIMED_OUT)
    head = len(to_bytes(response, body=False))
    sizes = (head, 0 if is_head else len(response.body))
    slow_s = sum(size / pace for size, pace in zip(sizes, paces, strict=True) if pace)
    return Arrival(delivery.delay_s + slow_s, _as_sent(response, is_head=is_head))


def _nothing(delivery: Delivery, timeout_s: float | None) -> Arrival:
    if delivery.ending is Ending.HOLD:
        if timeout_s is None:
            raise SoblobError(
                "nobody answers this call, and the client would wait for ever: give it a timeout"
            )
        return Arrival(timeout_s, loss=Loss.TIMED_OUT)
    loss = Loss.RESET if delivery.ending is Ending.RESET else Loss.CLOSED
    return Arrival(delivery.delay_s, loss=loss)


def _pause_s(bytes_per_s: float) -> float:
    """Return how long nothing comes between two pieces of a slow answer."""
    return max(_PACED_EVERY_S, 1 / bytes_per_s)


def _as_sent(response: HttpResponse, *, is_head: bool) -> HttpResponse:
    """Return a response as a socket brings it: with a length, unchunked; HEAD's without a body."""
    kept = [pair for pair in response.headers if pair[0].lower() != "transfer-encoding"]
    if len(kept) == len(response.headers) and response.header("Content-Length") is None:
        kept.append(("Content-Length", str(len(response.body))))
    return replace(response, headers=tuple(kept), body=b"" if is_head else response.body)
