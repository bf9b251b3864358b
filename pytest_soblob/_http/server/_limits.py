"""Time and size limits of a connection."""

from dataclasses import dataclass, fields

from pytest_soblob._basics.numbers import is_number, is_whole
from pytest_soblob.errors import SoblobError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time and size limits of a connection to the endpoint.

    Attributes:
        body_bytes: Largest size of a request body in bytes; a larger one is answered with 413.
        idle_s: Seconds that a connection may wait for its next request.
        head_s: Seconds from the first byte of a head to its last, so that no client holds a
            connection by sending a byte now and then; after that 408.
        stall_s: Seconds without progress, while a body arrives or an answer is read.
        body_s: Seconds that a whole body may take.
        linger_s: Seconds that a closing connection waits for its client after the answer.

    Raises:
        SoblobError: A value is not a number over 0.
    """

    body_bytes: int = 1024 * 1024 * 1024
    idle_s: float = 120.0
    head_s: float = 30.0
    stall_s: float = 60.0
    body_s: float = 600.0
    linger_s: float = 2.0

    def __post_init__(self) -> None:
        if not (is_whole(self.body_bytes) and self.body_bytes >= 1):
            raise SoblobError(f"body_bytes must be 1 or more, not {self.body_bytes!r:.60}")
        for name in (field.name for field in fields(self) if field.name != "body_bytes"):
            value = getattr(self, name)
            if not (is_number(value) and value > 0):
                raise SoblobError(f"{name} must be over 0, not {value!r:.60}")
