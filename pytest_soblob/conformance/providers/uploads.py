"""Uploads, and whether what was stored is read back: images, descriptions, spellings, profiles."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_soblob._text import clip, quote
from pytest_soblob.conformance.providers.answers import (
    Reading,
    description_in,
    find_in_answer,
    read_answer,
)
from pytest_soblob.conformance.providers.pacing import GaveUpError
from pytest_soblob.conformance.providers.refusals import base_request
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.values import LARGEST_IMAGE_ANSWER_BYTES, Sent
from pytest_soblob.contract import Profile
from pytest_soblob.generate.specimens import EnvelopeBytes
from pytest_soblob.images.encoding import ImageBytes
from pytest_soblob.names import NETSERVER
from pytest_soblob.soap.binding import parse_base64
from pytest_soblob.soap.messages import GetBlobStreamRequest, SaveImageStreamRequest
from pytest_soblob.wire import HttpRequest

FORMATS: Final = ("PNG", "JPEG", "GIF", "TIFF")  # that the vendor names
_LARGEST_IMAGE_BYTES: Final = 20_000
_LONGEST_DESCRIPTION: Final = 100
_DESCRIPTIONS: Final = 4
_SPELLINGS: Final = 4
_TOGETHER: Final = 3
_TYPES: Final = ("PersonImage", "ProjectImage", "ProductImage", "QuoteLineImage")
_SMALL_SIDE_PX: Final = 8


@dataclass(slots=True)
class Uploader:
    """Uploads, and reads back.

    Attributes:
        session: The session.
        reads_descriptions: Whether the provider answers GetBlobEntity; None until it was tried.
        count: Number of images made so far, which are all different.
    """

    session: Session
    reads_descriptions: bool | None = None
    count: int = 0

    def request(self, image: bytes | None = None, description: str = "") -> SaveImageStreamRequest:
        """Return an upload; its description begins with the prefix of the run.

        Args:
            image: Bytes of the image; None for a small PNG that no other upload has.
            description: What follows the prefix.
        """
        self.count += 1
        credentials = self.session.credentials
        prefix = self.session.prefix
        return SaveImageStreamRequest(
            type=_TYPES[self.count % len(_TYPES)],
            image=small_image(self.count) if image is None else image,
            description=f"{prefix} {description}" if description else prefix,
            ticket=credentials.ticket,
            application_token=credentials.application_token,
        )

    def send(self, request: HttpRequest) -> tuple[Sent, Reading, int | None]:
        """Send an upload; return its answer, and the blob id if there is one over 0."""
        sent = self.session.call(request, is_upload=True)
        return sent, *self.note(sent)

    def note(self, sent: Sent) -> tuple[Reading, int | None]:
        """Judge the answer to an upload, and keep its blob id."""
        reading = find_in_answer(self.session, sent)
        blob_id = reading.blob_id if (reading.blob_id or 0) > 0 else None
        if blob_id is not None:  # also one beside Succeeded false
            self.session.stored(blob_id)
            self.session.is_ticket_refused &= reading.is_refused
        elif reading.is_refused:
            self.session.upload_refused()
        return reading, None if reading.is_refused else blob_id

    def upload(
        self, name: str, what: str, request: SaveImageStreamRequest, http: HttpRequest | None = None
    ) -> int | None:
        """Send a right upload, and read it back; return the blob id, or None without one.

        Args:
            name: First part of the ids of findings.
            what: What is uploaded, in a few words.
            request: The upload.
            http: The upload as it is sent; None for the profile `wsdl`.

        Raises:
            GaveUpError: It is refused, and so was the ticket before.
        """
        known = set(self.session.blob_ids)
        sent, reading, blob_id = self.send(http or request.to_http_request("wsdl"))
        if blob_id is None or reading.succeeded is False:
            self._find_unsaved(name, what, sent, reading)
            return None
        if blob_id in known:
            self._find_repeated(blob_id, sent)
        found = self.read_back(name, what, blob_id, request)
        self.session.row("finding" if found else "ok", f"{what}: blob {blob_id}")
        return blob_id

    def _find_unsaved(self, name: str, what: str, sent: Sent, reading: Reading) -> None:
        refused = reading.is_refused
        self.stop_if_ticket_refused(what, reading)
        self.session.find(
            f"{name}.refused" if refused else "upload.no-blob-id",
            f"a right upload is {'refused' if refused else 'answered without a blob id'}: {what}",
            expected="Succeeded true, and a blob id over 0",
            got=f"{reading.text}, Response {reading.blob_id}",
            notices="uploads that are right fail"
            if refused
            else "a client that passes the id on removes a picture (blob id 0)",
            sent=sent,
        )
        self.session.row("finding", f"{what}: {reading.text}")

    def stop_if_ticket_refused(self, what: str, reading: Reading) -> None:
        """End the run if a right upload is refused, and so was the ticket before.

        Raises:
            GaveUpError: It is so: what is refused then says nothing of uploads.
        """
        if reading.is_refused and self.session.is_ticket_refused:
            self.session.row("not tried", f"{what}: the ticket is not accepted: {reading.text}")
            raise GaveUpError("the ticket is not accepted, so that no upload can be tried")

    def _find_repeated(self, blob_id: int, sent: Sent) -> None:
        self.session.find(
            "upload.blob-id-repeated",
            f"two uploads have the blob id {blob_id}",
            expected="an id of its own for each upload",
            got=str(blob_id),
            notices="one picture takes the place of another",
            sent=sent,
        )

    def read_back(
        self, name: str, what: str, blob_id: int, request: SaveImageStreamRequest
    ) -> bool:
        """Read a blob back; return whether something was found."""
        sent, reading = self.get(blob_id)
        if reading.image is None:
            self.session.find(
                "readback.refused",
                f"blob {blob_id} cannot be read back with GetBlobStream: {what}",
                expected="the bytes of the image",
                got=reading.text,
                notices="an upload cannot be verified, or is lost",
                sent=sent,
            )
            return True
        found = False
        if reading.image != request.image:
            found = True
            self.session.find(
                f"{name}.altered",
                f"the image is not stored as it was sent: {what}",
                expected=f"{len(request.image or b''):,} bytes, the same",
                got=explain(request.image or b"", reading.image),
                notices="pictures are damaged, or lose what they carry",
                sent=sent,
            )
        return self._read_description(name, what, blob_id, request) or found

    def get(self, blob_id: int) -> tuple[Sent, Reading]:
        """Return the answer to GetBlobStream."""
        credentials = self.session.credentials
        request = GetBlobStreamRequest(
            blob_id=blob_id,
            ticket=credentials.ticket,
            application_token=credentials.application_token,
        )
        http = request.to_http_request("wsdl")
        sent = self.session.call(http, most=LARGEST_IMAGE_ANSWER_BYTES)
        return sent, find_in_answer(self.session, sent)

    def _read_description(
        self, name: str, what: str, blob_id: int, request: SaveImageStreamRequest
    ) -> bool:
        """Compare the description, if the provider answers GetBlobEntity."""
        if self.reads_descriptions is False:
            return False
        sent = self.session.call(entity_request(self.session, blob_id))
        reading = read_answer(sent)
        stored = description_in(reading)
        if self.reads_descriptions is None:
            self.reads_descriptions = reading.kind == "normal" and stored is not None
            if not self.reads_descriptions:
                why = f"GetBlobEntity does not return them: {reading.text}"
                self.session.fact("descriptions are not read back", why)
                return False
        if stored == request.description:
            return False
        self.session.find(
            f"{name}.description-altered",
            f"the description is not stored as it was sent: {what}",
            expected=quote(request.description or "", 160),
            got="none" if stored is None else quote(stored, 160),
            notices="texts lose line ends, white space or characters",
            sent=sent,
        )
        return True


def small_image(number: int) -> ImageBytes:
    """Return a small PNG; each number gives another."""
    return ImageBytes(width=_SMALL_SIDE_PX, height=_SMALL_SIDE_PX, noise=50, seed=number)


def entity_request(session: Session, blob_id: int) -> HttpRequest:
    """Return a call of GetBlobEntity, of which the kit knows the name and this form only."""
    request = base_request(session)
    body = request.body.replace(b"GetBlobStream", b"GetBlobEntity")
    before, _, after = body.partition(b"<ns:BlobEntityId>")
    rest = after.partition(b"</ns:BlobEntityId>")[2]
    body = b"%b<ns:BlobEntityId>%d</ns:BlobEntityId>%b" % (before, blob_id, rest)
    others = tuple(pair for pair in request.headers if pair[0] != "SOAPAction")
    action = ("SOAPAction", f'"{NETSERVER}/BLOB/GetBlobEntity"')
    return replace(request, headers=(*others, action), body=body)


def explain(wanted: bytes, got: bytes) -> str:
    """Return how bytes differ, in a few words."""
    if parse_base64(got.decode("latin-1")) == wanted:
        return "the base64 text, not its bytes"
    pairs = enumerate(zip(wanted, got, strict=False))
    shortest = min(len(wanted), len(got))
    offset = next((at for at, (one, other) in pairs if one != other), shortest)
    if offset == len(got) < len(wanted):
        return f"the first {len(got):,} of {len(wanted):,} bytes"
    return f"{len(got):,} bytes, different from byte {offset:,} on"


def probe_profile(uploader: Uploader, profile: str) -> None:
    """Upload in one form; only `wsdl` must be accepted.

    Raises:
        GaveUpError: The form of the WSDL is refused, so that no other upload has a meaning.
    """
    request = uploader.request(description=profile)
    what = f"profile {profile}"
    if profile == Profile.WSDL:
        if uploader.upload("upload", what, request) is None:
            raise GaveUpError("a right upload has failed; no more are sent")
        return
    sent, reading, blob_id = uploader.send(request.to_http_request(profile))
    outcome = "refused"
    if blob_id is not None:
        _, stored = uploader.get(blob_id)
        outcome = "taken" if stored.image == request.image else "dropped"
    if outcome == "dropped":
        uploader.session.find(
            f"profile.{profile}-dropped",
            f"an upload in the profile {profile} succeeds, and its image is lost",
            expected="the image, or a refusal",
            got=reading.text,
            notices="a client that follows the documentation page loses pictures without an error",
            sent=sent,
        )
    uploader.session.fact(what, f"{outcome}: {reading.text}")
    uploader.session.row("finding" if outcome == "dropped" else outcome, f"{what}: {reading.text}")


def probe_image(uploader: Uploader, name: str) -> None:
    """Upload a generated image of one format."""
    from pytest_soblob import strategies as soblob_st

    image = _draw(
        soblob_st.images(formats=[name], min_size=200, max_size=_LARGEST_IMAGE_BYTES),
        1,
        uploader.session,
    )[0]
    request = uploader.request(bytes(image), f"{name} image")
    uploader.upload("image", f"a {name} of {len(image):,} bytes", request)


def probe_descriptions(uploader: Uploader) -> None:
    """Upload generated descriptions."""
    from pytest_soblob import strategies as soblob_st

    drawn = _draw(
        soblob_st.descriptions(nullable=False, max_size=_LONGEST_DESCRIPTION),
        4 * _DESCRIPTIONS,
        uploader.session,
    )
    texts = ["one\r\ntwo\rthree ", *[text for text in drawn if text.strip()]]
    for text in texts[:_DESCRIPTIONS]:
        what = f"the description {clip(ascii(text), 60)}"
        uploader.upload("description", what, uploader.request(description=text))


def probe_spellings(uploader: Uploader) -> None:
    """Upload the same kind of message in several legal forms of XML."""
    from pytest_soblob import strategies as soblob_st

    pattern = uploader.request(small_image(0))
    drawn = _draw(
        soblob_st.spellings(replace(pattern, ticket="7T:x"), profiles=["wsdl"]),
        _SPELLINGS + 1,
        uploader.session,
    )
    for number, one in enumerate(drawn[1 : _SPELLINGS + 1], 1):
        request = uploader.request(description=f"spelling {number}")
        data = EnvelopeBytes(request, profile="wsdl", spelling=one.spelling)
        uploader.upload("spelling", repr(one.spelling), request, as_http(request, bytes(data)))


def as_http(request: SaveImageStreamRequest, data: bytes) -> HttpRequest:
    """Return an envelope with the headers of the profile `wsdl`, and the charset of its bytes."""
    plain = request.to_http_request("wsdl")
    charset = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    headers = tuple((name, value.replace("utf-8", charset)) for name, value in plain.headers)
    return replace(plain, headers=headers, body=data)


def _draw(strategy: Any, count: int, session: Session) -> Sequence[Any]:
    from pytest_soblob.strategies.corpus import draw_each

    drawn: list[Any] = []
    draw_each(strategy, count, session.options.seed, drawn.append)
    return drawn


def probe_chunked(uploader: Uploader) -> None:
    """Upload in chunks: taken whole, or refused."""
    request = uploader.request(description="chunked")
    http = request.to_http_request("wsdl")
    http = replace(http, headers=(*http.headers, ("Transfer-Encoding", "chunked")))
    sent, reading, blob_id = uploader.send(http)
    if reading.is_refused:
        uploader.session.fact("an upload in chunks", f"refused: {reading.text}")
        uploader.session.row("refused", reading.text)
        return
    stored = None if blob_id is None else uploader.get(blob_id)[1].image
    if stored != request.image:
        uploader.session.find(
            "upload.chunks-lost",
            "an upload in chunks succeeds, and its image is lost",
            expected="the image, or a refusal",
            got=reading.text if stored is None else explain(request.image or b"", stored),
            notices="clients that stream, as axis2 and .NET in streamed mode, lose pictures",
            sent=sent,
        )
    uploader.session.row("ok" if stored == request.image else "finding", reading.text)


def probe_together(uploader: Uploader) -> None:
    """Upload different images at the same time."""
    session = uploader.session
    requests = [uploader.request(description=f"together {number}") for number in range(_TOGETHER)]
    prepared = [session.prepared(request.to_http_request("wsdl")) for request in requests]
    for one in prepared:
        session.budget.take(len(one.body))
        session.unknown_ids += 1
        session.pace.wait()
    session.requests += len(prepared)
    with ThreadPoolExecutor(len(prepared)) as pool:
        answers = list(pool.map(_sender(session), prepared))
    lost = False
    noted = [uploader.note(sent) for sent in answers]
    for request, sent, (reading, blob_id) in zip(requests, answers, noted, strict=True):
        uploader.stop_if_ticket_refused(f"{len(requests)} uploads at the same time", reading)
        stored = None if blob_id is None else uploader.get(blob_id)[1].image
        if stored != request.image:
            lost = True
            session.find(
                "upload.together-lost",
                f"one of {len(requests)} uploads at the same time is lost or mixed up",
                expected="each image under the id in its own answer",
                got=reading.text if stored is None else explain(request.image or b"", stored),
                notices="a person gets the picture of another",
                sent=sent,
            )
    session.row("finding" if lost else "ok", f"{len(requests)} uploads at the same time")


def _sender(session: Session) -> Callable[[HttpRequest], Sent]:
    return lambda ready: session.send_once(ready, session.address)
