"""What came before a call: failed saves, expired tickets, ids that were given, uploads in doubt."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeVar

from pytest_soblob.contract import OPERATIONS, SAVE_IMAGE_STREAM
from pytest_soblob.endpoint._attempts import UNREAD, Attempt, Refused, Told, attempt_of
from pytest_soblob.endpoint._call import Answer, Call
from pytest_soblob.failures import Knowledge
from pytest_soblob.messages import (
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    GetBlobStreamRequest,
)
from pytest_soblob.validators import flow
from pytest_soblob.violations import Violation

T = TypeVar("T")
_SAVE: Final = SAVE_IMAGE_STREAM.name
_ATTACHES: Final = frozenset({"ChangePersonImage", "ChangeProjectImage"})
_READS: Final = frozenset({"GetBlobStream", "GetPersonImage", "GetProjectImage"})
# What nobody should go on trying; to read again is no harm.
_TRIED: Final = frozenset({_SAVE, "AuthenticateUsernamePassword"}) | _ATTACHES
_MOST_RETRIES: Final = 2
_LEAST_KEPT: Final = 100
_LEAST_KEPT_IDS: Final = 10_000


@dataclass(slots=True)
class FailedSave:
    """A save that failed, as far as the client knows.

    Attributes:
        why: As it was told, or not told.
        stored_as: The id of the blob that it left all the same; None where it left none.
        mended_by: The ids that were given afterwards to what may be another try of it.
    """

    why: str
    stored_as: int | None = None
    mended_by: list[int] = field(default_factory=list)

    @property
    def is_mended(self) -> bool:
        """Whether another try has come: if there are two, they are rather more of the same kind."""
        return len(self.mended_by) == 1


class Flow:
    """The memory of one view.

    Attributes:
        untold: Ids of blobs that were stored under an answer which did not say so: orphans.
    """

    def __init__(self) -> None:
        self._failed_saves: dict[Attempt, FailedSave] = {}
        self._given: dict[int, None] = {}  # in order
        self._given_up_to = 0  # the largest id that was given and is not remembered any more
        self._refused_tickets: dict[str, Told] = {}
        self._refused: dict[Attempt, list[Refused]] = {}
        self._unsure: dict[Attempt, str] = {}
        self.untold: set[int] = set()

    # -- judging -------------------------------------------------------------------------------

    def judge(
        self, call: Call, known_blobs: Mapping[int, object], is_open: Callable[[int], bool]
    ) -> Iterator[Violation]:
        """Yield what is wrong with a call as the next one after all that came before.

        Args:
            call: Judged on its own.
            known_blobs: By id; a test may have put some in.
            is_open: Whether the connection of that number is.
        """
        envelope, name = call.envelope, call.verdict.operation
        if envelope is None:
            return
        if self._uses_refused_ticket(call, is_open):
            yield flow.ticket_used_after_expiry(envelope)
        if name in _ATTACHES:
            yield from self._judge_attach(call, known_blobs)
        if name in _TRIED and (self._refused or self._unsure):
            attempt = attempt_of(call)
            refused = [r for r in self._refused.get(attempt, ()) if r.is_known(call, is_open)]
            if len(refused) >= _MOST_RETRIES:
                yield flow.retried_twice(envelope, len(refused), refused[-1].why)
            if attempt in self._unsure:
                yield flow.sent_again_unsure(envelope, self._unsure[attempt])

    def _uses_refused_ticket(self, call: Call, is_open: Callable[[int], bool]) -> bool:
        operation = OPERATIONS.get(call.verdict.operation or "")
        if operation is not None and not operation.needs_credentials:
            return False  # who logs in anew may send the old one along: nobody reads it
        told = self._refused_tickets.get(call.ticket or "")
        return told is not None and told.includes(call, is_open)

    def _judge_attach(self, call: Call, known_blobs: Mapping[int, object]) -> Iterator[Violation]:
        message, envelope = call.message(), call.envelope
        if envelope is None or not isinstance(
            message, ChangePersonImageRequest | ChangeProjectImageRequest
        ):
            return
        if not message.blob_id:
            failed = [save for save in self._failed_saves.values() if not save.is_mended]
            if failed:
                yield from flow.iter_lost_picture(envelope, message.operation, failed[-1].why)
        elif not (message.blob_id in known_blobs or self._has_given(message.blob_id)):
            yield flow.blob_id_never_given(envelope, message.blob_id, tuple(self._given))

    def _has_given(self, blob_id: int) -> bool:
        return blob_id in self._given or 0 < blob_id <= self._given_up_to

    # -- remembering ---------------------------------------------------------------------------

    def observe(self, call: Call, answer: Answer, accepted: int) -> None:
        """Remember what became of a call.

        Args:
            call: That was answered.
            answer: Its answer.
            accepted: How many connections have been taken by now.
        """
        name = call.verdict.operation or call.verdict.judged_as
        if answer.refusal == "ticket-expired" and call.ticket is not None:
            told = self._refused_tickets.pop(call.ticket, Told())
            told.add(call, accepted)
            self._refused_tickets[call.ticket] = told  # the newest is the last, here and elsewhere
        if name in _TRIED:
            self._note_outcome(call, answer, accepted)
        if name == _SAVE:
            self._note_save(call, answer)
        elif name in _ATTACHES and answer.why is None:
            self._note_known(getattr(call.message(), "blob_id", None))
        elif name in _READS:
            self._unsure.clear()  # that is to find out
            message = call.message()
            if answer.why is None and isinstance(message, GetBlobStreamRequest):
                self._note_known(message.blob_id)

    def _note_outcome(self, call: Call, answer: Answer, accepted: int) -> None:
        """Remember a refusal, and forget those before a success."""
        if answer.knowledge is Knowledge.REFUSED:
            by_ticket = (answer.refusal or "").startswith("ticket-")
            told = Told()
            told.add(call, accepted)
            attempt = attempt_of(call)
            refused = self._refused.pop(attempt, [])[1 - _LEAST_KEPT :]
            ticket = call.ticket if by_ticket else None
            self._refused[attempt] = [*refused, Refused(answer.why or "refused", ticket, told)]
        elif answer.knowledge is Knowledge.TOLD and self._refused:
            self._refused.pop(attempt_of(call), None)

    def _note_save(self, call: Call, answer: Answer) -> None:
        if answer.why is not None:
            self._note_failed_save(attempt_of(call), FailedSave(answer.why, answer.blob_id))
        elif self._failed_saves:
            self._mend(attempt_of(call), answer.blob_id)
        told = answer.knowledge is Knowledge.TOLD
        if told and self._unsure:
            self._unsure.pop(attempt_of(call), None)
        elif answer.knowledge is Knowledge.UNSURE:
            self._note_unsure(attempt_of(call), answer.why or "no usable answer")
        if answer.blob_id is None:
            return
        if told:
            self._given.pop(answer.blob_id, None)
            self._given[answer.blob_id] = None
            self.untold.discard(answer.blob_id)
        else:
            self.untold.add(answer.blob_id)

    def _note_known(self, blob_id: int | None) -> None:
        """Remember that the client has that blob: it goes by no failure of it any more."""
        if not blob_id:
            return
        self.untold.discard(blob_id)
        for attempt, failed in tuple(self._failed_saves.items()):
            if blob_id in (failed.stored_as, *failed.mended_by):
                del self._failed_saves[attempt]
                self._unsure.pop(attempt, None)

    def _mend(self, attempt: Attempt, blob_id: int | None) -> None:
        """Take note of a success that may be the second, better try of what failed."""
        for failed in tuple(self._failed_saves):
            if attempt.may_be_another_try_of(failed):
                if attempt.is_attached and blob_id is not None:
                    self._failed_saves[failed].mended_by.append(blob_id)
                else:
                    del self._failed_saves[failed]

    def _note_failed_save(self, attempt: Attempt, failed: FailedSave) -> None:
        self._failed_saves.pop(attempt, None)
        self._failed_saves[attempt] = failed

    def _note_unsure(self, attempt: Attempt, why: str) -> None:
        self._unsure.pop(attempt, None)
        self._unsure[attempt] = why

    def lose(self, call: Call, blob_id: int | None) -> None:
        """Remember that a client did not wait for the answer to a save."""
        attempt, why = attempt_of(call), "the client did not wait for the answer"
        self._note_unsure(attempt, why)
        self._note_failed_save(attempt, FailedSave(why, blob_id))
        if blob_id is not None:
            self.untold.add(blob_id)

    def turn_away(self, why: str) -> None:
        """Remember a request that was refused unread, so large that it can only be an upload."""
        self._note_failed_save(UNREAD, FailedSave(why))

    def forget(self, most: int, known_blobs: Mapping[int, object]) -> None:
        """Remember the newest of each kind alone, so many at the most, but enough for a flow."""
        most = max(most, _LEAST_KEPT)
        for number in _let_go(self._given, max(most, _LEAST_KEPT_IDS)):
            # A test may have had any id given: of others the smaller ones say nothing.
            self._given_up_to += number == self._given_up_to + 1
        _let_go(self._failed_saves, most)
        _let_go(self._refused, most)
        _let_go(self._unsure, most)
        _let_go(self._refused_tickets, most)
        self.untold &= known_blobs.keys()


def _let_go(memory: dict[T, Any], most: int) -> list[T]:
    """Let the oldest go, and return them."""
    oldest = list(islice(memory, max(len(memory) - most, 0)))
    for key in oldest:
        del memory[key]
    return oldest
