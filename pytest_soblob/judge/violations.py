"""Severity, rule, violation and verdict: the results of judging, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pytest_soblob.contract import NamedEnum

LONGEST_TEXT = 300  # characters, of the message and of each other text but the path
LONGEST_PATH = 1000  # inside nested exceptions a path is long; it is kept whole to be comparable


class Severity(NamedEnum):
    """The severity of a violation.

    `error`: a real server could reject or lose the message, or the contract forbids it.
    `warning`: the message is legal, but causes problems in practice.
    `note`: the message is legal, and the finding is worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the contract.

    Attributes:
        id: Id as `family.what-is-wrong`; public API, never renamed or reused.
        severity: Severity of a violation, unless a single case has another one.
        meaning: What is wrong, in one line.
        reference: The source: the page, a WSDL element, or a section of a specification.
        change: What to change, in the imperative.
        server: What a real WCF host does with the message; None if that is unknown or it does
            nothing special.
        side: The source that the rule follows, and why, where the sources disagree or are silent;
            None where they agree.
        kinds: Kinds of messages it applies to: `request`, `response` or both.
        profiles: Profiles in which it applies.
    """

    id: str
    severity: Severity
    meaning: str
    reference: str
    change: str
    server: str | None = None
    side: str | None = None
    kinds: tuple[str, ...] = ("request", "response")
    profiles: tuple[str, ...] = ("wsdl", "soap12", "documented")

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


class _DeferredTexts:
    """Builds the texts of a violation when one of them is first read."""

    __slots__ = ("_build",)

    if not TYPE_CHECKING:  # else a type checker would accept any attribute

        def __getattr__(self, name: str) -> Any:
            """Build the texts; called for attributes that are not set yet."""
            if name not in TEXTS:
                raise AttributeError(f"a violation has no {name!r}")
            build = getattr(self, "_build", None)
            if build is not None:  # None if another thread has just built the same texts
                for field, value in build().items():
                    object.__setattr__(self, field, value)
                object.__setattr__(self, "_build", None)
            return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation(_DeferredTexts):
    """One place where a message breaks a rule, with everything needed to render it.

    Secrets are redacted in all texts. Rule and severity are set at once. The violations of a
    validator build their other attributes when one of them is first read, since most warnings and
    notes are only counted. Until then such a violation keeps the parsed message alive. Equality,
    `repr`, `dataclasses.replace`, copies and pickles read all attributes.

    Attributes:
        rule: Id of the rule.
        severity: Severity of this violation.
        message: What is wrong, in one sentence.
        path: Path of the element, as `s:Envelope/s:Body/ns:SaveImageStream/ns:Type`; for a missing
            element that of its parent; for http rules a header or line. None if the bytes do not
            parse.
        line: Line number, from 1; None if unknown.
        column: Column number, from 1; None if unknown.
        expected: The expected value; None if the message says everything.
        got: The actual value; None if the message says everything.
        reference: The source of the rule.
        change: What to change, in the imperative: for this case, or in general.
        server: What a real WCF host does with the message; None if that is unknown or it does
            nothing special.
        excerpt: At most two lines of the message around the place.
    """

    rule: str
    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    expected: str | None = None
    got: str | None = None
    reference: str = ""
    change: str = ""
    server: str | None = None
    excerpt: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The part of the rule's id before the dot."""
        return self.rule.partition(".")[0]

    @property
    def is_error(self) -> bool:
        """Whether the severity is `error`."""
        return self.severity is Severity.ERROR

    def complete(self) -> None:
        """Build the texts now, so that they do not keep the parsed message alive."""
        _ = self.message

    def to_json(self) -> dict[str, str | int | None]:
        """Return the violation as `soblob validate --format json` prints it."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "expected": self.expected,
            "got": self.got,
            "server": self.server,
            "change": self.change,
            "reference": self.reference,
        }


TEXTS = tuple(field.name for field in fields(Violation) if field.name not in ("rule", "severity"))


def deferred(rule: str, severity: Severity, build: Callable[[], Mapping[str, object]]) -> Violation:
    """Return a violation whose other fields are built when one of them is first read.

    Args:
        rule: Id of the rule.
        severity: Severity of the violation.
        build: Returns the value of each of `TEXTS`; every call must return the same.
    """
    violation = object.__new__(Violation)
    object.__setattr__(violation, "rule", rule)
    object.__setattr__(violation, "severity", severity)
    object.__setattr__(violation, "_build", build)
    return violation


def texts_of(violation: Violation) -> dict[str, object]:
    """Return the value of each of `TEXTS` by name."""
    return {name: getattr(violation, name) for name in TEXTS}


def with_severity(violation: Violation, severity: Severity) -> Violation:
    """Return the violation with another severity, without building its texts."""
    return deferred(violation.rule, severity, lambda: texts_of(violation))


def with_server(violation: Violation, server: str | None) -> Violation:
    """Return the violation with another `server`, without building its texts."""
    return deferred(
        violation.rule, violation.severity, lambda: {**texts_of(violation), "server": server}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of judging one message.

    Attributes:
        kind: `request` or `response`.
        profile: Profile by which it was judged; None if the bytes do not parse.
        operation: Operation that the body names; None if it names no known operation.
        violations: The violations in the order found: HTTP, XML, envelope, header, body.
        guessed: True if the profile was detected from the message (`auto`).
        judged_as: Operation by which it was judged: that of the body; else the one that the
            validator expects; else the one that the head of the HTTP request names, or whose name
            is nearest to that in the body. None if it could not be determined.
        asked: The only operation that the validator expects; None if any of the service is allowed.
    """

    kind: str
    profile: str | None
    operation: str | None
    violations: tuple[Violation, ...]
    guessed: bool = False
    judged_as: str | None = None
    asked: str | None = None

    @property
    def errors(self) -> tuple[Violation, ...]:
        """The violations of severity `error`."""
        return tuple(violation for violation in self.violations if violation.is_error)

    @property
    def is_valid(self) -> bool:
        """Whether there is no error; warnings and notes are allowed."""
        return not self.errors
