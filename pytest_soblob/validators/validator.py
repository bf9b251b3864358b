"""`EnvelopeValidator`: bytes or HTTP messages in, violations out.

It parses once, looks at the result as an envelope, and lets every family judge it. It holds no
state but its settings, so one validator serves many threads.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, islice
from typing import Final, TypeVar, cast

from pytest_soblob import _carving, _xml
from pytest_soblob._carving import Surroundings
from pytest_soblob._http import HttpSyntaxError, TlsError
from pytest_soblob._text import find_suspects
from pytest_soblob._xml import Document
from pytest_soblob.catalogue import RULES
from pytest_soblob.contract import (
    OPERATIONS,
    SAVE_IMAGE_STREAM,
    Installation,
    Operation,
    Profile,
    find_operation,
)
from pytest_soblob.envelope import Envelope
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import SOAP11, SOAP12
from pytest_soblob.severities import Severities, in_force
from pytest_soblob.validators import body, envelope, header, http, payload, xml
from pytest_soblob.validators._context import Context, make_violation, without_secrets
from pytest_soblob.validators.usual import is_usual
from pytest_soblob.violations import Verdict, Violation
from pytest_soblob.wire import HttpRequest, HttpResponse

KINDS: Final = ("request", "response")
# Nobody reads more, and each costs time: a message of 100,000 wrong elements is an attack.
MOST_VIOLATIONS: Final = 1_000

# For secrets, in bytes that are no envelope: a header that repeats one is rare enough.
_LOOKED_THROUGH: Final = 100_000
# For whoever speaks TLS where plain HTTP is spoken: no capture that was cut off.
_PLAIN_OR_TLS: Final = (
    "use http://, or an endpoint that speaks TLS: soblob_endpoint_tls, or soblob serve --tls"
)

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class EnvelopeValidator:
    """Judges messages of the operation against page, WSDL and SOAP.

    Args:
        kind: `request` or `response`.
        profile: `documented`, `wsdl`, `soap12`, or `auto`, which tells it from each message.
        installation: `onsite`, or `online`, where an application token must be sent.
        operation: The one operation that is judged; another one in a body is an error. None takes
            any operation of `schemas/`.
        max_message_size: Bytes that a message may have, as your server is configured; None, as
            NetServer's own limit is not known, for no limit.
        severities: A team's own severities and threshold; None means what pytest's configuration
            says, read when the validator is made.

    Raises:
        SoblobError: A setting has a value that there is not.
    """

    kind: str = "request"
    profile: Profile | str = Profile.AUTO
    installation: Installation | str = Installation.ONSITE
    operation: str | None = SAVE_IMAGE_STREAM.name
    max_message_size: int | None = None
    severities: Severities | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SoblobError(f"kind must be 'request' or 'response', not {self.kind!r}")
        object.__setattr__(self, "profile", _member(Profile, "profile", self.profile))
        object.__setattr__(
            self, "installation", _member(Installation, "installation", self.installation)
        )
        if self.severities is None:
            object.__setattr__(self, "severities", in_force())
        if self.operation is not None:
            find_operation(self.operation, " in schemas/")

    @property
    def policy(self) -> Severities:
        """The severities and the threshold that it goes by."""
        return self.severities or Severities()

    @property
    def requests(self) -> "EnvelopeValidator":
        """The same settings for requests."""
        return replace(self, kind="request")

    @property
    def responses(self) -> "EnvelopeValidator":
        """The same settings for responses."""
        return replace(self, kind="response")

    def iter_violations(self, data: bytes) -> Iterator[Violation]:
        """Yield every violation of an envelope, not only the first.

        Args:
            data: The envelope's bytes; any bytes at all.

        Raises:
            SoblobError: `data` is not bytes.
        """
        yield from self.judge(data).violations

    def is_valid(self, data: bytes) -> bool:
        """Whether an envelope has no error; warnings and notes are allowed."""
        return self.judge(data).is_valid

    def judge(self, message: bytes | HttpRequest | HttpResponse) -> Verdict:
        """Return all that there is to say about one message.

        Args:
            message: An envelope's bytes, or an HTTP message, whose request line, headers and
                status are judged as well (family `http`).

        Raises:
            SoblobError: `message` is none of these, or an HTTP message of the other kind.
        """
        return self.examine(message)[0]

    def examine(
        self,
        message: bytes | HttpRequest | HttpResponse,
        *,
        fast: bool = True,
        known: Surroundings | None = None,
    ) -> tuple[Verdict, Envelope | None]:
        """Return the verdict, and the envelope that it is about, so that nobody parses again.

        The envelope is None where the bytes are no envelope of either SOAP version.

        Args:
            message: As for `judge`.
            fast: Whether a large image may be cut out before parsing, and a usual message told at
                a glance. The verdict is the same without; tests compare the two.
            known: What stood around the images of messages before; None remembers nothing.
        """
        data = self._body_of(message)
        document = _carving.parse(data, known) if fast else _xml.parse(data)
        context, violations = self._judge_envelope(document, fast=fast)
        expected = self._expected(message, context)
        if self.max_message_size is not None and len(data) > self.max_message_size:
            violations = [self.too_large(len(data)), *violations]
        if type(message) is not bytes and isinstance(message, HttpRequest | HttpResponse):
            found = self._judge_http(message, document, context, expected)
            secrets = _secrets_of(document, context) if found else ()
            violations = [*(without_secrets(v, secrets) for v in found), *violations]
        if violations and self.kind == "response":
            violations = [_without_server(violation) for violation in violations]
        verdict = Verdict(
            kind=self.kind,
            profile=None if context is None else str(context.profile),
            operation=None if context is None or context.actual is None else context.actual.name,
            violations=self.policy.apply(violations),
            guessed=self.profile is Profile.AUTO,
            judged_as=None if expected is None else expected.name,
        )
        return verdict, None if context is None else context.envelope

    def _body_of(self, message: object) -> bytes:
        if type(message) is bytes:
            return message
        if isinstance(message, bytes | bytearray | memoryview):
            return bytes(message)
        wanted = HttpRequest if self.kind == "request" else HttpResponse
        if isinstance(message, wanted):
            return message.body
        hint = "; encode text first" if isinstance(message, str) else ""
        raise SoblobError(
            f"a {self.kind} is bytes or an {wanted.__name__}, not {type(message).__name__}{hint}"
        )

    def too_large(self, size: int) -> Violation:
        """Return what there is to say of a message of so many bytes."""
        return make_violation(
            "payload.message-too-large",
            f"the message has {size:,} bytes",
            expected=f"at most {self.max_message_size:,}",
            got=f"{size:,}",
        )

    def _judge_envelope(
        self, document: Document, *, fast: bool
    ) -> tuple[Context | None, list[Violation]]:
        parsed = Envelope.from_document(document)
        if parsed is None:
            return None, list(xml.iter_unparsed(document))
        if fast and self._is_usual(parsed):
            context = self._usual_context(parsed)
            return context, list(payload.iter_violations(context))
        wrong_root = envelope.find_wrong_root(parsed)
        if wrong_root is not None:
            outside = islice(xml.iter_violations(parsed, None), MOST_VIOLATIONS)
            return None, [*outside, wrong_root]
        context = self._context(parsed)
        violations = list(islice(xml.iter_violations(parsed, context.profile), MOST_VIOLATIONS))
        too_deep = xml.find_too_deep(parsed)
        if too_deep is not None:
            return context, [*violations, too_deep]
        found = chain.from_iterable(f.iter_violations(context) for f in (envelope, header, body))
        violations += islice(found, MOST_VIOLATIONS)
        if next(found, None) is not None:
            text = f"judging stopped after {MOST_VIOLATIONS:,} violations"
            violations.append(make_violation("envelope.too-many-violations", text))
        return context, violations

    def _is_usual(self, parsed: Envelope) -> bool:
        """Whether only the payload has to be judged, since all around it is as usual."""
        return (
            self.profile in (Profile.AUTO, Profile.WSDL)
            and self.operation in (None, SAVE_IMAGE_STREAM.name)
            and is_usual(parsed, self.kind, cast("Installation", self.installation))
        )

    def _usual_context(self, parsed: Envelope) -> Context:
        return Context(
            envelope=parsed,
            kind=self.kind,
            profile=Profile.WSDL,
            installation=cast("Installation", self.installation),
            operation=None if self.operation is None else SAVE_IMAGE_STREAM,
            actual=SAVE_IMAGE_STREAM,
        )

    def _context(self, parsed: Envelope) -> Context:
        return Context(
            envelope=parsed,
            kind=self.kind,
            profile=resolve_profile(parsed, Profile(self.profile)),
            installation=Installation(self.installation),
            operation=None if self.operation is None else OPERATIONS[self.operation],
            actual=body.find_operation(parsed, self.kind),
        )

    def _judge_http(
        self,
        message: HttpRequest | HttpResponse,
        document: Document,
        context: Context | None,
        expected: Operation | None,
    ) -> list[Violation]:
        if isinstance(message, HttpResponse):
            if context is None:
                return []
            return list(
                http.iter_response_violations(
                    message,
                    document,
                    str(context.envelope.soap_namespace),
                    is_fault=context.envelope.fault is not None,
                )
            )
        soap_namespace = self._soap_namespace(message, context)
        found = http.judge_request(message, document, soap_namespace, expected or SAVE_IMAGE_STREAM)
        if (
            expected is None
            and context is not None
            and context.envelope.payload_element is not None
        ):
            # Of an operation that nobody knows nobody can say which action it has.
            return [violation for violation in found if violation.rule not in http.OF_THE_ACTION]
        return found

    def _soap_namespace(self, message: HttpRequest, context: Context | None) -> str:
        """The envelope's SOAP version; where there is none, what profile or Content-Type say."""
        if context is not None:
            return str(context.envelope.soap_namespace)
        if self.profile is not Profile.AUTO:
            return Profile(self.profile).soap_namespace
        soap12 = "application/soap+xml" in (message.header("Content-Type") or "").lower()
        return SOAP12 if soap12 else SOAP11

    def _expected(self, message: object, context: Context | None) -> Operation | None:
        """The operation of body or judge, else what was meant: see `Verdict.judged_as`."""
        if context is not None and context.actual is not None:
            return context.actual
        if self.operation is not None:
            return OPERATIONS[self.operation]
        meant = None if context is None else body.guess_operation(context.envelope, self.kind)
        return http.find_operation(message, meant) if isinstance(message, HttpRequest) else meant


