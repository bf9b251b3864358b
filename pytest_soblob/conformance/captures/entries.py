"""What the readers of the formats have in common: an entry, and how its parts become messages."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_soblob._http import HttpSyntaxError, iter_messages, looks_like_http
from pytest_soblob._text import ascii_controls, clip
from pytest_soblob._xml.encodings import common_name, is_read
from pytest_soblob.judge.validators.http import is_call
from pytest_soblob.wire import HttpRequest, HttpResponse

Message = HttpRequest | HttpResponse | HttpSyntaxError | bytes

# `{{host}}` of Postman, `${host}` of SoapUI.
_VARIABLE: Final = re.compile(r"\A\{\{[^}]*\}\}|\A\$\{[^}]*\}")
_SERVICE: Final = re.compile(r"/(?:BLOB|SoPrincipal)\.svc\Z", re.IGNORECASE)
_ENVELOPE: Final = re.compile(rb"<(?:[\w.-]{1,99}:)?Envelope[\s>/]")
ENVELOPE_IN_JSON: Final = re.compile(rb"(?:<|\\u003[cC])(?:[\w.-]{1,99}:)?Envelope(?:[\s>\\]|/>)")
_DECLARED: Final = re.compile(r"""\s*<\?xml[^>]{1,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_LOOKED_AT: Final = 64 * 1024
NOT_HELD: Final = "the export does not hold it"
# Lengths and codings of the bytes that were sent, which an export does not hold.
_OF_THE_TRANSFER: Final = frozenset({"content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request with its response, as an export has them.

    Attributes:
        where: Place in the file, such as `entry 3`.
        request: The request, or None if the export has none.
        response: The response, or None if the export has none.
        not_held: Message and reason for each message that the export does not hold, or not whole.
        count: Number of entries for which this one stands; more than 1 only without messages.
    """

    where: str
    request: Message | None = None
    response: Message | None = None
    not_held: tuple[tuple[str, str], ...] = ()
    count: int = 1

    @property
    def is_of_the_service(self) -> bool:
        """Whether it goes to the service, and does not only fetch its WSDL, or has an envelope."""
        request = self.request
        if isinstance(request, HttpRequest):
            if _is_preflight(request):
                return False
            if _SERVICE.search(request.path):
                return is_call(request)
            if not is_call(request):
                return False
        return any(_has_envelope(one) for one in (request, self.response))

    @property
    def not_judged(self) -> tuple[tuple[str, str], ...]:
        """Message and reason for each message that is not held, or is an answer without SOAP."""
        response = self.response
        is_held = not any(kind == "response" for kind, _ in self.not_held)
        if is_held and isinstance(response, HttpResponse) and is_without_soap(response):
            why = f"it has the status {response.status}, and no envelope"
            return (*self.not_held, ("response", why))
        return self.not_held

    def messages(self) -> Iterator[tuple[str, str, Message]]:
        """Yield kind, place and message of what can be judged."""
        missing = {kind for kind, _ in self.not_judged}
        for kind, message in (("request", self.request), ("response", self.response)):
            if message is not None and kind not in missing:
                yield kind, f"{self.where}, {kind}", message


def _is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks for permission before the call (Fetch Standard, CORS protocol)."""
    wanted = ("Origin", "Access-Control-Request-Method")
    return request.method == "OPTIONS" and all(request.header(n) is not None for n in wanted)


def is_without_soap(response: HttpResponse) -> bool:
    """Whether an answer is one of HTTP alone, such as WCF's 415: a status from 300 on, no XML."""
    if response.status < 300 or _has_envelope(response):
        return False
    media_type = (response.header("Content-Type") or "xml").lower()
    return not response.body.strip() or "xml" not in media_type or "html" in media_type


def _has_envelope(message: Message | None) -> bool:
    if message is None or isinstance(message, HttpSyntaxError):
        return False
    body = message if isinstance(message, bytes) else message.body
    return _ENVELOPE.search(body[:_LOOKED_AT].replace(b"\0", b"")) is not None


def read_raw(data: bytes) -> Message | None:
    """Return the last HTTP message of raw bytes, since interim responses come before it."""
    if not data.strip():
        return None
    if not looks_like_http(data):
        return HttpSyntaxError("the export has no HTTP message here")
    found: Message | None = None
    for captured in iter_messages(data):
        found = captured.message
    return found


def from_base64(text: str) -> bytes | None:
    """Return decoded base64, or None if it is not valid."""
    try:
        packed = text.encode("ascii").translate(None, b" \t\r\n")
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None


def encoded(text: str, content_type: str) -> bytes:
    """Return text that an export has decoded as bytes, in the encoding in which it was sent.

    That is UTF-8 if the judge does not read the encoding that the message declares.
    """
    declared = _DECLARED.match(text[:_LOOKED_AT]) or _CHARSET.search(content_type[:_LOOKED_AT])
    if declared is not None and is_read(declared[1]):
        try:
            return text.encode(common_name(declared[1]))
        except (LookupError, ValueError):
            pass
    return text.encode("utf-8", "surrogatepass")


def target_of(url: str) -> str:
    """Return path and query of a URL, which may begin with a variable of the tool."""
    try:
        parts = urlsplit(_VARIABLE.sub("http://host", url.strip()))
    except ValueError:
        return "/"
    path = parts.path or "/"
    return ascii_controls(f"{path}?{parts.query}" if parts.query else path)


def pairs_of(headers: Any, name: str = "name") -> tuple[tuple[str, str], ...]:
    """Return the headers of a list of objects, without pseudo-header fields."""
    found = [
        (str(one.get(name, "")), str(one.get("value", "")))
        for one in as_list(headers)
        if isinstance(one, dict) and not one.get("disabled")
    ]
    return tuple((key, value) for key, value in found if key and not key.startswith(":"))


def without_lengths(message: HttpRequest | HttpResponse, *more: str) -> Any:
    """Return a message without the headers that describe the bytes that were sent."""
    left_out = _OF_THE_TRANSFER.union(more)
    kept = tuple(pair for pair in message.headers if pair[0].lower() not in left_out)
    return replace(message, headers=kept)


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object of JSON, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list of JSON, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """Return a text of JSON, or an empty one for anything else."""
    return value if isinstance(value, str) else ""


def as_status(value: Any) -> int:
    """Return a status code, or 0 for anything that is none."""
    text = str(value).strip().removesuffix(".0")
    return int(text) if len(text) == 3 and text.isascii() and text.isdigit() else 0


def first_line(error: Exception) -> str:
    """Return what a parser says; what follows the first line is an excerpt, which may be secret."""
    said = str(error.msg if isinstance(error, SyntaxError) else error)
    # Of bytes that are not UTF-8, ijson shows how Python writes them.
    return clip(ascii_controls(said.removeprefix("b'").partition("\n")[0].partition("\\n")[0]), 100)


def short(name: str) -> str:
    """Return a name that a file has, no longer than a person would write one."""
    return clip(ascii_controls(clip(name, 100)), 100)


def named(parts: Iterable[str]) -> str:
    """Return the names of folders and requests, each from `short`, as one place."""
    return clip(" > ".join(parts), 200)
