"""The memory of the flow: failed saves, expired tickets, issued ids, uploads in doubt."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

from pytest_soblob.contract import OPERATIONS, SAVE_IMAGE_STREAM
from pytest_soblob.judge.validators import flow
from pytest_soblob.judge.violations import Violation
from pytest_soblob.soap.messages import (
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    GetBlobStreamRequest,
)
from pytest_soblob.stub.endpoint._attempts import UNREAD
from pytest_soblob.stub.endpoint._call import Call, CallResult
from pytest_soblob.stub.endpoint._records import (
    Credentials,
    Event,
    InformedConnections,
    ReportedFailure,
    Table,
)
from pytest_soblob.stub.failures import Knowledge
from pytest_soblob.stub.netserver import FIRST_BLOB_ID, blob_id_after

T = TypeVar("T")
_SAVE: Final = SAVE_IMAGE_STREAM.name
_ATTACHES: Final = frozenset({"ChangePersonImage", "ChangeProjectImage"})
_READS: Final = frozenset({"GetBlobStream", "GetPersonImage", "GetProjectImage"})
# Operations that must not be repeated after a failure; reading again does no harm.
_TRIED: Final = frozenset({_SAVE, "AuthenticateUsernamePassword"}) | _ATTACHES
_MOST_RETRIES: Final = 2
_LEAST_KEPT: Final = 100
_LEAST_KEPT_IDS: Final = 10_000


class Flow:
    """The memory of one view.

    Attributes:
        orphan_ids: Ids of blobs that were stored although no answer has given their id.
    """

    def __init__(self) -> None:
        self._tried = Table()
        self._given: dict[int, None] = {}  # ids in answers, in order
        self._given_up_to = 0  # the largest id that was given and is no longer in the dict
        self._next_forgotten = FIRST_BLOB_ID
        self._expired: dict[str, InformedConnections] = {}  # by ticket, the newest failure last
        self.orphan_ids: set[int] = set()

    @property
    def is_quiet(self) -> bool:
        """True if no attempt has failed that the next call could repeat."""
        return not self._tried

    # -- judging -------------------------------------------------------------------------------

    def judge(
        self, call: Call, known_blobs: Mapping[int, object], is_open: Callable[[int], bool]
    ) -> Iterator[Violation]:
        """Yield the violations of a call as the next step of the flow.

        Args:
            call: Call that was judged on its own.
            known_blobs: Blobs by id; a test may have added some.
            is_open: Returns True if the connection of that number is open.
        """
        envelope, name = call.envelope, call.verdict.operation
        if envelope is None:
            return
        if self._uses_expired_ticket(call, is_open):
            yield flow.ticket_used_after_expiry(envelope)
        if name in _ATTACHES:
            yield from self._judge_attach(call, known_blobs)
        record = self._tried.get(call.attempt) if name in _TRIED and self._tried else None
        if record is not None:
            failures = [f for f in record.failures if f.counts_against(call, is_open)]
            if len(failures) >= _MOST_RETRIES:
                yield flow.retried_twice(envelope, len(failures), failures[-1].reason)
            if record.doubt is not None:
                yield flow.retry_after_unknown_outcome(envelope, record.doubt)

    def _uses_expired_ticket(self, call: Call, is_open: Callable[[int], bool]) -> bool:
        operation = OPERATIONS.get(call.verdict.operation or "")
        if operation is not None and not operation.needs_credentials:
            return False  # a log-in ignores the ticket that is sent with it
        informed = self._expired.get(call.ticket or "")
        return informed is not None and informed.includes(call, is_open)

    def _judge_attach(self, call: Call, known_blobs: Mapping[int, object]) -> Iterator[Violation]:
        message, envelope = call.message(), call.envelope
        if envelope is None or not isinstance(
            message, ChangePersonImageRequest | ChangeProjectImageRequest
        ):
            return
        if not message.blob_id:
            lost = self._tried.newest_lost
            if lost is not None:
                yield from flow.iter_lost_picture(envelope, message.operation, lost.reason)
        elif not (message.blob_id in known_blobs or self._has_given(message.blob_id)):
            yield flow.blob_id_never_given(envelope, message.blob_id, tuple(self._given))

    def _has_given(self, blob_id: int) -> bool:
        return blob_id in self._given or 0 < blob_id <= self._given_up_to

    # -- remembering ---------------------------------------------------------------------------

    def observe(self, call: Call, result: CallResult, accepted: int) -> None:
        """Remember the result of a call.

        Args:
            call: The answered call.
            result: Its result.
            accepted: Number of connections accepted so far.
        """
        name = call.verdict.operation or call.verdict.judged_as
        if result.business_failure_name == "ticket-expired" and call.ticket is not None:
            informed = self._expired.pop(call.ticket, InformedConnections())
            informed.add(call, accepted)
            self._expired[call.ticket] = informed
        if name == _SAVE:
            self._observe_save(call, result, accepted)
        elif name in _TRIED:
            self._observe_other(call, result, accepted)
        elif name in _READS:
            self._tried.seek()
        if name in _ATTACHES or name in _READS:
            self._note_known(call, result)

    def _observe_save(self, call: Call, result: CallResult, accepted: int) -> None:
        blob_id = result.blob_id
        if result.knowledge is not Knowledge.ANSWERED:
            event = Event.OPEN if result.knowledge is Knowledge.UNKNOWN else Event.LOST
            reason = result.reason or "no usable answer"
            failure = _reported_failure(call, result, accepted)
            self._tried.fail(call.attempt, event, reason, blob_id, failure)
            self.orphan_ids |= set() if blob_id is None else {blob_id}
            return
        if self._tried:
            self._tried.succeed(call.attempt)
            self._tried.liken(call.attempt, blob_id)
        if blob_id is not None:
            self._given.pop(blob_id, None)
            self._given[blob_id] = None
            self.orphan_ids.discard(blob_id)

    def _observe_other(self, call: Call, result: CallResult, accepted: int) -> None:
        failure = _reported_failure(call, result, accepted)
        if failure is not None:
            self._tried.fail(call.attempt, Event.BUSINESS_FAILURE, failure.reason, failure=failure)
        elif result.knowledge is Knowledge.ANSWERED and self._tried:
            self._tried.succeed(call.attempt)

    def _note_known(self, call: Call, result: CallResult) -> None:
        """Remember that the client has a blob, which it has attached or read."""
        if result.reason is not None:
            return
        message = call.message()
        if isinstance(
            message, ChangePersonImageRequest | ChangeProjectImageRequest | GetBlobStreamRequest
        ):
            self.orphan_ids.discard(message.blob_id or 0)
            self._tried.find(message.blob_id or 0)

    def lose(self, call: Call, blob_id: int | None) -> None:
        """Remember that a client did not wait for the answer to a save."""
        reason = "the client did not wait for the answer"
        self._tried.fail(call.attempt, Event.OPEN, reason, blob_id)
        if blob_id is not None:
            self.orphan_ids.add(blob_id)

    def record_rejected_upload(self, reason: str) -> None:
        """Remember a request that was rejected unread; by its size it can only be an upload."""
        self._tried.fail(UNREAD, Event.LOST, reason)

    def forget(self, most: int, known_blobs: Mapping[int, object]) -> None:
        """Keep only the newest entries of each kind.

        Args:
            most: Number to keep of each kind; at least 100 are kept, and 10,000 ids.
            known_blobs: Blobs that are still kept, by id.
        """
        most = max(most, _LEAST_KEPT)
        for number in _remove_oldest(self._given, max(most, _LEAST_KEPT_IDS)):
            # A test may have scripted any id; only those of the endpoint's own sequence say more.
            if number == self._next_forgotten:
                self._given_up_to = number
                self._next_forgotten = blob_id_after(number)
        self._tried.forget(most)
        _remove_oldest(self._expired, most)
        self.orphan_ids &= known_blobs.keys()


def _reported_failure(call: Call, result: CallResult, accepted: int) -> ReportedFailure | None:
    """Return the business failure of a call, or None."""
    if result.knowledge is not Knowledge.BUSINESS_FAILURE:
        return None
    informed = InformedConnections()
    informed.add(call, accepted)
    return ReportedFailure(result.reason or "a business failure", Credentials.of(call), informed)


def _remove_oldest(memory: dict[T, Any], most: int) -> list[T]:
    """Remove the oldest entries beyond `most`, and return them."""
    oldest = list(islice(memory, max(len(memory) - most, 0)))
    for key in oldest:
        del memory[key]
    return oldest
