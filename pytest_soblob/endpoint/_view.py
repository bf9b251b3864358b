"""What one test, or one Hypothesis example, sees of the endpoint."""

from dataclasses import dataclass, field

from pytest_soblob.contract import BlobLinkType
from pytest_soblob.endpoint._replies import Script
from pytest_soblob.exchange import Exchange
from pytest_soblob.violations import Verdict, Violation


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Blob:
    """One stored image.

    Attributes:
        id: Counted from 1 in every test and example, unless a reply scripted another.
        type: As sent; None where there was none.
        image: The decoded bytes; None where there was no Image, or a nil one.
        description: As XML carries it; None where there was none, or a nil one.
    """

    id: int
    type: BlobLinkType | str | None
    image: bytes | None
    description: str | None

    def __repr__(self) -> str:
        size = "no image" if self.image is None else f"{len(self.image):,} bytes"
        link_type = None if self.type is None else str(self.type)
        return f"<Blob {self.id}: {link_type}, {size}, description {self.description!r:.60}>"


@dataclass(frozen=True, slots=True)
class Finding:
    """The errors of one exchange that nobody expected.

    Attributes:
        number: Of the exchange, counted from 1.
        verdict: Of its request.
        violations: The errors.
    """

    number: int
    verdict: Verdict
    violations: tuple[Violation, ...]


@dataclass
class View:
    """A clean state: nothing recorded, nothing stored, ids from 1.

    Attributes:
        script: Replies that wait.
        exchanges: In the order answered.
        blobs: By id.
        person_images: Blob ids by person id.
        project_images: Blob ids by project id.
        next_id: The id that the next stored image gets.
        failed_save: Why the last save failed; None where it did not, or there was none.
        findings: Errors that nobody was told of yet.
        remarks: Warnings and notes, for the summary.
    """

    script: Script = field(default_factory=Script)
    exchanges: list[Exchange] = field(default_factory=list)
    blobs: dict[int, Blob] = field(default_factory=dict)
    person_images: dict[int, int] = field(default_factory=dict)
    project_images: dict[int, int] = field(default_factory=dict)
    next_id: int = 1
    failed_save: str | None = None
    findings: list[Finding] = field(default_factory=list)
    remarks: list[Violation] = field(default_factory=list)

    def new_id(self) -> int:
        """Return the next free id."""
        while self.next_id in self.blobs:
            self.next_id += 1
        return self.next_id
