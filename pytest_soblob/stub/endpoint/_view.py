"""`View`: the state that one test, or one Hypothesis example, sees."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_soblob._http.spool import Spool
from pytest_soblob._xml.carving import SkeletonCache
from pytest_soblob.judge.rendering import headline
from pytest_soblob.judge.violations import Verdict, Violation
from pytest_soblob.stub.endpoint._expected_calls import ExpectedCalls
from pytest_soblob.stub.endpoint._flow import Flow
from pytest_soblob.stub.endpoint._script import Script
from pytest_soblob.stub.exchange import Exchange
from pytest_soblob.stub.netserver import NetServer

if TYPE_CHECKING:
    from pytest_soblob.stub.endpoint._user_code import Raised

_MOST_UNFINISHED: Final = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """The unexpected errors of one exchange.

    Attributes:
        number: Number of the exchange, counted from 1, or None if the bytes were not a request.
        verdict: Verdict on the request.
        violations: The errors.
        after: Name of the test after whose end it came, or None if it belongs to the running test.
        was_open: True if its connection was open when that test ended, as with a pooled client. The
            request may still belong to the running test.
    """

    number: int | None
    verdict: Verdict
    violations: tuple[Violation, ...]
    after: str | None = None
    was_open: bool = False

    @property
    def subject(self) -> str:
        """The beginning of a headline: what the errors are in."""
        what = "a malformed request" if self.number is None else f"request {self.number}"
        if self.after is None:
            return what
        where = ", on a connection that was open then" if self.was_open else ""
        return f"{what} (came after {self.after} had ended{where})"


class View:
    """A state that begins clean: nothing recorded, nothing stored, ids from 1, the clock at 0.

    Args:
        netserver: Blobs, pictures, tickets, clock.
        spool: Spool for large requests.
        script: Scripted answers, or None for an empty script.
        most: Number of exchanges, blobs, findings and remarks to keep, or None for all.
        known: Parsed envelopes of earlier requests without their images, or None.

    Attributes:
        exchanges: Exchanges in the order answered.
        count: Number of exchanges, including those that are no longer kept.
        flow: Memory of the flow.
        expected_calls: Calls that the test expects.
        findings: Unreported errors.
        remarks: Warnings and notes, for the summary.
        raised: First unreported error raised by code of the test, or None.
        unfinished: One line for each request that a client has begun and broken off.
    """

    def __init__(
        self,
        netserver: NetServer,
        spool: Spool,
        script: Script | None = None,
        most: int | None = None,
        known: SkeletonCache | None = None,
    ) -> None:
        self.netserver = netserver
        self.spool = spool
        self.known = known or SkeletonCache()
        self.script = script or Script()
        self._most = most
        self.exchanges: list[Exchange] = []
        self.count = 0
        self.flow = Flow()
        self.expected_calls = ExpectedCalls()
        self.findings: list[Finding] = []
        self.remarks: list[Violation] = []
        self.raised: Raised | None = None
        self.unfinished: deque[str] = deque(maxlen=_MOST_UNFINISHED)

    def keep(self, exchange: Exchange) -> None:
        """Keep an exchange, and drop the oldest beyond the limit."""
        self.count += 1
        self.exchanges.append(exchange)
        if self._most is not None and len(self.exchanges) > self._most:
            del self.exchanges[0]
            self.netserver.forget(self._most)
            self.flow.forget(self._most, self.netserver.blobs)

    def note(self, finding: Finding | None, remarks: list[Violation]) -> None:
        """Keep a finding and remarks, and drop the oldest beyond the limit."""
        self.remarks += remarks
        if finding is not None:
            self.findings.append(finding)
        if self._most is not None:
            del self.remarks[: -self._most], self.findings[: -self._most]

    def renewed(self, script: Script | None = None) -> "View":
        """Return a clean view that knows the tickets issued so far."""
        return View(self.netserver.renewed(), self.spool, script, self._most, self.known)


def titled(findings: Sequence[Finding]) -> list[tuple[str, Sequence[Violation]]]:
    """Return each finding's headline and violations, as `rendering.failure` takes them."""
    return [
        (
            headline(
                found.verdict,
                found.violations,
                found.subject,
            ),
            found.violations,
        )
        for found in findings
    ]
