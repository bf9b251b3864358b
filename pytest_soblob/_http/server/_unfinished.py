"""What a client has begun to send and not completed."""

from dataclasses import dataclass
from typing import Literal

from pytest_soblob.wire import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A request or a TLS handshake that is incomplete.

    Attributes:
        connection: Number of the connection.
        part: The part that is incomplete.
        head: Head of the request, or None if it is incomplete.
        received: Bytes of the request received; 0 for a handshake, where it is not known.
        is_over: Whether the connection has ended.
        why: Reason for the end of a handshake; None if it is not known.
    """

    connection: int
    part: Literal["handshake", "head", "body"]
    head: HttpRequest | None = None
    received: int = 0
    is_over: bool = False
    why: str | None = None

    def __str__(self) -> str:
        """The description in one line; the method is the only text of the client in it."""
        where = f"connection {self.connection}: "
        if self.part == "handshake":
            end = "failed" if self.is_over else "is not complete"
            return f"{where}the TLS handshake {end}{f': {self.why}' if self.why else ''}"
        method = "a request" if self.head is None else f"a {self.head.method:.20}"
        end = "broke off in its" if self.is_over else "is not complete: it waits for more of the"
        length = None if self.head is None else self.head.header("Content-Length")
        whole = f" (Content-Length: {length:.20})" if length else ""
        return f"{where}{method} {end} {self.part}, after {self.received:,} bytes in all{whole}"
