"""Family `flow`: what no single message shows, only what came before it."""

from collections.abc import Iterator, Sequence

from pytest_soblob.binding import find_child, read
from pytest_soblob.contract import SAVE_IMAGE_STREAM, Operation
from pytest_soblob.envelope import Element, Envelope, local_name
from pytest_soblob.validators._context import excerpt_of, make_violation
from pytest_soblob.validators._secrets import find_secrets
from pytest_soblob.violations import Violation

# Whose picture each operation changes: the part that says it, and the word for it.
_OWNERS = {
    "ChangePersonImage": ("PersonId", "person"),
    "ChangeProjectImage": ("ProjectId", "project"),
}


def iter_lost_picture(
    envelope: Envelope, operation: Operation, failed_save: str
) -> Iterator[Violation]:
    """Judge a ChangePersonImage or ChangeProjectImage that comes after a failed save.

    Args:
        envelope: The request.
        operation: Which of the two.
        failed_save: Why the save before it failed.

    Yields:
        A violation where the blob id is 0, nil or missing, which removes the picture. Without a
        failed save before it, that is the documented way to remove one, and nothing is said.
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
    """Return what is to be said of an id that no answer had.

    Args:
        envelope: A ChangePersonImage or ChangeProjectImage.
        blob_id: The id that it attaches.
        given: The ids that the answers had.
    """
    element = envelope.payload_element
    child = None if element is None else find_child(element, "BlobId")
    known = ", ".join(map(str, given[-5:])) or "none so far"
    return _at(
        envelope,
        envelope.root if child is None else child,
        "flow.blob-id-never-given",
        f"no answer that told of a success had the blob id {blob_id}",
        expected=f"an id that was given: {known}",
        got=str(blob_id),
    )


def retried_twice(envelope: Envelope, failures: int, why: str) -> Violation:
    """Return what is to be said of a call that goes on failing.

    Args:
        envelope: The SaveImageStream, change or log-in that comes again.
        failures: How often it has failed.
        why: With what it failed last.
    """
    element = envelope.payload_element
    is_save = element is None or local_name(element) == SAVE_IMAGE_STREAM.name
    what = "the same image and description have" if is_save else "the same call has"
    return _at(
        envelope,
        element,
        "flow.retried-twice",
        f"{what} failed {failures} times ({why}), and {'come' if is_save else 'comes'} again",
        expected="one retry at most",
        got=f"call {failures + 1}",
    )


def ticket_used_after_expiry(envelope: Envelope) -> Violation:
    """Return what is to be said of a ticket that was refused as expired before."""
    block = envelope.find_block("Credentials")
    return _at(
        envelope,
        None if block is None else block.element,
        "flow.ticket-used-after-expiry",
        "the ticket was refused as expired before, and is used on",
        expected="a new ticket of SoPrincipal.svc",
        got="the same ticket",
    )


def sent_again_unsure(envelope: Envelope, how: str) -> Violation:
    """Return what is to be said of an image that may be stored already.

    Args:
        envelope: The SaveImageStream that comes again.
        how: How the call before it ended.
    """
    return _at(
        envelope,
        envelope.payload_element,
        "flow.sent-again-unsure",
        f"the same image and description came before, and that call left it open whether they were "
        f"stored ({how})",
        expected="to find out first, or to live with an orphan",
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
    place = envelope.root if element is None else element
    line, column = envelope.document.position_of(place)
    return make_violation(
        rule,
        message,
        secrets=find_secrets(envelope),
        path=envelope.paths.path_of(place),
        line=line,
        column=column,
        expected=expected,
        got=got,
        excerpt=excerpt_of(place, envelope),
    )