def _secrets_of(document: Document, context: Context | None) -> AbstractSet[str]:
    if context is not None:
        return context.secrets
    return find_suspects(document.text[:_LOOKED_THROUGH])


def _without_server(violation: Violation) -> Violation:
    """Return what is said of a response: what a server does with a request is not its matter."""
    if violation.server is None or "request" not in RULES[violation.rule].kinds:
        return violation
    return replace(violation, server=None)


def malformed_http(kind: str, error: HttpSyntaxError) -> Verdict:
    """Return the verdict about bytes that begin like an HTTP message, but are not one."""
    change = _PLAIN_OR_TLS if isinstance(error, TlsError) else None
    violation = make_violation(error.rule, str(error), change=change)
    if kind == "response":
        violation = _without_server(violation)
    return Verdict(kind=kind, profile=None, operation=None, violations=(violation,))


def resolve_profile(parsed: Envelope, profile: Profile) -> Profile:
    """Tell `auto` from the SOAP version and from where header blocks stand.

    SOAP 1.1 is `wsdl`; SOAP 1.2 is `documented` where NetServer's blocks stand beside Body or
    there is no Header at all (as in the page's response), and `soap12` otherwise.
    """
    if profile is not Profile.AUTO:
        return profile
    if not parsed.is_soap12:
        return Profile.WSDL
    beside = any(not block.in_header for block in parsed.header_blocks)
    return Profile.DOCUMENTED if beside or not parsed.headers else Profile.SOAP12


def _member(enum: type[E], name: str, value: object) -> E:
    try:
        return enum(str(value))
    except ValueError:
        allowed = ", ".join(repr(str(member)) for member in enum)
        raise SoblobError(f"{name} must be one of {allowed}, not {value!r}") from None
