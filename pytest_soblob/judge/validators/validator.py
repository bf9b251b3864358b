"""`EnvelopeValidator`: bytes or HTTP messages in, violations out.

It parses a message once, and has every family judge the envelope. Threads can share a validator.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from itertools import chain, islice
from typing import Final, TypeVar, cast

from pytest_soblob._http import HttpSyntaxError, TlsError
from pytest_soblob._text import KnownSecrets, find_suspects
from pytest_soblob._xml import carving as _carving
from pytest_soblob._xml import document as _xml
from pytest_soblob._xml.carving import SkeletonCache
from pytest_soblob._xml.document import Document
from pytest_soblob.contract import (
    OPERATIONS,
    SAVE_IMAGE_STREAM,
    Installation,
    Operation,
    Profile,
    find_operation,
)
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.severities import Severities, default_severities
from pytest_soblob.judge.validators import body, envelope, header, http, packing, xml
from pytest_soblob.judge.validators._context import Context, make_violation, without_secrets
from pytest_soblob.judge.validators._secrets import find_http_secrets
from pytest_soblob.judge.validators.common import CommonMessage, find_common, iter_remarks
from pytest_soblob.judge.violations import Verdict, Violation, with_server
from pytest_soblob.names import SOAP11, SOAP12
from pytest_soblob.soap.envelope import Envelope
from pytest_soblob.wire import HttpRequest, HttpResponse

KINDS: Final = ("request", "response")
# Each violation costs time: a message with 100,000 wrong elements is an attack.
MOST_VIOLATIONS: Final = 200

# Characters searched for secrets if the bytes are not an envelope.
_LOOKED_THROUGH: Final = 100_000
# For TLS at an endpoint of plain HTTP: the message is not truncated.
_PLAIN_OR_TLS: Final = (
    "use http://, or an endpoint with TLS: soblob_endpoint_tls, or soblob serve --tls"
)

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class EnvelopeValidator:
    """Judges messages by the documentation page, the WSDL and the SOAP specifications.

    Args:
        kind: Kind of messages: `request` or `response`.
        profile: `documented`, `wsdl`, `soap12`, or `auto`, which detects it for each message.
        installation: `onsite`, or `online`, which requires an application token.
        operation: The only operation to accept; None for any operation of `schemas/`.
        max_message_size: Limit of a message in bytes; None for no limit (NetServer's is unknown).
        severities: Threshold and overrides; None for those of pytest's configuration by now.
        secrets: Values to redact in every text beside those in the message: passwords, say.

    Raises:
        SoblobError: If a setting has an invalid value.
    """

    kind: str = "request"
    profile: Profile | str = Profile.AUTO
    installation: Installation | str = Installation.ONSITE
    operation: str | None = SAVE_IMAGE_STREAM.name
    max_message_size: int | None = None
    severities: Severities | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def of_service(
        cls,
        kind: str,
        profile: Profile | str = Profile.AUTO,
        installation: Installation | str = Installation.ONSITE,
        *,
        operation: str | None = None,
        max_message_size: int | None = None,
        severities: Severities | None = None,
        secrets: tuple[str, ...] = (),
    ) -> "EnvelopeValidator":
        """Return a validator for all operations, as endpoint, assertions and command use it.

        Args:
            kind: As for the class.
            profile: As for the class.
            installation: As for the class.
            operation: Name of the only one to accept; None for any known one, by its own schema.
            max_message_size: As for the class; None for no limit.
            severities: As for the class; None for those in force.
            secrets: As for the class.

        Raises:
            SoblobError: If a setting has an invalid value.
        """
        return cls(kind, profile, installation, operation, max_message_size, severities, secrets)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SoblobError(f"kind must be 'request' or 'response', not {self.kind!r}")
        object.__setattr__(self, "profile", _member(Profile, "profile", self.profile))
        object.__setattr__(
            self, "installation", _member(Installation, "installation", self.installation)
        )
        if self.severities is None:
            object.__setattr__(self, "severities", default_severities())
        if self.operation is not None:
            find_operation(self.operation, " in schemas/")

    @property
    def policy(self) -> Severities:
        """The threshold and overridden severities in effect."""
        return self.severities or Severities()

    @property
    def requests(self) -> "EnvelopeValidator":
        """A validator for requests with the same settings."""
        return replace(self, kind="request")

    @property
    def responses(self) -> "EnvelopeValidator":
        """A validator for responses with the same settings."""
        return replace(self, kind="response")

    def iter_violations(self, data: bytes) -> Iterator[Violation]:
        """Yield every violation in an envelope.

        Args:
            data: The bytes of the envelope; any bytes are allowed.

        Raises:
            SoblobError: If `data` is not bytes.
        """
        yield from self.judge(data).violations

    def is_valid(self, data: bytes) -> bool:
        """Return whether an envelope has no errors; warnings and notes are allowed.

        Raises:
            SoblobError: If `data` is not bytes.
        """
        return self.judge(data).is_valid

    def judge(self, message: bytes | HttpRequest | HttpResponse) -> Verdict:
        """Return the verdict on one message.

        Args:
            message: The bytes of an envelope, or an HTTP message, whose request line or status
                and headers are judged as well (family `http`).

        Raises:
            SoblobError: If `message` is neither, or is an HTTP message of the other kind.
        """
        return self.examine(message)[0]

    def judge_malformed(self, error: HttpSyntaxError) -> Verdict:
        """Return the verdict on bytes that begin like an HTTP message, but are not one.

        Args:
            error: The error that parsing them has raised.
        """
        change = _PLAIN_OR_TLS if isinstance(error, TlsError) else None
        violation = make_violation(error.rule, str(error), change=change)
        if self.kind == "response":
            violation = _without_server(violation)
        return Verdict(
            kind=self.kind,
            profile=None,
            operation=None,
            violations=self.policy.apply([violation]),
            asked=self.operation,
        )

    def examine(
        self,
        message: bytes | HttpRequest | HttpResponse,
        *,
        fast: bool = True,
        known: SkeletonCache | None = None,
        document: Document | None = None,
    ) -> tuple[Verdict, Envelope | None]:
        """Return the verdict together with the parsed envelope.

        The envelope is None if the bytes are not an envelope of either SOAP version.

        Args:
            message: As for `judge`.
            fast: Whether the fast path may be used: a large image is cut out before parsing, and
                a common message is recognised by a schema. The verdict is the same on the
                reference path; tests compare the two.
            known: Cache of the envelopes around the images of earlier messages; None for no cache.
            document: The parsed bytes of the message; None to parse them here.

        Raises:
            SoblobError: As for `judge`.
        """
        data = self._body_of(message)
        size = len(data)
        packed: tuple[Violation, ...] = ()
        is_readable = True
        if type(message) is not bytes and isinstance(message, HttpRequest | HttpResponse):
            data, packed, is_readable = packing.unpack(message)
        if document is None:
            document = _carving.parse(data, known) if fast else _xml.parse(data)
        context, violations = self._judge_envelope(document, fast=fast)
        violations = violations if is_readable else []
        expected = self._expected(message, context)
        if self.max_message_size is not None and size > self.max_message_size:
            violations = [self.too_large(size), *violations]
        if type(message) is not bytes and isinstance(message, HttpRequest | HttpResponse):
            found = self._judge_http(message, document, context, expected, fast=fast)
            violations = [*packed, *found, *violations]
        if violations and (type(message) is not bytes or self.secrets):
            secrets = cache(lambda: self._secrets_of(message, document, context))
            violations = [without_secrets(violation, secrets) for violation in violations]
        if violations and self.kind == "response":
            violations = [_without_server(violation) for violation in violations]
        verdict = Verdict(
            kind=self.kind,
            profile=None if context is None else str(context.profile),
            operation=None if context is None or context.actual is None else context.actual.name,
            violations=self.policy.apply(violations),
            guessed=self.profile is Profile.AUTO,
            judged_as=None if expected is None else expected.name,
            asked=self.operation,
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
        """Return the violation for a message of `size` bytes, which is above the limit."""
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
        common = self._find_common(parsed) if fast else None
        if common is not None:
            context = self._common_context(parsed, common.profile)
            return context, list(iter_remarks(context, common))
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

    def _find_common(self, parsed: Envelope) -> CommonMessage | None:
        """Return a common message of the expected operation and profile; None for any other."""
        if self.operation not in (None, SAVE_IMAGE_STREAM.name):
            return None
        common = find_common(parsed, self.kind, cast("Installation", self.installation))
        return common if common and self.profile in (Profile.AUTO, common.profile) else None

    def _common_context(self, parsed: Envelope, profile: Profile) -> Context:
        return Context(
            envelope=parsed,
            kind=self.kind,
            profile=profile,
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
            actual=body.operation_in_body(parsed, self.kind),
        )

    def _judge_http(
        self,
        message: HttpRequest | HttpResponse,
        document: Document,
        context: Context | None,
        expected: Operation | None,
        *,
        fast: bool,
    ) -> list[Violation]:
        if isinstance(message, HttpResponse):
            if context is None:
                return []
            return list(
                http.iter_response_violations(
                    message,
                    document,
                    str(context.envelope.soap_namespace),
                    fault=context.envelope.fault,
                )
            )
        soap_namespace = self._soap_namespace(message, context)
        found = http.judge_request(
            message, document, soap_namespace, expected or SAVE_IMAGE_STREAM, fast=fast
        )
        if (
            expected is None
            and context is not None
            and context.envelope.payload_element is not None
        ):
            # The action of an unknown operation is unknown.
            return [violation for violation in found if violation.rule not in http.OF_THE_ACTION]
        return found

    def _soap_namespace(self, message: HttpRequest, context: Context | None) -> str:
        """Return the SOAP version of the envelope; without one, of profile or Content-Type."""
        if context is not None:
            return str(context.envelope.soap_namespace)
        if self.profile is not Profile.AUTO:
            return Profile(self.profile).soap_namespace
        soap12 = "application/soap+xml" in (message.header("Content-Type") or "").lower()
        return SOAP12 if soap12 else SOAP11

    def _secrets_of(
        self, message: object, document: Document, context: Context | None
    ) -> KnownSecrets:
        """Return the secrets in envelope and head, and those given to the validator."""
        inside: Iterable[str] = (
            find_suspects(document.text[:_LOOKED_THROUGH]) if context is None else context.secrets
        )
        if isinstance(message, HttpRequest | HttpResponse):
            inside = (*inside, *find_http_secrets(message))
        return KnownSecrets((*inside, *self.secrets))

    def _expected(self, message: object, context: Context | None) -> Operation | None:
        """Return the operation to judge by; see `Verdict.judged_as`."""
        if context is not None and context.actual is not None:
            return context.actual
        if self.operation is not None:
            return OPERATIONS[self.operation]
        meant = None if context is None else body.guess_operation(context.envelope, self.kind)
        return http.operation_in_head(message, meant) if isinstance(message, HttpRequest) else meant


def _without_server(violation: Violation) -> Violation:
    """Return a violation in a response, without what a server does with such a request."""
    is_of_requests = "request" in RULES[violation.rule].kinds
    return with_server(violation, None) if is_of_requests else violation


def resolve_profile(parsed: Envelope, profile: Profile) -> Profile:
    """Return the profile, with `auto` resolved by SOAP version and place of the header blocks.

    SOAP 1.1 is `wsdl`. SOAP 1.2 is `documented` if NetServer's blocks are beside Body or there is
    no Header (as in the page's response), and `soap12` otherwise.
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
