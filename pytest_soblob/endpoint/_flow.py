"""What came before a call: failed saves, expired tickets, ids that were given, uploads in doubt."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar

from pytest_soblob.contract import SAVE_IMAGE_STREAM
from pytest_soblob.endpoint._call import Answer, Call
from pytest_soblob.failures import Knowledge
from pytest_soblob.messages import (
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    SaveImageStreamRequest,
)
from pytest_soblob.validators import flow
from pytest_soblob.violations import Violation

T = TypeVar("T")
_ATTACHES: Final = frozenset({"ChangePersonImage", "ChangeProjectImage"})
_MOST_RETRIES: Final = 2
_LONGEST_KEPT: Final = 64
_LEAST_KEPT: Final = 100

# Type, description and digest of the image: what makes two uploads the same; of a long text its
# digest.
Upload: TypeAlias = tuple[str | None, str | None, bytes]
_UNREAD: Final[Upload] = (None, None, hashlib.sha256().digest())


@dataclass(slots=True)
class RefusedTicket:
    """A ticket that was refused as expired.

    Attributes:
        connections: On which its client has been told so.
        accepted: How many connections there were then; whoever opens a later one has been told.
    """

    connections: set[int | None] = field(default_factory=set)
    accepted: int = 0


class Flow:
    """The memory of one view.

    Attributes:
        untold: Ids of blobs that were stored under an answer which did not say so: orphans.
    """

    def __init__(self) -> None:
        # Why, by upload, as long as nothing has made it good.
        self._failed_saves: dict[Upload, str] = {}
        self._given: dict[int, None] = {}  # in order
        self._given_up_to = 0  # the largest id that was given and is not remembered any more
        self._refused_tickets: dict[str, RefusedTicket] = {}
        self._failures: dict[Upload, tuple[int, str]] = {}
        self._unsure: dict[Upload, str] = {}
        self.untold: set[int] = set()

    def judge(self, call: Call, known_blobs: Mapping[int, object]) -> Iterator[Violation]:
        """Yield what is wrong with a call as the next one after all that came before.

        Args:
            call: Judged on its own.
            known_blobs: By id; a test may have put some in.
        """
        envelope = call.envelope
        if envelope is None:
            return
        if call.ticket in self._refused_tickets and self._has_been_told(call):
            yield flow.ticket_used_after_expiry(envelope)
        operation = call.verdict.operation
        if operation in _ATTACHES:
            yield from self._judge_attach(call, known_blobs)
        elif operation == SAVE_IMAGE_STREAM.name and (self._failures or self._unsure):
            upload = upload_of(call)
            if upload in self._failures:
                failures, why = self._failures[upload]
                if failures >= _MOST_RETRIES:
                    yield flow.retried_twice(envelope, failures, why)
            if upload in self._unsure:
                yield flow.sent_again_unsure(envelope, self._unsure[upload])

    def observe(self, call: Call, answer: Answer, accepted: int) -> None:
        """Remember what became of a call.

        Args:
            call: That was answered.
            answer: Its answer.
            accepted: How many connections have been taken by now.
        """
        if answer.refusal == "ticket-expired" and call.ticket is not None:
            refused = self._refused_tickets.setdefault(call.ticket, RefusedTicket())
            refused.connections.add(call.connection)
            refused.accepted = accepted
        if (call.verdict.operation or call.verdict.judged_as) != SAVE_IMAGE_STREAM.name:
            return
        if answer.why is not None:
            self._note_failed_save(upload_of(call), answer.why)
        elif self._failed_saves:
            self._make_good(upload_of(call))
        told = answer.knowledge is Knowledge.TOLD
        if answer.blob_id is not None and told:
            self._given[answer.blob_id] = None
            self.untold.discard(answer.blob_id)
        elif answer.blob_id is not None:
            self.untold.add(answer.blob_id)
        if not told:
            self._doubt(call, answer)
        elif self._failures or self._unsure:
            self._failures.pop(upload_of(call), None)
            self._unsure.pop(upload_of(call), None)

    def lose(self, call: Call, blob_id: int | None) -> None:
        """Remember that a client did not wait for the answer to a save."""
        upload, why = upload_of(call), "the client did not wait for the answer"
        self._unsure[upload] = why
        self._note_failed_save(upload, why)
        if blob_id is not None:
            self.untold.add(blob_id)

    def turn_away(self, why: str) -> None:
        """Remember a request that was refused unread, so large that it can only be an upload."""
        self._note_failed_save(_UNREAD, why)

    def forget(self, most: int, known_blobs: Mapping[int, object]) -> None:
        """Remember the newest of each kind alone, so many at the most, but enough for a flow."""
        most = max(most, _LEAST_KEPT)
        self._given_up_to = max([self._given_up_to, *_let_go(self._given, most)])
        _let_go(self._failed_saves, most)
        _let_go(self._failures, most)
        _let_go(self._unsure, most)
        _let_go(self._refused_tickets, most)
        self.untold &= known_blobs.keys()

    def _make_good(self, upload: Upload) -> None:
        """Forget the failures that a success may be the second, better try of.

        It is where it is the same upload, or says the same of another image, as a client does that
        has made it smaller, or another kind; and for all that is known of what was too large.
        """
        kind, description, _ = upload
        for failed in tuple(self._failed_saves):
            if failed in (upload, _UNREAD) or (description and failed[:2] == (kind, description)):
                del self._failed_saves[failed]

    def _note_failed_save(self, upload: Upload, why: str) -> None:
        self._failed_saves.pop(upload, None)
        self._failed_saves[upload] = why  # the newest is the last

    def _doubt(self, call: Call, answer: Answer) -> None:
        upload, why = upload_of(call), answer.why or "no usable answer"
        if answer.knowledge is Knowledge.REFUSED:
            failures, _ = self._failures.get(upload, (0, ""))
            self._failures[upload] = (failures + 1, why)
        elif answer.knowledge is Knowledge.UNSURE:
            self._unsure[upload] = why

    def _has_been_told(self, call: Call) -> bool:
        """Whether the client knew of the refusal: several uploads may be under way at once."""
        refused = self._refused_tickets[str(call.ticket)]
        if call.connection is None or call.connection in refused.connections:
            return True
        return call.connection > refused.accepted

    def _judge_attach(self, call: Call, known_blobs: Mapping[int, object]) -> Iterator[Violation]:
        message, envelope = call.message(), call.envelope
        if envelope is None or not isinstance(
            message, ChangePersonImageRequest | ChangeProjectImageRequest
        ):
            return
        if not message.blob_id:
            if self._failed_saves:
                *_, why = self._failed_saves.values()
                yield from flow.iter_lost_picture(envelope, message.operation, why)
        elif not (message.blob_id in known_blobs or self._has_given(message.blob_id)):
            yield flow.blob_id_never_given(envelope, message.blob_id, tuple(self._given))

    def _has_given(self, blob_id: int) -> bool:
        return blob_id in self._given or 0 < blob_id <= self._given_up_to


def upload_of(call: Call) -> Upload:
    """Return what makes an upload the same as another."""
    message = call.message()
    if not isinstance(message, SaveImageStreamRequest):
        return None, None, hashlib.sha256(call.request.body).digest()
    digest = hashlib.sha256(message.image or b"").digest()
    kind = None if message.type is None else str(message.type)
    return _shortened(kind), _shortened(message.description), digest


def _shortened(text: str | None) -> str | None:
    """Return a text, or the digest of a long one: what is remembered must not grow with it."""
    if text is None or len(text) <= _LONGEST_KEPT:
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _let_go(memory: dict[T, Any], most: int) -> list[T]:
    """Let the oldest go, and return them."""
    oldest = list(islice(memory, max(len(memory) - most, 0)))
    for key in oldest:
        del memory[key]
    return oldest
