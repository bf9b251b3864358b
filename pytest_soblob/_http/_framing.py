"""Where a body ends, and whether another request may follow (RFC 9112, 6, 7.1 and 9.3).

This is decided here only. A number is accepted only if it consists of digits, and of no more of
them than any body can need.
"""

import re
from typing import Final

from pytest_soblob._basics.numbers import MOST_DIGITS, parse_length
from pytest_soblob._http._heads import Head
from pytest_soblob._http._received import HttpSyntaxError

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED: Final = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
# The line before a chunk; its first group is the size. A line that does not match takes linear
# time, since the quantifiers are possessive.
SIZE_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,16}+)(?:;%b(?:=(?:%b|%b))?+)*+\r\n" % (_TOKEN, _TOKEN, _QUOTED)
)
_TRAILER_LINE: Final = re.compile(rb"(%b):[\t\x20-\x7e\x80-\xff]*+\r\n" % _TOKEN)
# Fields that frame or route a message are not allowed in trailers (RFC 9110, 6.5.1).
_NO_TRAILERS: Final = frozenset(
    (
        *(b"connection", b"content-length", b"host"),
        *(b"proxy-connection", b"transfer-encoding", b"upgrade"),
    )
)


def find_length(head: Head, version: str) -> int | None:
    """Return how many bytes of body follow a request's head, or None if the body is chunked.

    Raises:
        HttpSyntaxError: The head does not determine where the body ends.
    """
    codings, lengths = head.values("transfer-encoding"), head.values("content-length")
    if codings:
        if lengths:
            raise HttpSyntaxError(
                "both Content-Length and Transfer-Encoding are set", "http.conflicting-framing"
            )
        if version == "1.0":
            raise HttpSyntaxError("Transfer-Encoding is not allowed in HTTP/1.0")
        if ",".join(codings).lower() != "chunked":
            raise HttpSyntaxError("only the transfer coding chunked is supported")
        return None
    if len(lengths) > 1:
        raise HttpSyntaxError("there are two Content-Length headers", "http.header-duplicate")
    return read_length(lengths[0]) if lengths else 0


def read_length(value: str) -> int:
    """Return the value of a Content-Length as a number (RFC 9110, 8.6).

    Raises:
        HttpSyntaxError: It has other characters than digits, or more digits than any body needs.
    """
    length = parse_length(value)
    if length is None:
        raise HttpSyntaxError(
            f"Content-Length must be one number of at most {MOST_DIGITS} digits",
            "http.content-length",
        )
    return length


def keeps_alive(head: Head, version: str) -> bool:
    """Whether another request may follow on the connection (RFC 9112, 9.3).

    Proxy-Connection, which is not standardised but sent by some clients, is treated like
    Connection: closing is always allowed.
    """
    said = ",".join(head.values("connection") + head.values("proxy-connection")).lower()
    if version == "1.1" and "close" not in said:
        return True
    options = [option.strip(" \t") for option in said.split(",")]
    return "close" not in options and (version == "1.1" or "keep-alive" in options)


def read_chunk_size(line: bytes | bytearray) -> int:
    """Return the size of the chunk that a line announces; extensions are ignored.

    Args:
        line: The line, with its line end.

    Raises:
        HttpSyntaxError: The line has no valid size.
    """
    found = SIZE_LINE.fullmatch(line)
    if found is None:
        raise HttpSyntaxError("a chunk does not begin with its size in hexadecimal")
    return int(found[1], 16)


def check_trailer(line: bytes | bytearray) -> None:
    """Check a line after the last chunk; trailers are otherwise ignored.

    Args:
        line: The line, with its line end.

    Raises:
        HttpSyntaxError: The line is not a header, or is one that is not allowed in trailers.
    """
    found = _TRAILER_LINE.fullmatch(line)
    if found is None:
        raise HttpSyntaxError("a line after the last chunk is not a header")
    if found[1].lower() in _NO_TRAILERS:
        raise HttpSyntaxError(f"{found[1].decode()} is not allowed after the body")
