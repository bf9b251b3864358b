"""What breaks the contract, as values: severity, rule, violation, verdict."""

from dataclasses import dataclass
from enum import StrEnum

LONGEST_TEXT = 300  # of a message, and of each text beside it
LONGEST_PATH = 1000  # deep inside an exception it is long, and wanted whole by who compares it


class Severity(StrEnum):
    """How much a violation matters.

    `error`: a real server could refuse or lose it, or the contract forbids it.
    `warning`: legal, but it hurts in practice.
    `note`: legal and fine, but the user should know.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a violation cites.

    Attributes:
        id: `family.what-is-wrong`; public API, never reused.
        severity: What breaking it means, unless the contract grades one case otherwise.
        meaning: One line.
        reference: Where it is written: the page, a WSDL element, a section of a specification.
        change: What to do, in the imperative.
        server: What a real WCF host does with it; None where nobody knows or nothing happens.
        side: Where the sources disagree or leave room: which side it takes, and why; else None.
        kinds: Of messages that it is about.
        profiles: In which it holds.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One place where a message breaks a rule; complete, so that it can be rendered on its own.

    Attributes:
        rule: The rule's id.
        severity: Of this case.
        message: One sentence: what is wrong here. Secrets are redacted, in all texts.
        path: Where, as `s:Envelope/s:Body/ns:SaveImageStream/ns:Type`, for what is missing the
            element in which it should stand; a header or line for http rules; None where the
            bytes do not parse.
        line: Counted from 1; None where it cannot be known.
        column: Counted from 1; None where it cannot be known.
        expected: What would have been right; None where the message says it all.
        got: What stood there; None where the message says it all.
        reference: As the rule's.
        change: As the rule's, or said for this case.
        server: As the rule's, or said for this case.
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

    def to_json(self) -> dict[str, str | int | None]:
        """Return the keys and values that `soblob validate --format json` prints."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "expected": self.expected,
            "got": self.got,
            "reference": self.reference,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All that was found in one message.

    Attributes:
        kind: `request` or `response`.
        profile: The profile it was judged by; None where the bytes did not parse.
        operation: The operation that the body names; None where it names none that is known.
        violations: In the order found: envelope, header, body, payload.
        guessed: Whether the profile was told from the message (`auto`).
        judged_as: The operation by which it was judged: the body's; else the one that alone is
            judged; else, where any may come, the one that the HTTP request's head names, or whose
            name is nearest to the body's. None where nothing says it.
    """

    kind: str
    profile: str | None
    operation: str | None
    violations: tuple[Violation, ...]
    guessed: bool = False
    judged_as: str | None = None

    @property
    def errors(self) -> tuple[Violation, ...]:
        """The violations of severity `error`."""
        return tuple(violation for violation in self.violations if violation.is_error)

    @property
    def is_valid(self) -> bool:
        """Whether there is no error; warnings and notes are allowed."""
        return not self.errors
