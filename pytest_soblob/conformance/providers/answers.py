"""What an answer to a call says: refused, failed or taken; and what is wrong with the answer."""

from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from pytest_soblob._text import clip, quote
from pytest_soblob._xml import document as _xml
from pytest_soblob.conformance.providers.hiding import holds_secret
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.values import Sent
from pytest_soblob.contract import RESPONSE_BLOCKS
from pytest_soblob.judge.severities import Severities
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.validators.packing import unpack
from pytest_soblob.judge.violations import Severity
from pytest_soblob.names import NETSERVER, SOAP12
from pytest_soblob.soap.binding import find_child, read
from pytest_soblob.soap.envelope import Element, Envelope, local_name, namespace, text_of
from pytest_soblob.soap.messages import ExceptionInfo, Fault

_RESPONSES: Final = EnvelopeValidator.of_service("response", severities=Severities())
_SHORTEST_SECRET: Final = 4
_SHORTEST_JOINED: Final = 8  # a shorter one may come of words put together
_LOOKED_AT: Final = 20_000
_MOST_TAGS: Final = 5_000  # an answer has about twenty, and each costs time in every probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An answer, as far as it can be read.

    Attributes:
        kind: `none`, `status` (no envelope), `fault`, `failure` (`Succeeded` false) or `normal`.
        text: The answer in a few words.
        element: First child of the body of an envelope; None without one.
        succeeded: Value of `Succeeded`; None if it is absent.
        blob_id: The Response of a SaveImageStreamResponse; None if there is none.
        image: The Response of an answer with an image; None if it is absent or nil.
        reason: Text of the fault or the exception; empty without one.
        is_telling: Of the answer to a right call: whether only such a call gets it.
    """

    kind: str
    text: str
    element: Element | None = None
    succeeded: bool | None = None
    blob_id: int | None = None
    image: bytes | None = None
    reason: str = ""
    is_telling: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether the call was refused."""
        return self.kind in ("status", "fault", "failure")

    @property
    def is_saved(self) -> bool:
        """Whether the answer is that of a save."""
        return self.element is not None and local_name(self.element) == "SaveImageStreamResponse"


def read_answer(sent: Sent) -> Reading:
    """Return what an answer says."""
    response = sent.answer.response
    if response is None:
        return Reading(kind="none", text=str(sent.answer.problem))
    status = f"status {response.status}"
    envelope = _envelope(response)
    element = None if envelope is None else envelope.payload_element
    if envelope is None or envelope.soap_namespace is None or element is None:
        kind = "status" if response.status >= 300 else "none"
        media = response.header("Content-Type") or "no Content-Type"
        size = f"{len(response.body):,} bytes of {quote(media, 60)}"
        return Reading(kind=kind, text=f"{status}, {size if response.body else 'no body'}")
    if envelope.fault is not None:
        fault = Fault.from_envelope(envelope)
        reason = "" if fault is None else clip(" ".join(fault.reason.split()), 120)
        return Reading(kind="fault", text=f"{status}, fault: {reason}", reason=reason,
                       element=element)  # fmt: skip
    return _read_normal(envelope, element, status)


def _read_normal(envelope: Envelope, element: Element, status: str) -> Reading:
    blocks = {particle.name: envelope.find_block(particle.name) for particle in RESPONSE_BLOCKS}
    found = blocks["Succeeded"]
    succeeded = None if found is None else read(found.element, "boolean")
    info = blocks["ExceptionInfo"]
    exception = None if info is None else ExceptionInfo.from_values(
        read(info.element, "SoExceptionInfo")
    )  # fmt: skip
    said = () if exception is None else (exception.exception_type, exception.message)
    reason = ": ".join(filter(None, said))
    result = find_child(element, "Response")
    name = local_name(element)
    values: dict[str, Any] = {}
    if name == "SaveImageStreamResponse":
        values["blob_id"] = read(result, "int")
    elif name in ("GetBlobStreamResponse", "GetPersonImageResponse", "GetProjectImageResponse"):
        values["image"] = read(result, "base64Binary")
    kind = "failure" if succeeded is False else "normal"
    why = f", {clip(' '.join(reason.split()), 120)}" if reason else ""
    shown = "absent" if succeeded is None else str(succeeded).lower()
    text = f"{status}, {clip(name, 60)}, Succeeded {shown}{why}"
    return Reading(kind=kind, text=text, element=element, succeeded=succeeded, reason=reason,
                   **values)  # fmt: skip


