"""Probes of the connection: keep-alive, chunks, Expect, HTTP/1.0, header names, TLS.

Each sends the right call for a blob that does not exist; the answers must say the same as that to
an ordinary one.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from pytest_soblob.conformance.providers.answers import Reading, find_in_answer, read_answer
from pytest_soblob.conformance.providers.connection import Connection, describe
from pytest_soblob.conformance.providers.pacing import OVERLOADED
from pytest_soblob.conformance.providers.refusals import base_request
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.values import LARGEST_ANSWER_BYTES, Sent
from pytest_soblob.wire import HttpRequest

_SOON_S: Final = 14 * 24 * 3600
_REUSED: Final = 3


def _with(name: str, value: str) -> Callable[[HttpRequest], HttpRequest]:
    return lambda request: replace(request, headers=(*request.headers, (name, value)))


def _lower_names(request: HttpRequest) -> HttpRequest:
    return replace(request, headers=tuple((name.lower(), value) for name, value in request.headers))


def _http10(request: HttpRequest) -> HttpRequest:
    return replace(request, http_version="1.0")


def _charset_quoted(request: HttpRequest) -> HttpRequest:
    others = tuple(pair for pair in request.headers if pair[0] != "Content-Type")
    return replace(request, headers=(*others, ("Content-Type", 'text/xml; charset="UTF-8"')))


# What must be read as the ordinary call is, with what a consumer notices otherwise.
FORMS: Final[Mapping[str, tuple[str, Callable[[HttpRequest], HttpRequest], str]]] = {
    "lower-case-headers": (
        "header names in lower case", _lower_names,
        "clients that send them so, as those behind HTTP/2 proxies, fail",
    ),
    "quoted-charset": (
        "a quoted charset in upper case", _charset_quoted, "some SOAP clients send it so, and fail",
    ),
    "expect": (
        "Expect: 100-continue", _with("Expect", "100-continue"),
        ".NET and curl send it with large messages, and fail or wait",
    ),
    "chunked": (
        "a body in chunks", _with("Transfer-Encoding", "chunked"),
        "clients that stream, as axis2 and .NET in streamed mode, fail",
    ),
    "http-1.0": ("HTTP/1.0", _http10, "old proxies fail"),
}  # fmt: skip
_LENIENT: Final = ("chunked", "http-1.0")  # that a right server may refuse


def probe_form(session: Session, name: str, right: Reading) -> None:
    """Send the right call in another form; its answer must be the same."""
    does, change, notices = FORMS[name]
    if right.kind == "status":
        session.row("not tried", f"{does}: the right call gets no envelope")
        return
    sent = session.call(change(base_request(session)))
    reading = find_in_answer(session, sent)
    same = (reading.kind, reading.reason) == (right.kind, right.reason)
    refused = reading.kind == "status" and name in _LENIENT
    if not same and not refused:
        session.find(
            f"connection.{name}",
            f"{does} changes the answer",
            expected=right.text,
            got=reading.text,
            notices=notices,
            sent=sent,
        )
    session.row("ok" if same else "refused" if refused else "finding", f"{does}: {reading.text}")


def probe_keep_alive(session: Session, right: Reading) -> None:
    """Send three calls on one connection."""
    if right.kind == "status":
        session.row("not tried", "three calls on one connection: the right call gets no envelope")
        return
    request = _with("Connection", "keep-alive")(base_request(session))
    sent: Sent | None = None
    try:
        with session.connection() as connection:
            for number in range(1, _REUSED + 1):
                sent = _again(session, connection, request)
                reading = read_answer(sent)
                if (reading.kind, reading.reason) != (right.kind, right.reason):
                    _find_broken(session, sent, number, right, reading)
                    return
                if not sent.answer.is_kept:
                    session.fact("keep-alive", "the server closes after each answer, and says so")
                    session.row("ok", "closed after the answer, as announced")
                    return
    except OSError as error:
        _, problem = describe(error, session.options.timeout_s, LARGEST_ANSWER_BYTES)
        session.row("not tried", f"no connection: {problem}")
        return
    session.fact("keep-alive", f"{_REUSED} calls on one connection")
    session.row("ok", f"{_REUSED} calls on one connection")


def _again(session: Session, connection: Connection, request: HttpRequest) -> Sent:
    sent = session.send_on(connection, request)
    if sent.answer.status in OVERLOADED:
        session.back_off(sent, 0)
        sent = session.send_on(connection, request)
    return sent


def _find_broken(
    session: Session, sent: Sent, number: int, right: Reading, reading: Reading
) -> None:
    session.find(
        "connection.keep-alive",
        f"call {number} on one connection gets another answer than the first",
        expected=f"{right.text}, or Connection: close before",
        got=reading.text,
        notices="clients that keep connections, as most do, fail now and then",
        sent=sent,
    )
    session.row("finding", f"call {number} on one connection: {reading.text}")


def probe_tls(session: Session) -> None:
    """Note the version of TLS, and when the certificate expires."""
    if session.address.scheme != "https":
        session.fact("TLS", "none: tickets and images can be intercepted")
        session.row("fact", "no TLS")
        return
    try:
        with session.connection() as connection:
            version = connection.tls_version or "unknown"
            left_s = _left_s(connection.certificate_end)
    except OSError as error:
        _, problem = describe(error, session.options.timeout_s, LARGEST_ANSWER_BYTES)
        session.row("not tried", problem)
        return
    days = f"{left_s / 86_400:.0f} days" if left_s is not None else "an unknown time"
    session.fact("TLS", f"{version}, the certificate is valid for {days}")
    if left_s is not None and left_s < _SOON_S:
        session.find(
            "tls.certificate-expires",
            "the certificate expires soon",
            expected="two weeks or more",
            got=days,
            notices="from then on no client connects",
        )
    session.row("ok", f"{version}, {days}")


def _left_s(end: str | None) -> float | None:
    return None if end is None else ssl.cert_time_to_seconds(end) - time.time()
