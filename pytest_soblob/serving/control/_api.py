"""`ControlApi`: authorised requests under a path of their own, and their effects."""

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_soblob.errors import ContractViolationError, SoblobError
from pytest_soblob.serving.control._fields import as_object, check_known, take
from pytest_soblob.serving.control._openapi import openapi
from pytest_soblob.serving.control._scripts import expected_calls, script
from pytest_soblob.serving.control._values import exchange_to_json, remarks_to_json
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.wire import HttpRequest, HttpResponse

PREFIX: Final = "/_soblob/"
_SHORTEST_TOKEN: Final = 8
_JSON: Final = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
_LARGEST_BODY: Final = 64 * 1024 * 1024


def check_token(token: str) -> None:
    """Check that a token is usable.

    Raises:
        SoblobError: It is too short, or has characters that cannot be sent.
    """
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise SoblobError(
            f"the control token must be {_SHORTEST_TOKEN} or more printable ASCII characters"
        )


class ControlApi:
    """Controls one endpoint.

    `StubEndpoint(intercept=api.intercept, waits=api.waits)` and `api.endpoint = endpoint`.

    Args:
        token: Token that a request must send, as `Authorization: Bearer TOKEN`.
        on_rejected: Called with each request without the valid token, and with the reason; None to
            call nothing.

    Attributes:
        endpoint: The endpoint that is controlled.
        has_failed: Whether any check has reported a failure.

    Raises:
        SoblobError: The token is not usable.
    """

    endpoint: StubEndpoint

    def __init__(
        self, token: str, on_rejected: Callable[[HttpRequest, str], object] | None = None
    ) -> None:
        check_token(token)
        self._on_rejected = on_rejected
        self.has_failed = False
        self._expected = f"Bearer {token}".encode()
        self._routes: Mapping[tuple[str, str], Callable[[HttpRequest], HttpResponse]] = {
            ("GET", "openapi.json"): self._describe,
            ("POST", "reset"): self._reset,
            ("POST", "replies"): self._script,
            ("DELETE", "replies"): self._clear,
            ("GET", "exchanges"): self._exchanges,
            ("GET", "blobs"): self._blobs,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._advance,
            ("POST", "tickets"): self._issue,
            ("POST", "expectations"): self._expect,
            ("POST", "check"): self._check,
        }

    @staticmethod
    def waits(request: HttpRequest) -> bool:
        """Whether a request is handled only after all earlier ones, since it asks about them."""
        return request.path.startswith(PREFIX)

    def intercept(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a control request, with 401 without the token; return None for other requests."""
        if not request.path.startswith(PREFIX):
            return None
        given = request.header("Authorization")
        if not hmac.compare_digest((given or "").encode("utf-8", "replace"), self._expected):
            return self._reject(request, "no control token" if not given else "wrong control token")
        name = request.path.removeprefix(PREFIX)
        name, _, rest = name.partition("/")
        if name == "blobs" and rest and request.method == "GET":
            return self._blob(rest)
        methods = [method for method, known in self._routes if known == name and not rest]
        if not methods:
            return _error(404, f"there is no {PREFIX}{name}")
        if request.method not in methods:
            allow = ("Allow", ", ".join(methods))
            return _error(405, f"{name} allows {' and '.join(methods)}", allow)
        try:
            return self._routes[request.method, name](request)
        except SoblobError as error:
            return _error(400, str(error))

    def _reject(self, request: HttpRequest, what: str) -> HttpResponse:
        if self._on_rejected is not None:
            self._on_rejected(request, what)
        said = f"{what}: send Authorization: Bearer TOKEN with the token of soblob serve"
        return _error(401, said, ("WWW-Authenticate", 'Bearer realm="soblob"'))

    def _describe(self, request: HttpRequest) -> HttpResponse:
        return _json(openapi())

    def _reset(self, request: HttpRequest) -> HttpResponse:
        self.endpoint.reset()
        return HttpResponse(status=204)

    def _script(self, request: HttpRequest) -> HttpResponse:
        script(self.endpoint, _object(request))
        return HttpResponse(status=204)

    def _clear(self, request: HttpRequest) -> HttpResponse:
        self.endpoint.clear()
        return HttpResponse(status=204)

    def _exchanges(self, request: HttpRequest) -> HttpResponse:
        numbered = enumerate(self.endpoint.exchanges, self.endpoint.forgotten + 1)
        return _json({"exchanges": [exchange_to_json(e, number) for number, e in numbered]})

    def _blobs(self, request: HttpRequest) -> HttpResponse:
        orphans = {blob.id for blob in self.endpoint.orphans}
        rows = [
            {
                "id": blob.id,
                "type": None if blob.type is None else blob.shown(str(blob.type)),
                "description": blob.description and blob.shown(blob.description),
                "bytes": None if blob.image is None else len(blob.image),
                "is_orphan": blob.id in orphans,
            }
            for blob in self.endpoint.blobs.values()
        ]
        return _json(
            {
                "blobs": rows,
                "person_images": {str(k): v for k, v in self.endpoint.person_images.items()},
                "project_images": {str(k): v for k, v in self.endpoint.project_images.items()},
            }
        )

    def _blob(self, number: str) -> HttpResponse:
        known = self.endpoint.blobs
        is_number = number.isascii() and number.isdecimal() and len(number) < 12
        blob = known.get(int(number)) if is_number else None
        if blob is None or blob.image is None:
            return _error(404, "there is no blob with that id, or it has no image")
        headers = (("Content-Type", "application/octet-stream"),)
        return HttpResponse(headers=headers, body=blob.image)

    def _clock(self, request: HttpRequest) -> HttpResponse:
        return _json({"now_s": self.endpoint.clock.now_s})

    def _advance(self, request: HttpRequest) -> HttpResponse:
        data = _object(request)
        check_known(data, ("advance_s",), "the clock")
        self.endpoint.clock.advance(take(data, "advance_s", float, 0.0))
        return self._clock(request)

    def _issue(self, request: HttpRequest) -> HttpResponse:
        data = _object(request)
        check_known(data, ("user", "lifetime_s", "foreign"), "a ticket")
        ticket = self.endpoint.issue_ticket(
            take(data, "user", str),
            lifetime_s=take(data, "lifetime_s", float),
            foreign=take(data, "foreign", bool, False),
        )
        return _json({"ticket": ticket})

    def _expect(self, request: HttpRequest) -> HttpResponse:
        data = _object(request)
        check_known(data, ("calls", "in_order", "only"), "an expectation")
        self.endpoint.expect_calls(
            *expected_calls(data),
            in_order=take(data, "in_order", bool, False),
            only=take(data, "only", bool, True),
        )
        return HttpResponse(status=204)

    def _check(self, request: HttpRequest) -> HttpResponse:
        """Return, once, what the end of a test reports, and what does not fail since the reset."""
        said: dict[str, Any] = {"ok": True, "text": "", "rules": []}
        try:
            self.endpoint.check()
        except (ContractViolationError, SoblobError) as error:
            rules = [violation.rule for violation in getattr(error, "violations", ())]
            said = {"ok": False, "text": str(error), "rules": rules}
            self.has_failed = True
        return _json({**said, "remarks": remarks_to_json(self.endpoint._runner.remarks())})


def _object(request: HttpRequest) -> Mapping[str, Any]:
    if len(request.body) > _LARGEST_BODY:
        raise SoblobError("the body is too large")
    try:
        data = json.loads(request.body or b"{}", parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise SoblobError(f"the body is not valid JSON: {type(error).__name__}") from None
    return as_object(data, "the body")


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _json(data: object, status: int = 200, *headers: tuple[str, str]) -> HttpResponse:
    body = json.dumps(data, allow_nan=False).encode()
    return HttpResponse(status=status, headers=(*_JSON, *headers), body=body)


def _error(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    return _json({"error": text}, status, *headers)