def _envelope(response: Any) -> Envelope | None:
    data = unpack(response).data
    if data.count(b"<") > _MOST_TAGS:
        return None
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return None
    return Envelope.from_document(_xml.parse(data))


def find_in_answer(session: Session, sent: Sent) -> Reading:
    """Note what is wrong with an answer itself, whatever was asked; return what it says."""
    answer, reading = sent.answer, read_answer(sent)
    if answer.response is None:
        session.find(
            f"answer.{answer.kind}",
            f"no answer: {answer.problem}",
            expected="a complete HTTP response",
            got=str(answer.problem),
            notices="a connection error or a timeout, in place of a fault that says what is wrong",
            sent=sent,
        )
        return reading
    _find_transport(session, sent)
    _find_secrets(session, sent)
    media_type = (answer.response.header("Content-Type") or "").lower()
    is_broken = reading.kind == "status" and answer.response.body and "xml" in media_type
    if reading.kind == "none" or (is_broken and "html" not in media_type):
        session.find(
            "answer.not-soap",
            "the answer to a call is no SOAP envelope",
            expected="an envelope, or a status of 400 or more without XML",
            got=reading.text,
            notices="a parse error, which hides what happened",
            sent=sent,
        )
    if reading.element is None:
        return reading
    verdict = _RESPONSES.judge(answer.response)
    for violation in verdict.violations:
        if violation.severity is Severity.WARNING:
            session.warnings[violation.rule] += 1
        if violation.is_error:
            session.find(
                f"answer.{violation.rule}",
                violation.message,
                expected=violation.expected or violation.change,
                got=violation.got or reading.text,
                notices="clients that check the answer against the WSDL or SOAP fail",
                sent=sent,
            )
    _find_version(session, sent, reading)
    return reading


def _find_transport(session: Session, sent: Sent) -> None:
    answer = sent.answer
    if answer.surplus:
        session.find(
            "answer.surplus",
            "bytes follow the end of the response",
            expected="a Content-Length that is that of the body",
            got="more bytes than Content-Length says",
            notices="the next answer on the connection cannot be parsed",
            sent=sent,
        )
    if answer.status is not None and 300 <= answer.status < 400:
        where = "" if answer.response is None else answer.response.header("Location") or ""
        session.find(
            "answer.redirect",
            "a call is redirected; it is not followed, since it has credentials",
            expected="an answer at this URL",
            got=f"status {answer.status} to {quote(where.partition('?')[0], 100)}",
            notices="most SOAP clients fail, and some repeat the POST as a GET",
            sent=sent,
        )


def _find_secrets(session: Session, sent: Sent) -> None:
    response = sent.answer.response
    if response is None:
        return
    text = response.body.decode("utf-8", "replace")
    text += "\n".join(value for _, value in response.headers)
    asked = sent.request.body.decode("utf-8", "replace")
    for secret in session.secrets:
        spelled = (secret, escape(secret))
        was_sent = len(secret) >= _SHORTEST_SECRET and escape(secret) in asked
        begins = text[:_LOOKED_AT] if len(secret) >= _SHORTEST_JOINED else ""
        if was_sent and (any(one in text for one in spelled) or holds_secret(begins, (secret,))):
            session.find(
                "answer.echoes-secret",
                "the answer repeats a secret of the request",
                expected="no ticket, token or password in an answer",
                got="one of them, as it is or in another form",
                notices="whoever logs answers has a ticket that others can use",
                sent=sent,
            )


def _find_version(session: Session, sent: Sent, reading: Reading) -> None:
    element = reading.element
    root = None if element is None else element.getroottree().getroot()
    asked = SOAP12.encode() in sent.request.body
    if root is not None and reading.kind != "fault" and (namespace(root) == SOAP12) != asked:
        session.find(
            "answer.other-soap-version",
            "the answer has another SOAP version than the request",
            expected="SOAP 1.2" if asked else "SOAP 1.1",
            got="SOAP 1.1" if asked else "SOAP 1.2",
            notices="the client does not find the envelope",
            sent=sent,
        )


def description_in(reading: Reading) -> str | None:
    """Return the first Description below the body of an answer; None if there is none."""
    if reading.element is None:
        return None
    found = next(reading.element.iter(f"{{{NETSERVER}}}Description"), None)
    return None if found is None else text_of(found)
