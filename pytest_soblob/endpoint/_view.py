"""What one test, or one Hypothesis example, sees of the endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_soblob._carving import Surroundings
from pytest_soblob._spool import Spool
from pytest_soblob.endpoint._expectations import Expectations
from pytest_soblob.endpoint._flow import Flow
from pytest_soblob.endpoint._script import Script
from pytest_soblob.exchange import Exchange
from pytest_soblob.netserver import NetServer
from pytest_soblob.rendering import headline
from pytest_soblob.violations import Verdict, Violation


@dataclass(frozen=True, slots=True)
class Finding:
    """The errors of one exchange that nobody expected.

    Attributes:
        number: Of the exchange, counted from 1; None where the bytes were no request.
        verdict: Of its request.
        violations: The errors.
    """

    number: int | None
    verdict: Verdict
    violations: tuple[Violation, ...]


class View:
    """A clean state: nothing recorded, nothing stored, ids from 1, the clock at 0.

    Args:
        netserver: Blobs, pictures, tickets, clock.
        spool: Where large requests are kept.
        script: Answers that wait.
        most: How many exchanges, blobs, findings and remarks are kept; None keeps all.
        known: What stood around the images of requests before; None where this is the first view.

    Attributes:
        exchanges: In the order answered.
        count: How many there were, those that are not kept any more included.
        flow: What came before.
        expectations: Of calls.
        findings: Errors that nobody was told of yet.
        remarks: Warnings and notes, for the summary.
    """

    def __init__(
        self,
        netserver: NetServer,
        spool: Spool,
        script: Script | None = None,
        most: int | None = None,
        known: Surroundings | None = None,
    ) -> None:
        self.netserver = netserver
        self.spool = spool
        self.known = known or Surroundings()
        self.script = script or Script()
        self._most = most
        self.exchanges: list[Exchange] = []
        self.count = 0
        self.flow = Flow()
        self.expectations = Expectations()
        self.findings: list[Finding] = []
        self.remarks: list[Violation] = []

    def keep(self, exchange: Exchange) -> None:
        """Keep an exchange, and let the oldest go where that is one too many."""
        self.count += 1
        self.exchanges.append(exchange)
        if self._most is not None and len(self.exchanges) > self._most:
            del self.exchanges[0]
            self.netserver.forget(self._most)
            self.flow.forget(self._most, self.netserver.blobs)

    def note(self, finding: Finding | None, remarks: list[Violation]) -> None:
        """Keep what was found, and let the oldest go likewise."""
        self.remarks += remarks
        if finding is not None:
            self.findings.append(finding)
        if self._most is not None:
            del self.remarks[: -self._most], self.findings[: -self._most]

    def renewed(self, script: Script | None = None) -> "View":
        """Return a clean one that knows the tickets which were given out."""
        return View(self.netserver.renewed(), self.spool, script, self._most, self.known)


def titled(findings: Sequence[Finding]) -> list[tuple[str, Sequence[Violation]]]:
    """Return each finding with a headline, as a failure takes them."""
    return [
        (
            headline(
                found.verdict,
                found.violations,
                "what came" if found.number is None else f"request {found.number}",
            ),
            found.violations,
        )
        for found in findings
    ]
