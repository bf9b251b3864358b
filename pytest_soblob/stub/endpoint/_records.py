"""One table of the attempts that have failed: their states, and which connections know of it.

An attempt has a record from its first failure until it succeeds, or until too many newer ones have
failed. An `Event` happens to a record; `Record.take` is the transition function, and nothing else
changes the state of a record.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple

from pytest_soblob.contract import OPERATIONS
from pytest_soblob.stub.endpoint._attempts import ANY_AIM, Attempt, shortened
from pytest_soblob.stub.endpoint._call import Call

# Entries kept per record, and connections per ticket: older ones say nothing new.
_MOST_KEPT: Final = 100
# Keys of the index, beside the aims of attempts and the ids of blobs.
_IS_LOST: Final = "lost"
_IS_OPEN: Final = "open"
_IS_WATCHED: Final = "watched"  # another upload with its aim changes its state


class Credentials(NamedTuple):
    """The credentials of a call that its operation reads; the ticket stands for the account.

    Attributes:
        ticket: Ticket, or None if there is none or the operation is a log-in, which ignores it.
        application_token: Application token, or None.
    """

    ticket: str | None
    application_token: str | None

    @classmethod
    def of(cls, call: Call) -> "Credentials":
        """Return the credentials of a call."""
        operation = OPERATIONS.get(call.verdict.operation or "")
        is_read = operation is None or operation.needs_credentials
        ticket = call.ticket if is_read else None
        return cls(shortened(ticket), shortened(call.application_token))


@dataclass(slots=True)
class InformedConnections:
    """The connections that carried certain answers; several calls may be under way at once.

    Attributes:
        connections: Numbers of the connections; None for a call in the process.
        accepted: Number of connections accepted when the last of the answers was sent.
    """

    connections: set[int | None] = field(default_factory=set)
    accepted: int = 0

    def add(self, call: Call, accepted: int) -> None:
        """Note that the client of a call is informed."""
        self.connections.add(call.connection)
        self.accepted = accepted

    def includes(self, call: Call, is_open: Callable[[int], bool]) -> bool:
        """Return True if the client of a call has been informed.

        It has been if it uses one of these connections. It also counts as informed if it connected
        later and these connections are closed by now. While one is open, the clients may be workers
        of a pool, which do not know each other's answers.
        """
        number = call.connection
        if number is None or number in self.connections:
            return True
        if len(self.connections) > _MOST_KEPT:  # closed ones carry no call
            self.connections = {n for n in self.connections if n is None or is_open(n)}
        others = (other for other in self.connections if other is not None)
        return number > self.accepted and not any(map(is_open, others))


@dataclass(frozen=True, slots=True)
class ReportedFailure:
    """One business failure of an attempt, of which its client was informed.

    Attributes:
        reason: Reason in the answer.
        credentials: Credentials of the failed call.
        informed: Connections that carried the answer.
    """

    reason: str
    credentials: Credentials
    informed: InformedConnections

    def counts_against(self, call: Call, is_open: Callable[[int], bool]) -> bool:
        """Return True if a call repeats the attempt unchanged, although its client is informed.

        A new ticket, which may belong to another account, or another application token may be what
        the failure called for; only the server can say whether it was.
        """
        return self.credentials == Credentials.of(call) and self.informed.includes(call, is_open)


class State(Enum):
    """State of an attempt that has failed, as far as its client can know.

    `FAILED`: the client has no blob. `MENDED`: one similar upload was stored since, which may be a
    corrected retry. `CROWDED`: several similar uploads were stored since, which are probably other
    images; the attempt counts as failed until one of them is attached. `SETTLED`: nothing is
    missing, but its business failures still count.
    """

    FAILED = auto()
    MENDED = auto()
    CROWDED = auto()
    SETTLED = auto()


class Event(Enum):
    """What may happen to an attempt that has failed once.

    `BUSINESS_FAILURE`: a call that is not an upload had a business failure. `LOST`: an upload
    failed. `OPEN`: an upload failed, but its image may have been stored. `LIKENED`: a similar
    upload was stored, which may be a corrected retry. `SOUGHT`: the client read an image, to find
    out whether its upload was stored. `FOUND`: the client has the blob of the upload, or that of a
    corrected retry.
    """

    BUSINESS_FAILURE = auto()
    LOST = auto()
    OPEN = auto()
    LIKENED = auto()
    SOUGHT = auto()
    FOUND = auto()


@dataclass(slots=True, kw_only=True)
class Record:
    """One attempt that has failed.

    Attributes:
        attempt: The attempt.
        number: Number of its last failure, counted from 1 over all attempts.
        state: Its state.
        reason: How its last call failed.
        doubt: How a call ended after which the client cannot know whether the image was stored, or
            None if there is no such call.
        left: Ids of the newest blobs that its failed calls have stored.
        failures: Its newest business failures, oldest first.
    """

    attempt: Attempt
    number: int = 0
    state: State = State.SETTLED
    reason: str = ""
    doubt: str | None = None
    left: list[int] = field(default_factory=list)
    failures: list[ReportedFailure] = field(default_factory=list)

    @property
    def is_lost(self) -> bool:
        """True if its client has no blob."""
        return self.state in (State.FAILED, State.CROWDED)

    def take(self, event: Event, reason: str = "", blob_id: int | None = None) -> None:
        """Change to the state that follows an event.

        Args:
            event: The event.
            reason: How the call failed, for an event that is a failure.
            blob_id: Id of the stored blob, or None if there is none or it cannot be attached.
        """
        match event:
            case Event.BUSINESS_FAILURE:
                self.reason = reason
            case Event.LOST | Event.OPEN:
                self.reason = reason
                self.doubt = reason if event is Event.OPEN else self.doubt
                self.state = State.FAILED
                if blob_id is not None:
                    self.left = [*self.left[1 - _MOST_KEPT :], blob_id]
            case Event.LIKENED if blob_id is None:
                self.state = State.SETTLED
            case Event.LIKENED if self.state is State.FAILED:
                self.state = State.MENDED
            case Event.LIKENED if self.state is State.MENDED:
                self.state = State.CROWDED
            case Event.SOUGHT:
                self.doubt = None
            case Event.FOUND:
                self.state, self.doubt, self.left = State.SETTLED, None, []

    @property
    def keys(self) -> set[Hashable]:
        """The keys under which `Table` indexes it."""
        keys: set[Hashable] = set(self.left)
        if self.is_lost:
            keys.add(_IS_LOST)
        if self.doubt is not None:
            keys.add(_IS_OPEN)
        if self.state in (State.FAILED, State.MENDED):
            keys.add((_IS_WATCHED, self.attempt.aim))
        if self.state is not State.SETTLED:
            keys.add(self.attempt.aim)
        return keys


class Table:
    """The records, in the order of their last failures, indexed by their keys."""

    def __init__(self) -> None:
        self._records: dict[Attempt, Record] = {}
        self._failures = 0
        # By aim, by blob id, and those that are lost or open.
        self._index: dict[Hashable, dict[Attempt, None]] = {}
        # Uploads that may be corrected retries, by blob id: their aim, and the number of failures
        # before them.
        self._better: dict[int, tuple[Hashable, int]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def get(self, attempt: Attempt) -> Record | None:
        """Return the record of an attempt, or None if it never failed or has succeeded since."""
        return self._records.get(attempt)

    @property
    def newest_lost(self) -> Record | None:
        """The record that failed last among those whose clients have no blob, or None."""
        return max(self._found(_IS_LOST), key=lambda record: record.number, default=None)

    def fail(
        self,
        attempt: Attempt,
        event: Event,
        reason: str,
        blob_id: int | None = None,
        failure: ReportedFailure | None = None,
    ) -> None:
        """Record a failure, which makes the attempt the newest."""
        record = self._records.get(attempt) or Record(attempt=attempt)
        self._remove(record)
        self._failures += 1
        record.number = self._failures
        record.take(event, reason, blob_id)
        if failure is not None:
            record.failures = [*record.failures[1 - _MOST_KEPT :], failure]
        self._add(record)

    def succeed(self, attempt: Attempt) -> None:
        """Remove an attempt that has succeeded, to its client's knowledge."""
        record = self._records.get(attempt)
        if record is not None:
            self._remove(record)

    def liken(self, attempt: Attempt, blob_id: int | None) -> None:
        """Update the failed attempts of which a stored upload may be a corrected retry."""
        to_attach = blob_id if attempt.is_attached else None
        aims = {attempt.aim, ANY_AIM}
        if to_attach is not None and any(aim in self._index for aim in aims):
            self._better.pop(to_attach, None)
            self._better[to_attach] = attempt.aim, self._failures
        for aim in aims:
            key = (_IS_WATCHED, aim) if to_attach is not None else aim
            self._tell(self._found(key), Event.LIKENED, to_attach)

    def seek(self) -> None:
        """Update the attempts in doubt: their client finds out whether they were stored."""
        self._tell(self._found(_IS_OPEN), Event.SOUGHT)

    def find(self, blob_id: int) -> None:
        """Update the attempts to which a blob belongs: their client has it."""
        self._tell(self._found(blob_id), Event.FOUND)
        aim, failures = self._better.pop(blob_id, (None, 0))
        alike = [] if aim is None else [*self._found(aim), *self._found(ANY_AIM)]
        self._tell([record for record in alike if record.number <= failures], Event.FOUND)

    def forget(self, most: int) -> None:
        """Remove the oldest records and retries, so that at most `most` of each are left."""
        while len(self._records) > most:
            self._remove(next(iter(self._records.values())))
        while len(self._better) > most:
            del self._better[next(iter(self._better))]

    def _tell(self, records: list[Record], event: Event, blob_id: int | None = None) -> None:
        for record in records:
            self._unlink(record)
            record.take(event, blob_id=blob_id)
            if record.state is State.SETTLED and record.doubt is None and not record.failures:
                del self._records[record.attempt]
            else:
                self._link(record)

    def _found(self, key: Hashable) -> list[Record]:
        return [self._records[attempt] for attempt in self._index.get(key, ())]

    def _add(self, record: Record) -> None:
        self._records[record.attempt] = record
        self._link(record)

    def _remove(self, record: Record) -> None:
        if self._records.pop(record.attempt, None) is not None:
            self._unlink(record)

    def _link(self, record: Record) -> None:
        for key in record.keys:
            self._index.setdefault(key, {})[record.attempt] = None

    def _unlink(self, record: Record) -> None:
        for key in record.keys:
            linked = self._index[key]
            del linked[record.attempt]
            if not linked:
                del self._index[key]
