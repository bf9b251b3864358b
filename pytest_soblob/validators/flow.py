"""Family `flow`: what no single message shows, only what came before it."""

from collections.abc import Iterator

from pytest_soblob.binding import find_child, read
from pytest_soblob.envelope import Envelope
from pytest_soblob.validators._context import excerpt_of, make_violation
from pytest_soblob.validators._secrets import find_secrets
from pytest_soblob.violations import Violation


def iter_lost_picture(envelope: Envelope, failed_save: str) -> Iterator[Violation]:
    """Judge a ChangePersonImage that comes after a failed save.

    Args:
        envelope: The ChangePersonImage request.
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
    place = element if child is None else child
    used = "blob id 0" if read(child, "int") == 0 else "no blob id"
    person = read(find_child(element, "PersonId"), "int") or 0
    line, column = envelope.document.position_of(place)
    yield make_violation(
        "flow.no-blob-id-after-failed-save",
        f"the client called ChangePersonImage with {used} after SaveImageStream had failed "
        f"({failed_save}): on a real server this removes the picture of person {person}",
        secrets=find_secrets(envelope),
        path=envelope.paths.path_of(place),
        line=line,
        column=column,
        expected="no call of ChangePersonImage, or one with the id of a stored blob",
        got=used,
        excerpt=excerpt_of(place, envelope),
    )
