"""What httptools tells, put together: one message after the other."""

from collections.abc import Callable
from typing import Final

from pytest_soblob._http._assembly import Assembly
from pytest_soblob._http._received import HeadTooLargeError, TooLargeError

MOST_HEADERS: Final = 1_000


class Collector:
    """What httptools calls while it reads; one message after the other.

    Args:
        largest_body: Bytes that a body may have; None means any number.
        finish: Called with each message that is complete.
        assembly: Where bodies that come in pieces are put together.
        check_head: Called with each head that is complete, before its body; None for no check.
    """

    def __init__(
        self,
        largest_body: int | None,
        finish: Callable[[], None],
        assembly: Assembly,
        check_head: Callable[[], None] | None = None,
    ) -> None:
        self._check_head = check_head
        self._largest_body = largest_body
        self._finish = finish
        self._assembly = assembly
        self.begun = False
        self.on_message_begin()
        self.begun = False

    def on_message_begin(self) -> None:
        self.url = b""
        self.reason = b""
        self.headers: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.body = b""
        self.size = 0
        self._whole: int | None = None
        self.head_complete = False
        self.begun = True

    def on_url(self, data: bytes) -> None:
        self.url += data

    def on_status(self, data: bytes) -> None:
        self.reason += data

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_complete:
            return  # a trailer: nobody reads it, and it must not pass for a header
        if len(self.headers) >= MOST_HEADERS:
            raise HeadTooLargeError(f"there are more than {MOST_HEADERS:,} headers")
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))
        self.names.append(self.headers[-1][0].lower())

    def on_headers_complete(self) -> None:
        self.head_complete = True
        if self._check_head is not None:
            self._check_head()
        # httptools has seen to it that there is one, and that it is a number.
        lengths = self.values("content-length")
        self._whole = int(lengths[0][:20]) if lengths else None
        self._check_size(self._whole or 0)

    def on_body(self, data: bytes) -> None:
        if not self.size and self._whole in (None, len(data)):
            self.body = data  # most come in one piece: no copy of it
            self.size = len(data)
        else:
            if self.body:
                self._assembly.put(self.body, 0, self._whole)
                self.body = b""
            self.put(data)
        self._check_size(self.size)

    def put(self, data: bytes | memoryview) -> None:
        """Put a piece of the body behind those before."""
        self._assembly.put(data, self.size, self._whole)
        self.size += len(data)

    def values(self, name: str) -> list[str]:
        """Return the values of the headers of that name, which is in lower case."""
        if name not in self.names:
            return []
        return [self.headers[at][1] for at, other in enumerate(self.names) if other == name]

    @property
    def missing(self) -> int:
        """Bytes of the body that are still to come, as far as the head has told."""
        if self._whole is None or not (self.begun and self.head_complete):
            return 0
        return self._whole - self.size

    def place(self) -> memoryview | None:
        """Return where the next of them are to lie; None where they are to be handed over."""
        return self._assembly.place(self.size, self.size + self.missing)

    def _check_size(self, size: int) -> None:
        if self._largest_body is not None and size > self._largest_body:
            raise TooLargeError(f"the body is over {self._largest_body:,} bytes")

    def on_message_complete(self) -> None:
        self.begun = False
        if self.size and not self.body:
            self.body = self._assembly.take(self.size)
        self._finish()
