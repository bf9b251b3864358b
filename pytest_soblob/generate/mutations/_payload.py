"""Mutations of the base64 text of the image."""

from collections.abc import Callable

import pybase64

from pytest_soblob.generate.mutations._mutation import Mutation, Tree
from pytest_soblob.soap.messages import SaveImageStreamRequest


def _base64(change: Callable[[str], str]) -> Callable[[Tree], None]:
    """Return an edit of the image's base64 text, from which line wrapping is removed first."""

    def edit(tree: Tree) -> None:
        element = tree.child("Image")
        element.text = change("".join((element.text or "").split()))

    return edit


def _unpadded(text: str) -> str:
    # Without padding to remove, a character is removed instead.
    return text.rstrip("=") if text.endswith("=") else text[:-1]


def _url_safe(text: str) -> str:
    return "-_" + text[2:].replace("+", "-").replace("/", "_")


def _pad_bits(text: str) -> str:
    return text.rstrip("=")[: len(text) // 4 * 4 - 4] + "AB=="


def _twice(text: str) -> str:
    # The start of a PNG is added: base64 of other data may be intended, and is accepted.
    image = pybase64.b64encode(b"\x89PNG\r\n\x1a\n" + pybase64.b64decode(text))
    return pybase64.b64encode(image).decode()


PAYLOAD = tuple(
    Mutation(
        name=name,
        rule=rule,
        edit=_base64(change),
        message=SaveImageStreamRequest,
        needs=("type", "image", "description"),
    )
    for name, rule, change in (
        ("a character outside the alphabet", "payload.base64-alphabet", lambda t: "!" + t[1:]),
        ("the raw bytes of a PNG", "payload.base64-alphabet", lambda t: "\u2030PNG" + t),
        ("the URL-safe alphabet", "payload.base64-url-safe", _url_safe),
        ("a data: URI", "payload.base64-data-uri", lambda t: "data:image/png;base64," + t),
        ("spaces in place of +", "payload.base64-plus-lost", lambda t: "ab d/ 8="),
        ("padding omitted", "payload.base64-length", _unpadded),
        ("padding in the middle", "payload.base64-padding", lambda t: "AA==" + t),
        ("unused bits not zero", "payload.base64-pad-bits", _pad_bits),
        ("encoded twice", "payload.base64-twice", _twice),
    )
)
