"""The head of one message, as httptools reads it: start line and headers only."""

import re
from typing import Final

import httptools

from pytest_soblob._http._received import HeadTooLargeError, HttpSyntaxError, VersionError
from pytest_soblob._text import ascii_controls, clip

MOST_HEADERS: Final = 1_000
# Characters not allowed in a value; a fold, if the first group matched.
_NO_VALUE: Final = re.compile(rb"(\r\n[ \t])|[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")
_PREFACE: Final = b"PRI * HTTP/2.0"
# httptools' errors about ambiguous framing: the rule for each.
_FRAMING: Final = (
    ("duplicate content-length", "http.header-duplicate"),
    ("be present with", "http.conflicting-framing"),
    ("content-length", "http.content-length"),
)


class Head:
    """Receives what httptools reads of one head.

    Attributes:
        url: The target, undecoded.
        reason: The reason phrase of a response.
        is_complete: Whether the empty line that ends the head has been read.
        headers: Name and value pairs in the order sent, without white space around a value; empty
            until the head is complete.
    """

    __slots__ = ("_fields", "_last", "headers", "is_complete", "reason", "url")

    def __init__(self) -> None:
        self.url = b""
        self.reason = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self.is_complete = False
        self.headers: tuple[tuple[str, str], ...] = ()
        self._last: dict[str, str] = {}  # last value by name in lower case

    def on_url(self, data: bytes) -> None:
        self.url += data

    def on_status(self, data: bytes) -> None:
        self.reason += data

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        if len(self._fields) > MOST_HEADERS:
            raise HeadTooLargeError(f"there are more than {MOST_HEADERS:,} headers")
        self.is_complete = True
        self.headers = tuple(
            [(n.decode("latin-1"), v.strip().decode("latin-1")) for n, v in self._fields]
        )
        self._last = {name.lower(): value for name, value in self.headers}

    def values(self, name: str) -> list[str]:
        """Return the values of a header; `name` is in lower case."""
        if name not in self._last:
            return []
        if len(self._last) == len(self.headers):  # no name occurs twice
            return [self._last[name]]
        return [value for other, value in self.headers if other.lower() == name]


def head_error(error: httptools.HttpParserError | str, head: bytes) -> HttpSyntaxError:
    """Return the error for a head that is malformed or not supported.

    Args:
        error: The error of httptools, or its text.
        head: The part of the head that httptools has read.
    """
    if head.lstrip(b"\r\n").startswith(_PREFACE):
        return VersionError("HTTP/2 is not supported, only versions 1.1 and 1.0")
    if _is_fold(str(error), head):
        return HttpSyntaxError(
            "not HTTP: a header is folded over two lines, which a server may reject (RFC 9112, "
            "5.2): write each header on one line"
        )
    return syntax_error(error)


def _is_fold(said: str, head: bytes) -> bool:
    """Whether httptools stopped at the white space of a folded header."""
    if said == "Invalid header value char":
        found = _NO_VALUE.search(head)
        return found is not None and found[1] is not None
    return said == "Unexpected whitespace after header value"


def syntax_error(error: httptools.HttpParserError | str) -> HttpSyntaxError:
    """Return an error of httptools as an `HttpSyntaxError`."""
    cause = None if isinstance(error, str) else error.__context__
    if isinstance(cause, HttpSyntaxError):
        return cause
    said = ascii_controls(clip(str(error) or type(error).__name__, 200))
    rule = next((rule for text, rule in _FRAMING if text in said.lower()), "http.malformed")
    return HttpSyntaxError(f"not HTTP: {said}", rule)
