"""What makes two calls the same attempt, and who has been told how one of them ended."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pytest_soblob.contract import BlobLinkType
from pytest_soblob.endpoint._call import Call
from pytest_soblob.messages import SaveImageStreamRequest

_LONGEST_KEPT: Final = 64
# The link types whose blobs are attached by an operation that is played here.
_ATTACHED: Final = (str(BlobLinkType.PersonImage), str(BlobLinkType.ProjectImage))


class Attempt(NamedTuple):
    """A call, but for its ticket: the next one that is equal is the same again.

    Attributes:
        kind: The link type of an upload; the name of any other operation. None where the upload has
            none, or could not be read.
        description: Of an upload; of a long text the digest.
        digest: Of the image; where there is none, of the whole body.
        is_read: Whether more is known of it than its bytes.
    """

    kind: str | None
    description: str | None
    digest: bytes
    is_read: bool = True

    @property
    def is_attached(self) -> bool:
        """Whether its blob is one that an operation attaches, which is played here."""
        return self.kind in _ATTACHED

    def may_be_another_try_of(self, failed: "Attempt") -> bool:
        """Whether this one may have made good a failed one: the same, or the same of another image.

        That is what a client does that has made the image smaller, or another kind; and for all
        that is known, that of what could not be read.
        """
        return self == failed or not failed.is_read or self[:2] == failed[:2]


UNREAD: Final = Attempt(None, None, b"", is_read=False)


def attempt_of(call: Call) -> Attempt:
    """Return what makes a call the same as another."""
    message = call.message()
    if message is None:
        return Attempt(None, None, hashlib.sha256(call.request.body).digest(), is_read=False)
    if not isinstance(message, SaveImageStreamRequest):
        return Attempt(message.operation.name, None, hashlib.sha256(call.request.body).digest())
    digest = hashlib.sha256(message.image or b"").digest()
    kind = None if message.type is None else str(message.type)
    return Attempt(_shortened(kind), _shortened(message.description), digest)


def _shortened(text: str | None) -> str | None:
    """Return a text, or the digest of a long one: what is remembered must not grow with it."""
    if text is None or len(text) <= _LONGEST_KEPT:
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class Told:
    """Who knows how calls have ended: several may be under way at once.

    Attributes:
        connections: On which the answers went; None for one in the process.
        accepted: How many connections there had been when the last of them went.
    """

    connections: set[int | None] = field(default_factory=set)
    accepted: int = 0

    def add(self, call: Call, accepted: int) -> None:
        """Take note that the client of a call is told."""
        self.connections.add(call.connection)
        self.accepted = accepted

    def includes(self, call: Call, is_open: Callable[[int], bool]) -> bool:
        """Whether the client of a call has been told.

        On the same connection it has. On one that was made afterwards as well, if the others are
        closed by then: of a pool, one worker's connection says nothing of what another knows.
        """
        number = call.connection
        if number is None or number in self.connections:
            return True
        others = (other for other in self.connections if other is not None)
        return number > self.accepted and not any(map(is_open, others))


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal of an attempt.

    Attributes:
        why: As the client was told.
        ticket: That was refused; None where the ticket was not the reason.
        told: Who knows of it.
    """

    why: str
    ticket: str | None
    told: Told

    def is_known(self, call: Call, is_open: Callable[[int], bool]) -> bool:
        """Whether who calls again does so in spite of it."""
        return self.ticket in (None, call.ticket) and self.told.includes(call, is_open)
