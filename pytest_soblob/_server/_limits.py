"""How long and how large: what a connection may cost."""

from dataclasses import dataclass, fields

from pytest_soblob._numbers import is_number, is_whole
from pytest_soblob.errors import SoblobError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a connection to the endpoint may cost, in time and size.

    Attributes:
        body_bytes: Size of a request's body; a larger one is answered with 413.
        idle_s: Seconds that a connection may wait for its next request.
        head_s: Seconds that the head of a request may take from its first byte on, so that nobody
            holds a connection with a byte now and then; after that 408.
        stall_s: Seconds without progress, of a body that comes or of an answer that is not read.
        body_s: Seconds that a whole body may take.
        linger_s: Seconds that a closing connection waits for its client once the answer has left.

    Raises:
        SoblobError: A value that is no number over 0.
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
