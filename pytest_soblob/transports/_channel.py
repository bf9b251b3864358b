"""A delivery as it appears to a client in the same process."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from pytest_soblob._http import HttpSyntaxError, parse_message, to_bytes
from pytest_soblob.errors import SoblobError
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.wire import Delivery, Ending, HttpRequest, HttpResponse

_PACED_EVERY_S: Final = 0.05
_HEAD: Final = re.compile(rb"HTTP/1\.[01] \d{3}[^\n]*\r\n(?:[^\n]+\r\n)*\r\n")


class TransportError(StrEnum):
    """How an answer was lost in transit."""

    TIMED_OUT = "the answer did not arrive in time"
    RESET = "the connection was reset"
    CLOSED = "the connection was closed without an answer"
    CUT_OFF = "the connection ended inside the body"
    RESET_INSIDE = "the connection was reset inside the body"
    NOT_HTTP = "the answer is not HTTP"


class LostError(Exception):
    """An answer did not arrive.

    Attributes:
        kind: How it was lost.
    """

    def __init__(self, kind: TransportError) -> None:
        super().__init__(str(kind))
        self.kind = kind


@dataclass(frozen=True, slots=True)
class SimulatedResponse:
    """What arrives at the client.

    Attributes:
        after_s: Seconds until it arrives.
        response: The response; None if it is lost.
        error: How it is lost; None if it is not.
    """

    after_s: float
    response: HttpResponse | None = None
    error: TransportError | None = None

    def open(self) -> HttpResponse:
        """Return the response.

        Raises:
            LostError: The response is lost.
        """
        if self.response is None:
            raise LostError(self.error or TransportError.CLOSED)
        return self.response


class InProcessChannel:
    """Connects one client with one endpoint.

    Args:
        endpoint: Endpoint that answers; it need not be running.

    Raises:
        SoblobError: The argument is not a `StubEndpoint`.
    """

    def __init__(self, endpoint: StubEndpoint) -> None:
        given: object = endpoint
        if not isinstance(given, StubEndpoint):
            said = f"a {type(given).__name__}"
            raise SoblobError(f"a transport needs a StubEndpoint, not {said}: pass it itself")
        self._endpoint = endpoint
        self._is_stale = False

    def send(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        timeout_s: float | None,
    ) -> SimulatedResponse:
        """Pass a request to the endpoint; return what arrives at the client, and when.

        Args:
            method: Method as given by the client.
            url: Absolute URL.
            headers: Headers as given by the client; Content-Length is added if there is none.
            body: Complete body.
            timeout_s: Seconds that the client waits for a piece of the answer; None for no limit.

        Raises:
            SoblobError: The answer never arrives, and the client would wait forever.
        """
        if self._is_stale:
            self._is_stale = False
            return SimulatedResponse(0, error=TransportError.RESET)
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = HttpRequest(
            method=method, target=target, headers=_framed(headers, body), body=body
        )
        delivery = self._endpoint.handle(request)
        self._is_stale = delivery.ending is Ending.STALE
        simulated = _simulate(delivery, timeout_s, is_head=method == "HEAD")
        if simulated.response is None and delivery.lost is not None:
            delivery.lost()
        return simulated


def _framed(headers: Iterable[tuple[str, str]], body: bytes) -> tuple[tuple[str, str], ...]:
    given = tuple(headers)
    names = {name.lower() for name, _ in given}
    if not body or names & {"content-length", "transfer-encoding"}:
        return given
    return (*given, ("Content-Length", str(len(body))))


def _simulate(
    delivery: Delivery, timeout_s: float | None, *, is_head: bool = False
) -> SimulatedResponse:
    if timeout_s is not None and delivery.delay_s >= timeout_s:
        return SimulatedResponse(timeout_s, error=TransportError.TIMED_OUT)
    response = delivery.response
    if response is None:
        return _nothing(delivery, timeout_s)
    if isinstance(response, bytes):
        try:
            parsed = parse_message(response)
        except HttpSyntaxError:
            error = TransportError.CUT_OFF if _HEAD.match(response) else TransportError.NOT_HTTP
            return SimulatedResponse(delivery.delay_s, error=error)
        if not isinstance(parsed, HttpResponse):
            return SimulatedResponse(delivery.delay_s, error=TransportError.NOT_HTTP)
        return SimulatedResponse(delivery.delay_s, parsed)
    if delivery.cut_at is not None and len(response.body[: delivery.cut_at]) < len(response.body):
        reset = delivery.ending is Ending.RESET
        return SimulatedResponse(
            delivery.delay_s, error=TransportError.RESET_INSIDE if reset else TransportError.CUT_OFF
        )
    paces = (delivery.head_bytes_per_s, delivery.body_bytes_per_s)
    if timeout_s is not None and any(pace and _pause_s(pace) >= timeout_s for pace in paces):
        return SimulatedResponse(delivery.delay_s + timeout_s, error=TransportError.TIMED_OUT)
    head = len(to_bytes(response, body=False))
    sizes = (head, 0 if is_head else len(response.body))
    slow_s = sum(size / pace for size, pace in zip(sizes, paces, strict=True) if pace)
    return SimulatedResponse(delivery.delay_s + slow_s, _as_sent(response, is_head=is_head))


def _nothing(delivery: Delivery, timeout_s: float | None) -> SimulatedResponse:
    if delivery.ending is Ending.HOLD:
        if timeout_s is None:
            raise SoblobError(
                "this call gets no answer, and the client would wait forever: set a timeout"
            )
        return SimulatedResponse(timeout_s, error=TransportError.TIMED_OUT)
    error = TransportError.RESET if delivery.ending is Ending.RESET else TransportError.CLOSED
    return SimulatedResponse(delivery.delay_s, error=error)


def _pause_s(bytes_per_s: float) -> float:
    """Return the seconds between two pieces of a slow answer."""
    return max(_PACED_EVERY_S, 1 / bytes_per_s)


def _as_sent(response: HttpResponse, *, is_head: bool) -> HttpResponse:
    """Return the response as received by a socket: with a length, not chunked, no body for HEAD."""
    kept = [pair for pair in response.headers if pair[0].lower() != "transfer-encoding"]
    if len(kept) == len(response.headers) and response.header("Content-Length") is None:
        kept.append(("Content-Length", str(len(response.body))))
    return replace(response, headers=tuple(kept), body=b"" if is_head else response.body)
