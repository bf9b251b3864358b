"""The report of a verification, as text and as JSON."""

import textwrap
from dataclasses import asdict, dataclass
from typing import Any, Final

from pytest_soblob._text import plural
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.values import (
    DESCRIPTION_PREFIX,
    Finding,
    Options,
    Row,
)

COMPLETE: Final = "complete"
INTERRUPTED: Final = "interrupted"
_LABEL: Final = 10
_MOST_ALSO: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a verification has found.

    Attributes:
        url: URL of the provider.
        run_id: Id of the run; descriptions of uploads begin with `soblob-verify-` and it.
        ended: `complete`, `interrupted`, or why nothing more was sent.
        options: How the provider was verified.
        rows: What became of each probe, in order.
        facts: What was learnt that is neither right nor wrong, by name.
        findings: Where the provider differs, in the order found.
        blob_ids: Ids of the blobs that were stored, those beside `Succeeded` false included.
        unknown_ids: Number of uploads without an answer, or whose answer has no id.
        refused_uploads: Number of uploads that were refused, and whose answer has no id.
        requests: Number of requests sent.
        uploads: Number of uploads sent.
        sent_bytes: Bytes of the uploads.
    """

    url: str
    run_id: str
    ended: str
    options: Options
    rows: tuple[Row, ...]
    facts: dict[str, str]
    findings: tuple[Finding, ...]
    blob_ids: tuple[int, ...]
    unknown_ids: int
    refused_uploads: int
    requests: int
    uploads: int
    sent_bytes: int

    @property
    def is_clean(self) -> bool:
        """Whether everything was tried, and nothing was found."""
        return self.ended == COMPLETE and not self.findings

    def to_json(self) -> dict[str, Any]:
        """Return what `soblob verify --format json` prints."""
        return {
            "url": self.url,
            "run": self.run_id,
            "ended": self.ended,
            "behaviour": self.options.behaviour,
            "allow_writes": self.options.allow_writes,
            "limits": {
                "uploads": self.options.most_uploads if self.options.allow_writes else 0,
                "bytes": self.options.max_bytes if self.options.allow_writes else 0,
            },
            "sent": {
                "requests": self.requests,
                "uploads": self.uploads,
                "bytes": self.sent_bytes,
            },
            "probes": [asdict(row) for row in self.rows],
            "facts": dict(self.facts),
            "findings": [asdict(finding) for finding in self.findings],
            "description_prefix": f"{DESCRIPTION_PREFIX}{self.run_id}",
            "blob_ids": list(self.blob_ids),
            "uploads_without_id": self.unknown_ids,
            "uploads_refused": self.refused_uploads,
        }

    def to_text(self, width: int = 92) -> str:
        """Return the report for people.

        Args:
            width: Columns at which text wraps; requests and commands are not broken.
        """
        blocks = [f"soblob verify {self.url}, run {self.run_id}"]
        blocks.append("\n".join(_row(row, width) for row in self.rows))
        if self.facts:
            blocks.append("\n".join(_fact(*fact, width) for fact in self.facts.items()))
        blocks += [_finding(number, one, width) for number, one in enumerate(self.findings, 1)]
        if self.options.allow_writes:
            blocks.append(_uploads(self, width))
        blocks.append(self._summary(width))
        return "\n\n".join(filter(None, blocks))

    def _summary(self, width: int) -> str:
        found = plural(len(self.findings), "finding") if self.findings else "no findings"
        tried = sum(row.outcome != "not tried" for row in self.rows)
        text = f"{found}, {tried} of {plural(len(self.rows), 'probe')} tried, "
        text += plural(self.requests, "request")
        if self.ended == COMPLETE:
            return text
        return f"{text}\n{_wrapped('not complete: ', self.ended, width)}"


def report_of(session: Session, ended: str) -> Report:
    """Return the report of a session that has ended."""
    budget = session.budget
    facts = dict(session.facts)
    if session.warnings:
        counted = (f"{rule} ({count})" for rule, count in session.warnings.most_common())
        facts["warnings about answers"] = ", ".join(counted)
    return Report(
        url=session.address.url,
        run_id=session.run_id,
        ended=session.hidden(ended),
        options=session.options,
        rows=tuple(session.rows),
        facts=facts,
        findings=tuple(session.findings.values()),
        blob_ids=tuple(session.blob_ids),
        unknown_ids=session.unknown_ids,
        refused_uploads=session.refused_uploads,
        requests=session.requests,
        uploads=budget.uploads,
        sent_bytes=budget.sent_bytes,
    )


def _row(row: Row, width: int) -> str:
    return _wrapped(f"{row.outcome:<{_LABEL}}{row.probe}: ", row.text, width)


def _fact(name: str, value: str, width: int) -> str:
    return _wrapped(f"{'fact':<{_LABEL}}{name}: ", value, width)


def _finding(number: int, finding: Finding, width: int) -> str:
    rows = [f"{number}. {finding.id}"]
    rows.append(_wrapped("   ", finding.what, width))
    for label, text in (
        ("expected", finding.expected),
        ("got", finding.got),
        ("notices", finding.notices),
        ("probe", _probes(finding)),
    ):
        rows.append(_wrapped(f"   {label:<{_LABEL}}", text, width))
    if finding.curl:
        rows.append(f"   {'again':<{_LABEL}}{finding.curl}")
    for label, text in (("request", finding.request), ("response", finding.response)):
        if text:
            rows += [f"   {label}", textwrap.indent(text, " " * 6)]
    return "\n".join(rows)


def _probes(finding: Finding) -> str:
    named = [finding.probe, *finding.also[:_MOST_ALSO]]
    rest = len(finding.also) - _MOST_ALSO
    return ", ".join(named) + (f" and {rest} more" if rest > 0 else "")


def _uploads(report: Report, width: int) -> str:
    ids = ", ".join(map(str, report.blob_ids)) or "none"
    sent = f"{plural(report.uploads, 'upload')}, {plural(report.sent_bytes, 'byte')}, sent; "
    prefix = f"descriptions begin with {DESCRIPTION_PREFIX}{report.run_id}"
    rows = [f"{sent}{prefix}", _wrapped("blob ids: ", ids, width)]
    if report.unknown_ids:
        rows.append(f"without a blob id, may be stored: {plural(report.unknown_ids, 'upload')}")
    if report.refused_uploads:
        refused = plural(report.refused_uploads, "upload")
        rows.append(f"refused, should not be stored: {refused}")
    return "\n".join(rows)


def _wrapped(start: str, text: str, width: int) -> str:
    indent = " " * min(len(start), 13)
    return (
        textwrap.fill(
            text,
            max(width, 60),
            initial_indent=start,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        or start.rstrip()
    )
