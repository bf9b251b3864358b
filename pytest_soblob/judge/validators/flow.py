"""Family `flow`: violations that show only together with earlier messages."""

from collections.abc import Iterator, Sequence

from pytest_soblob.contract import SAVE_IMAGE_STREAM, Operation
from pytest_soblob.judge.validators._context import violation_at
from pytest_soblob.judge.validators._secrets import find_secrets
from pytest_soblob.judge.violations import Violation
from pytest_soblob.soap.binding import find_child, read
from pytest_soblob.soap.envelope import Element, Envelope, local_name

# The owner of the picture that each operation changes: the part with its id, and its name.
_OWNERS = {
    "ChangePersonImage": ("PersonId", "person"),
    "ChangeProjectImage": ("ProjectId", "project"),
}


def iter_lost_picture(
    envelope: Envelope, operation: Operation, failed_save: str
) -> Iterator[Violation]:
    """Judge a ChangePersonImage or ChangeProjectImage after a failed save.

    Args:
        envelope: The request.
        operation: Which of the two operations it is.
        failed_save: Why the save before it failed.

    Yields:
        A violation if the blob id is 0, nil or missing, which removes the picture. Without a
        preceding failed save, that is the documented way to remove one, and is not reported.
    """
    element = envelope.payload_element
    if element is None:
        return
    child = find_child(element, "BlobId")
    if read(child, "int"):
        return
    part, owner = _OWNERS[operation.name]
    used = "blob id 0" if read(child, "int") == 0 else "no blob id"
    number = read(find_child(element, part), "int") or 0
    yield _at(
        envelope,
        element if child is None else child,
        "flow.no-blob-id-after-failed-save",
        f"the client called {operation.name} with {used} after SaveImageStream had failed "
        f"({failed_save}): on a real server this removes the picture of {owner} {number}",
        expected=f"no call of {operation.name}, or one with the id of a stored blob",
        got=used,
    )


def blob_id_never_given(envelope: Envelope, blob_id: int, given: Sequence[int]) -> Violation:
    """Return the violation for a blob id that no response has returned.

    Args:
        envelope: A ChangePersonImage or ChangeProjectImage.
        blob_id: The blob id that it attaches.
        given: The blob ids that the responses returned, in order.
    """
    element = envelope.payload_element
    child = None if element is None else find_child(element, "BlobId")
    known = ", ".join(map(str, given[-5:])) or "none so far"
    return _at(
        envelope,
        envelope.root if child is None else child,
        "flow.blob-id-never-given",
        f"no successful response had the blob id {blob_id}",
        expected=f"a blob id from a response: {known}",
        got=str(blob_id),
    )


def retried_twice(envelope: Envelope, failures: int, why: str) -> Violation:
    """Return the violation for a call that is repeated after it has failed repeatedly.

    Args:
        envelope: The repeated request: SaveImageStream, a change or a log-in.
        failures: Number of times it has failed.
        why: The last failure.
    """
    element = envelope.payload_element
    is_save = element is None or local_name(element) == SAVE_IMAGE_STREAM.name
    what = "the same image and description have" if is_save else "the same call has"
    return _at(
        envelope,
        element,
        "flow.retried-twice",
        f"{what} failed {failures} times ({why}), and {'are' if is_save else 'is'} sent again",
        expected="one retry at most",
        got=f"call {failures + 1}",
    )


def ticket_used_after_expiry(envelope: Envelope) -> Violation:
    """Return the violation for a ticket that is used after it was reported as expired."""
    block = envelope.find_block("Credentials")
    return _at(
        envelope,
        None if block is None else block.element,
        "flow.ticket-used-after-expiry",
        "the ticket was reported as expired, but is still used",
        expected="a new ticket from SoPrincipal.svc",
        got="the same ticket",
    )


def retry_after_unknown_outcome(envelope: Envelope, how: str) -> Violation:
    """Return the violation for a repeated upload that may be stored already.

    Args:
        envelope: The repeated SaveImageStream.
        how: How the previous call ended.
    """
    return _at(
        envelope,
        envelope.payload_element,
        "flow.retry-after-unknown-outcome",
        f"the same image and description were sent before, and it is unknown whether that call "
        f"stored them ({how})",
        expected="to check first whether it was stored, or to accept an orphan",
        got="the same upload again",
    )


def _at(
    envelope: Envelope,
    element: Element | None,
    rule: str,
    message: str,
    *,
    expected: str,
    got: str,
) -> Violation:
    return violation_at(
        envelope.root if element is None else element,
        envelope,
        rule,
        message,
        secrets=lambda: find_secrets(envelope),
        expected=expected,
        got=got,
    )
