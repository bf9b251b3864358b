"""The flow told plainly: all that ever came, and loops over it, one for each rule's own text.

It knows no records, no states and no eviction, and is slow. `test_flow_model.py` compares it with
the endpoint's.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

SAVE, LOG_IN = "SaveImageStream", "AuthenticateUsernamePassword"
ATTACHES = ("ChangePersonImage", "ChangeProjectImage")
READS = ("GetBlobStream", "GetPersonImage", "GetProjectImage")


@dataclass
class Came:
    """One call, and what became of it.

    Attributes:
        operation: Its name; that of a save also where it could not be read.
        parts: What it asks for, by name; None where it could not be read.
        body: A number that only the same bytes have.
        ticket: As sent.
        token: As sent.
        connection: As sent.
        knowledge: What its client can know of it.
        blob_id: Of what was stored.
        expired: Whether its ticket was refused as expired.
        accepted: How many connections there had been when it was answered.
    """

    operation: str
    parts: dict[str, object] | None
    body: int
    ticket: str | None = None
    token: str | None = None
    connection: int | None = None
    knowledge: str = "answered"
    blob_id: int | None = None
    expired: bool = False
    accepted: int = 0

    def same_as(self, other: "Came") -> bool:
        if self.parts is None or other.parts is None:
            return self.parts is other.parts and self.body == other.body
        return (self.operation, self.parts) == (other.operation, other.parts)

    def alike(self, failed: "Came") -> bool:
        """Whether this may be the better try of a save that failed."""
        if failed.parts is None:
            return True
        names = ("type", "description")
        return self.parts is not None and all(self.parts[n] == failed.parts[n] for n in names)


@dataclass
class History:
    """All that came, in order."""

    calls: list[Came] = field(default_factory=list)

    def rules(
        self, call: Came, known: AbstractSet[object], is_open: Callable[[int], bool]
    ) -> set[str]:
        """Return the rules that a call breaks as the next one."""
        broken: set[str] = set()
        if call.parts is None:
            return broken
        if call.operation != LOG_IN and self._ticket_has_expired(call, is_open):
            broken.add("flow.ticket-used-after-expiry")
        if call.operation in ATTACHES:
            blob_id = call.parts["blob_id"]
            if not blob_id and any(map(self._is_lost, range(len(self.calls)))):
                broken.add("flow.no-blob-id-after-failed-save")
            if blob_id and blob_id not in known and not self._was_given(blob_id):
                broken.add("flow.blob-id-never-given")
        if call.operation in (SAVE, LOG_IN, *ATTACHES):
            if self._refusals(call, is_open) >= 2:
                broken.add("flow.retried-twice")
            if call.operation == SAVE and any(
                before.same_as(call) and self._is_in_doubt(at)
                for at, before in enumerate(self.calls)
            ):
                broken.add("flow.retry-after-unknown-outcome")
        return broken

    def orphans(self) -> set[int]:
        """Return the ids of blobs that nobody was told of."""
        untold: set[int] = set()
        for call in self.calls:
            if call.operation == SAVE and call.blob_id is not None:
                untold.add(call.blob_id)
                if call.knowledge == "answered":
                    untold.discard(call.blob_id)
            untold.discard(self._has_blob(call) or 0)
        return untold

    # "A ticket was used again after it had been reported as expired"
    def _ticket_has_expired(self, call: Came, is_open: Callable[[int], bool]) -> bool:
        refused = [c for c in self.calls if c.expired and c.ticket == call.ticket]
        return bool(refused) and _knows(call, refused, is_open)

    # "A call that was a business failure twice was sent a third time": by the same, and they know
    def _refusals(self, call: Came, is_open: Callable[[int], bool]) -> int:
        count = 0
        for before in self.calls:
            if not before.same_as(call):
                continue
            if before.knowledge == "answered":
                count = 0
            unchanged = before.token == call.token and (
                before.ticket == call.ticket or call.operation == LOG_IN
            )
            if (
                before.knowledge == "business-failure"
                and unchanged
                and _knows(call, [before], is_open)
            ):
                count += 1
        return count

    # "An image was sent again while it was unknown whether the first upload was stored"
    def _is_in_doubt(self, at: int) -> bool:
        call = self.calls[at]
        if call.operation != SAVE or call.knowledge != "unknown":
            return False
        return not any(
            later.operation in READS
            or (later.same_as(call) and later.knowledge == "answered")
            or self._finds(later, at + 1 + after, call)
            for after, later in enumerate(self.calls[at + 1 :])
        )

    # "After a failed save, the client attached blob id 0 or no blob id"
    def _is_lost(self, at: int) -> bool:
        call, later = self.calls[at], self.calls[at + 1 :]
        if call.operation != SAVE or call.knowledge == "answered":
            return False
        if any(c.operation == SAVE and c.same_as(call) for c in later):
            return False  # another try tells more: it stands for itself
        if any(self._finds(c, at + 1 + after, call) for after, c in enumerate(later)):
            return False
        better = [c for c in later if _is_better(c, call)]
        return len(better) != 1 and all(map(_is_to_be_attached, better))

    def _finds(self, later: Came, at: int, call: Came) -> bool:
        """Whether the client of a later call has the blob that a failed one left, or its better."""
        found = self._has_blob(later)
        if found is None:
            return False
        before = self.calls[:at]
        since = 0
        for index, c in enumerate(before):
            told = c.same_as(call) and c.operation == SAVE and c.knowledge == "answered"
            if told or (self._has_blob(c) is not None and self._finds(c, index, call)):
                since = index + 1  # what came before that is settled
        tries = [i for i, c in enumerate(before) if c.operation == SAVE and c.same_as(call)]
        tries = [i for i in tries if i >= since and before[i].knowledge != "answered"]
        if not tries:
            return False
        better = [c for c in before[tries[-1] + 1 :] if _is_better(c, call)]
        ids = {c.blob_id for c in better} if all(map(_is_to_be_attached, better)) else set()
        return found in ids | {before[i].blob_id for i in tries}

    def _has_blob(self, call: Came) -> int | None:
        """Return the id of a blob that a call has attached or read, and so its client has it."""
        if call.knowledge != "answered" or call.parts is None:
            return None
        if call.operation in (*ATTACHES, "GetBlobStream"):
            blob_id = call.parts["blob_id"]
            return blob_id if isinstance(blob_id, int) and blob_id else None
        return None

    # "The client attached a blob id that no response had returned"
    def _was_given(self, blob_id: object) -> bool:
        return any(
            c.operation == SAVE and c.knowledge == "answered" and c.blob_id == blob_id
            for c in self.calls
        )


def _is_better(call: Came, failed: Came) -> bool:
    saved = call.operation == SAVE and call.knowledge == "answered"
    return saved and not call.same_as(failed) and call.alike(failed)


def _is_to_be_attached(call: Came) -> bool:
    return (call.parts or {}).get("type") in ("PersonImage", "ProjectImage")


def _knows(call: Came, told: list[Came], is_open: Callable[[int], bool]) -> bool:
    """Whether who makes a call has been told: on its connection, or on those before it."""
    numbers = {c.connection for c in told}
    if call.connection is None or call.connection in numbers:
        return True
    if call.connection <= told[-1].accepted:
        return False
    return not any(is_open(number) for number in numbers if number is not None)
