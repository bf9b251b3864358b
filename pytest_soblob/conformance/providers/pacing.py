"""When a call may be sent: a rate, and waits after 429 and 503. Budgets of uploads."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from pytest_soblob.conformance.providers.values import Options
from pytest_soblob.wire import HttpResponse

OVERLOADED: Final = (429, 503)
LONGEST_WAIT_S: Final = 30.0
MOST_WAITS_S: Final = 120.0  # of all waits after 429 and 503 together
MOST_RETRIES: Final = 3
_FIRST_WAIT_S: Final = 1.0


class SpentError(Exception):
    """The budget of uploads or bytes is spent."""


class GaveUpError(Exception):
    """Nothing more is sent; the text says why."""


@dataclass(slots=True)
class Pace:
    """Keeps to a rate.

    Attributes:
        rate: Largest number of calls per second.
        sleep: Waits for some seconds.
        clock: Seconds that only grow.
        waited_s: Seconds of all waits after 429 and 503.
    """

    rate: float
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    waited_s: float = field(default=0.0, init=False)
    _next: float = field(default=0.0, init=False)

    def wait(self) -> None:
        """Wait until the next call may be sent."""
        now = self.clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.rate

    def back_off(self, response: HttpResponse, attempt: int) -> float:
        """Wait as an overloaded server asks, at most 30 s; return the seconds.

        Raises:
            GaveUpError: It would be more than 120 s with all waits before; nothing is waited for.
        """
        asked = retry_after_s(response.header("Retry-After"))
        seconds = _FIRST_WAIT_S * 2**attempt if asked is None else asked
        seconds = min(max(seconds, 0.0), LONGEST_WAIT_S)
        if self.waited_s + seconds > MOST_WAITS_S:
            raise GaveUpError(
                f"the waits after 429 and 503 would be more than {MOST_WAITS_S:g} s in all"
            )
        self.waited_s += seconds
        self.sleep(seconds)
        return seconds


def retry_after_s(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header; None if it says nothing (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (at - datetime.now(UTC)).total_seconds()


@dataclass(slots=True)
class Budget:
    """What may still be uploaded.

    Attributes:
        options: The limits.
        uploads: Number of uploads sent so far.
        sent_bytes: Bytes of their bodies.
    """

    options: Options
    uploads: int = 0
    sent_bytes: int = 0

    @property
    def uploads_left(self) -> int:
        """Number of uploads that may still be sent."""
        return self.options.most_uploads - self.uploads if self.options.allow_writes else 0

    @property
    def bytes_left(self) -> int:
        """Number of bytes that may still be sent in uploads."""
        return self.options.max_bytes - self.sent_bytes

    def take(self, size: int) -> None:
        """Count one upload.

        Raises:
            SpentError: It would be over a limit, or writes are not allowed.
        """
        if not self.options.allow_writes:
            raise SpentError("uploads are not allowed without --allow-writes")
        if self.uploads_left < 1:
            raise SpentError(f"all {self.options.most_uploads} uploads are spent (--max-uploads)")
        if size > self.bytes_left:
            raise SpentError(f"it needs {size:,} bytes, {self.bytes_left:,} are left (--max-bytes)")
        self.uploads += 1
        self.sent_bytes += size
