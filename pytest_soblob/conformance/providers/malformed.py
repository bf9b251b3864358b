"""Uploads that break a rule: refused, taken, or silently dropped; and how large one may be."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from pytest_soblob.conformance.providers.answers import Reading
from pytest_soblob.conformance.providers.refusals import REFUSALS
from pytest_soblob.conformance.providers.uploads import Uploader, as_http, explain
from pytest_soblob.conformance.providers.values import Sent
from pytest_soblob.generate.specimens import MalformedBytes
from pytest_soblob.images.encoding import ImageBytes
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.soap.messages import SaveImageStreamRequest
from pytest_soblob.wire import HttpRequest

_FIRST_BYTES: Final = 32_768
_CLOSE_BYTES: Final = 1_024
_ENVELOPE_BYTES: Final = 1_500


class Outcome(IntEnum):
    """What a provider does with an upload, the strictest first."""

    REFUSED = 0
    DROPPED = 1
    TAKEN = 2

    def __str__(self) -> str:
        return self.name.lower()


_LOST: Final = {
    Outcome.REFUSED: "",
    Outcome.DROPPED: " (it succeeds, and its image is lost)",
    Outcome.TAKEN: "",
}
_IN_PRODUCTION: Final = {
    Outcome.REFUSED: "fails in production",
    Outcome.DROPPED: "loses its pictures in production without an error",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break an upload.

    Attributes:
        rule: Id of the rule that it breaks.
        variant: Which of the kit's ways.
    """

    rule: str
    variant: int = 0

    @property
    def name(self) -> str:
        """Name of the probe: the rule, and the variant if it is not the first."""
        return self.rule + (f"-{self.variant}" if self.variant else "")


# Image is what can be read back, so that it is what these lose.
FAULTS: Final = (
    Fault("header.credentials-missing"),
    Fault("body.type-unknown", 3),
    Fault("payload.base64-alphabet"),
    Fault("payload.base64-url-safe"),
    Fault("payload.base64-length"),
    Fault("body.element-in-value", 1),
    Fault("body.second-child"),
    Fault("body.operation-other-version"),
    Fault("header.not-understood"),
    Fault("xml.ampersand-unescaped"),
    Fault("body.child-unknown", 1),
    Fault("body.child-other-version", 1),
    Fault("body.child-unqualified", 1),
    Fault("body.child-out-of-order"),
)
_INVENTED: Final = next(refusal for refusal in REFUSALS if refusal.id == "invented-ticket")


def probe_fault(uploader: Uploader, host: Uploader, fault: Fault) -> None:
    """Send a malformed upload; a provider may not accept what the documented host does not."""

    def make(request: SaveImageStreamRequest) -> HttpRequest:
        data = MalformedBytes(fault.rule, request, variant=fault.variant)
        return as_http(request, bytes(data))

    meaning = RULES[fault.rule].meaning
    _compare(uploader, host, f"malformed.{fault.name}", meaning, make)


def probe_invented_ticket(uploader: Uploader, host: Uploader) -> None:
    """Send an upload with a ticket that no one was given."""
    _compare(
        uploader,
        host,
        "malformed.invented-ticket",
        _INVENTED.sends.capitalize(),
        lambda request: _INVENTED.change(request.to_http_request("wsdl")),
    )


def _compare(
    uploader: Uploader,
    host: Uploader,
    finding_id: str,
    what: str,
    make: Callable[[SaveImageStreamRequest], HttpRequest],
) -> None:
    session = uploader.session
    outcome, sent, reading = _outcome(uploader, make)
    expected, _, said = _outcome(host, make)
    if outcome > expected:
        session.find(
            finding_id,
            f"{what}, and the upload is {outcome}"
            if outcome is Outcome.TAKEN
            else f"{what}, and the upload succeeds, but its image is lost",
            expected=f"{expected}{_LOST[expected]}, as by a .NET host: {said.text}",
            got=f"{outcome}{_LOST[outcome]}: {reading.text}",
            notices=f"a client with this mistake passes here, and {_IN_PRODUCTION[expected]}",
            sent=sent,
        )
    label = "finding" if outcome > expected else str(outcome)
    became = f"{outcome}, " if label == "finding" else ""
    session.row(label, f"{what}: {became}{reading.text}")


def _outcome(
    uploader: Uploader, make: Callable[[SaveImageStreamRequest], HttpRequest]
) -> tuple[Outcome, Sent, Reading]:
    request = uploader.request(description="malformed & wrong")
    sent, reading, blob_id = uploader.send(make(request))
    if reading.is_refused or reading.kind == "none":
        return Outcome.REFUSED, sent, reading
    if blob_id is None:
        return Outcome.DROPPED, sent, reading
    _, stored = uploader.get(blob_id)
    outcome = Outcome.TAKEN if stored.image == request.image else Outcome.DROPPED
    return outcome, sent, reading


def probe_sizes(uploader: Uploader) -> None:
    """Find the largest message that is accepted: by doubling, then by bisection, within budget."""
    session = uploader.session
    accepted, refused, size = 0, None, _FIRST_BYTES
    stored: tuple[int, bytes] | None = None
    why = ""
    while session.budget.uploads_left and size + _ENVELOPE_BYTES <= session.budget.bytes_left:
        image = ImageBytes(size=_image_size(size))
        request = uploader.request(bytes(image), f"size {size}")
        sent, reading, blob_id = uploader.send(request.to_http_request("wsdl"))
        if blob_id is None:
            refused, why = size, reading.text
            _find_unclear(uploader, size, sent, reading)
        else:
            accepted, stored = size, (blob_id, bytes(image))
        if refused is None:
            size *= 2
        elif refused - accepted <= _CLOSE_BYTES:
            break
        else:
            size = (accepted + refused) // 2
    if not accepted and refused is None:
        session.row("not tried", "no upload or too few bytes are left")
        return
    text = f"at least {accepted:,} bytes are accepted"
    if refused is not None:
        text += f", {refused:,} are not: {why}"
    session.fact("largest message", text)
    lost = stored is not None and _find_cut(uploader, *stored)
    session.row("finding" if lost else "ok", text)


def _image_size(message: int) -> int:
    """Return the size of an image whose message has about this size."""
    return max((message - _ENVELOPE_BYTES) // 4 * 3, 100)


def _find_unclear(uploader: Uploader, size: int, sent: Sent, reading: Reading) -> None:
    if reading.kind == "normal":
        uploader.session.find(
            "size.no-blob-id",
            f"an upload of {size:,} bytes succeeds without a blob id",
            expected="a blob id, or a refusal such as 413",
            got=reading.text,
            notices="large pictures are lost without an error",
            sent=sent,
        )


def _find_cut(uploader: Uploader, blob_id: int, image: bytes) -> bool:
    sent, reading = uploader.get(blob_id)
    if reading.image == image:
        return False
    uploader.session.find(
        "size.altered",
        f"a large image, of {len(image):,} bytes, is not stored as it was sent",
        expected="the same bytes, or a refusal such as 413",
        got=reading.text if reading.image is None else explain(image, reading.image),
        notices="large pictures are cut off without an error",
        sent=sent,
    )
    return True
