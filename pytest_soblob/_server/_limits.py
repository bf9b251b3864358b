"""How long and how large: what a connection may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a connection may cost.

    Attributes:
        body_bytes: Size of a request's body; a larger one is answered with 413.
        idle_s: Seconds that a connection may wait for its next request.
        head_s: Seconds that the head of a request may take from its first byte on, so that nobody
            holds a connection with a byte now and then; after that 408.
        stall_s: Seconds without progress, of a body that comes or of an answer that is not read.
        body_s: Seconds that a whole body may take.
        linger_s: Seconds that a closing connection waits for its client once the answer has left.
    """

    body_bytes: int = 1024 * 1024 * 1024
    idle_s: float = 120.0
    head_s: float = 30.0
    stall_s: float = 60.0
    body_s: float = 600.0
    linger_s: float = 2.0
