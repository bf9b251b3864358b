"""Bare HTTP statuses, as a host, a proxy or a load balancer answers before SOAP is read."""

from collections.abc import Callable
from functools import partial
from typing import Final

from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.stub.failures._failure import FailureContext, Knowledge, make
from pytest_soblob.wire import Delivery, HttpResponse

_HTML: Final = ("Content-Type", "text/html; charset=utf-8")
_PAGE: Final = (
    "<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center><hr>"
    "<center>gateway</center></body></html>\r\n"
)


def _status(
    status: int, *headers: tuple[str, str], page: str = "", reason: str | None = None
) -> Callable[[FailureContext], Delivery]:
    body = _PAGE.format(title=page).encode() if page else b""
    typed = (_HTML, *headers) if page else headers
    response = HttpResponse(status=status, headers=typed, body=body, reason=reason)
    return lambda context: Delivery(response=response)


def _retry_after(status: int, page: str) -> Callable[[FailureContext], Delivery]:
    def deliver(context: FailureContext) -> Delivery:
        seconds = context.parameters["retry_after_s"]
        return _status(status, ("Retry-After", f"{seconds}"), page=page)(context)

    return deliver


def _redirect(status: int) -> Callable[[FailureContext], Delivery]:
    def deliver(context: FailureContext) -> Delivery:
        moved = f"/moved{SERVICE_PATHS[context.operation.service]}"
        location = ("Location", context.parameters["location"] or moved)
        return _status(status, location, page="Object moved")(context)

    return deliver


_failure = partial(make, group="status", knowledge=Knowledge.REJECTED)

FAILURES: Final = (
    _failure("http-400", "400 without a body, as WCF answers what it cannot read", _status(400)),
    _failure("http-401", "401 with a challenge, as a proxy in front of the server asks for a login",
             _status(401, ("WWW-Authenticate", 'Basic realm="proxy"'), page="401 Unauthorized")),
    _failure("http-403", "403 with an HTML page", _status(403, page="403 Forbidden")),
    _failure("http-404", "404 with an HTML page, as where the address has another version",
             _status(404, page="404 Not Found")),
    _failure("http-411", "411: a host or proxy requires a Content-Length", _status(411)),
    _failure("http-413", "413 without a body: larger than the server's quota", _status(413)),
    _failure("http-415", "415 with WCF's own reason phrase, as for SOAP 1.2",
             _status(415, reason="Cannot process the message because the content type "
                                 "'application/soap+xml; charset=utf-8' was not the expected type "
                                 "'text/xml; charset=utf-8'.")),
    _failure("http-429", "429 with Retry-After: too many calls",
             _retry_after(429, "429 Too Many Requests"), retry_after_s=1),
    _failure("http-500", "500 with an HTML page instead of a fault",
             _status(500, page="500 Internal Server Error"), knowledge=Knowledge.UNKNOWN),
    _failure("http-502", "502 with the HTML page of a gateway",
             _status(502, page="502 Bad Gateway"), knowledge=Knowledge.UNKNOWN),
    _failure("http-503", "503 with Retry-After: the application pool is recycling",
             _retry_after(503, "503 Service Unavailable"), retry_after_s=1),
    _failure("http-504", "504 with the HTML page of a gateway: a time-out",
             _status(504, page="504 Gateway Time-out"), knowledge=Knowledge.UNKNOWN),
    _failure("redirect", "302 to a login page: a client that follows it sends a GET",
             _redirect(302), location="/login"),
    _failure("redirect-307", "307 to another address (None: /moved and the service's path); "
             "a client that follows it posts again", _redirect(307), location=None),
)  # fmt: skip
