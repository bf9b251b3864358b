"""The session of a verification: it sends calls within rate and budget, and keeps what is found."""

import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.conformance.providers.connection import Connection, describe
from pytest_soblob.conformance.providers.hiding import hidden_line
from pytest_soblob.conformance.providers.pacing import (
    MOST_RETRIES,
    OVERLOADED,
    Budget,
    GaveUpError,
    Pace,
)
from pytest_soblob.conformance.providers.shown import curl_line, show_request, show_response
from pytest_soblob.conformance.providers.values import (
    DESCRIPTION_PREFIX,
    LARGEST_ANSWER_BYTES,
    Address,
    Answer,
    Credentials,
    Finding,
    Options,
    Row,
    Sent,
)
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest

_MOST_FAILED: Final = 3
_AGENT: Final = "pytest-soblob verify"
_LONGEST_TEXT: Final = 400


@dataclass(slots=True)
class Session:
    """What the probes share.

    Attributes:
        address: Address of `BLOB.svc`.
        credentials: What calls are made with; the ticket may come from a log-in.
        options: How the provider is verified.
        pace: When calls may be sent.
        run_id: Part of the description of each upload.
        tls: TLS context; None if no address is `https`.
        budget: What may still be uploaded.
        findings: By their ids.
        rows: What became of each probe.
        facts: What was learnt that is neither right nor wrong, by name.
        blob_ids: Ids of the blobs that the provider says it has stored.
        unknown_ids: Number of uploads that no id is known of, and that were not refused.
        refused_uploads: Number of uploads that were refused without an id.
        requests: Number of requests sent.
        probe: Id of the running probe.
        control: The right call, which shows whether the provider still answers; None until it was
            answered once.
        warnings: How often the judge had a warning about an answer, by rule.
        help_status: Status of the answer to a GET of the URL; None before it.
        is_ticket_refused: Whether the answer to the right call says that the ticket is not
            accepted.
    """

    address: Address
    credentials: Credentials
    options: Options
    pace: Pace
    run_id: str
    tls: ssl.SSLContext | None = None
    budget: Budget = field(init=False)
    findings: dict[str, Finding] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    blob_ids: list[int] = field(default_factory=list)
    unknown_ids: int = 0
    refused_uploads: int = 0
    requests: int = 0
    probe: str = ""
    control: HttpRequest | None = None
    warnings: Counter[str] = field(default_factory=Counter)
    help_status: int | None = None
    is_ticket_refused: bool = False
    _failed: int = 0

    def __post_init__(self) -> None:
        self.budget = Budget(self.options)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that no text may show."""
        return self.credentials.secrets

    @property
    def principal(self) -> Address:
        """The address of `SoPrincipal.svc`: that of the options, or the one beside `BLOB.svc`."""
        given = self.options.principal_url
        return Address.parse(given) if given else self.address.principal

    @property
    def exposed(self) -> tuple[str, ...]:
        """What will be sent so that others can read it, a line each: http, and not on loopback."""
        credentials = self.credentials
        found = []
        if credentials.ticket is None and credentials.user is not None:
            to = self.principal
            found += [] if to.is_private else [f"user name and password, to {to.url}"]
        to = self.address
        named = {
            "ticket": credentials.ticket or credentials.user,
            "application token": credentials.application_token,
        }
        if any(named.values()) and not to.is_private:
            found.append(f"{' and '.join(name for name in named if named[name])}, to {to.url}")
        return tuple(found)

    @property
    def prefix(self) -> str:
        """How the description of each upload begins."""
        return f"{DESCRIPTION_PREFIX}{self.run_id}"

    def prepared(self, request: HttpRequest, address: Address | None = None) -> HttpRequest:
        """Return a request with the path of the provider, and the headers that each call has."""
        to = address or self.address
        query = f"?{request.query}" if "?" in request.target else ""
        own = {name.lower() for name, _ in request.headers}
        added = (("Host", to.host_header), ("User-Agent", _AGENT), ("Connection", "close"))
        headers = tuple(pair for pair in added if pair[0].lower() not in own)
        return replace(request, target=to.path + query, headers=(*headers, *request.headers))

    @contextmanager
    def connection(
        self, address: Address | None = None, most: int = LARGEST_ANSWER_BYTES
    ) -> Iterator[Connection]:
        """Open a connection.

        Args:
            address: Where to; None for `BLOB.svc`.
            most: Largest number of bytes of one answer.

        Raises:
            OSError: There is none.
        """
        to = address or self.address
        timeout_s = self.options.timeout_s
        with Connection(to, timeout_s, self.tls, most) as connection:
            yield connection

    def call(
        self,
        request: HttpRequest,
        *,
        address: Address | None = None,
        is_upload: bool = False,
        is_framed: bool = True,
        most: int = LARGEST_ANSWER_BYTES,
    ) -> Sent:
        """Send a request on a connection of its own; after 429 and 503 again, at most three times.

        Args:
            request: Request; path and Host are those of the provider.
            address: Where to send it; None for `BLOB.svc`.
            is_upload: Whether it may store something, and counts against the budget.
            is_framed: False to leave out the Content-Length.
            most: Largest number of bytes of the answer.

        Raises:
            SpentError: It is an upload, and the budget is spent.
            GaveUpError: Three calls in a row and then a right one got no answer, or the server
                stays overloaded, or it asks for too long waits.
        """
        to = address or self.address
        ready = self.prepared(request, to)
        for attempt in range(MOST_RETRIES + 1):
            if is_upload:
                self.budget.take(len(ready.body))
                self.unknown_ids += 1
            self.pace.wait()
            self.requests += 1
            sent = self.send_once(ready, to, is_framed=is_framed, most=most)
            response = sent.answer.response
            if response is None or response.status not in OVERLOADED:
                break
            self.back_off(sent, attempt)
        self._failed = self._failed + 1 if sent.answer.kind else 0
        if self._failed == _MOST_FAILED:
            self._check_alive(sent)
        return sent

    def _check_alive(self, sent: Sent) -> None:
        """Raise unless the right call is answered: some servers answer wrong ones with nothing."""
        if self.control is not None:
            self.pace.wait()
            self.requests += 1
            if not self.send_once(self.prepared(self.control), self.address).answer.kind:
                self._failed = 0
                return
        raise GaveUpError(f"{_MOST_FAILED} calls in a row failed: {sent.answer.problem}")

    def send_once(
        self,
        ready: HttpRequest,
        to: Address,
        *,
        is_framed: bool = True,
        most: int = LARGEST_ANSWER_BYTES,
    ) -> Sent:
        """Send a prepared request on a connection of its own, and neither count nor repeat it."""
        try:
            with self.connection(to, most) as connection:
                answer = connection.send(ready, is_framed=is_framed)
        except OSError as error:
            kind, problem = describe(error, self.options.timeout_s, most)
            answer = Answer(kind=kind, problem=problem)
        return Sent(address=to, request=ready, answer=answer, probe=self.probe)

    def send_on(self, connection: Connection, request: HttpRequest) -> Sent:
        """Send a request on a connection that stays open, within the rate."""
        self.pace.wait()
        self.requests += 1
        ready = self.prepared(request)
        answer = connection.send(ready)
        return Sent(address=self.address, request=ready, answer=answer, probe=self.probe)

    def back_off(self, sent: Sent, attempt: int) -> None:
        """Wait after a 429 or 503, as the server asks.

        Args:
            sent: The call.
            attempt: How often it was sent before.

        Raises:
            GaveUpError: It was sent four times, or the waits are too long; that is a finding.
        """
        response, status = sent.answer.response, f"status {sent.answer.status}"
        if attempt == MOST_RETRIES:
            tried = f"{status}, {MOST_RETRIES + 1} times"
            raise self._overloaded(sent, f"after {MOST_RETRIES} retries", tried, status)
        if response is None:
            return
        try:
            self.pace.back_off(response, attempt)
        except GaveUpError as error:
            asked = response.header("Retry-After") or "none"
            tried = f"{status}, Retry-After: {asked}"
            raise self._overloaded(sent, f"to many calls: {error}", tried, str(error)) from None

    def _overloaded(self, sent: Sent, when: str, got: str, why: str) -> GaveUpError:
        """Note that the server stays overloaded; return what ends the run."""
        self.find(
            "provider.overloaded",
            f"the server answers {sent.answer.status} {when}",
            expected="an answer once the time of Retry-After has passed",
            got=got,
            notices="a client that retries gets no answer either, or too late",
            sent=sent,
        )
        return GaveUpError(f"the server stays overloaded: {why}")

    def find(
        self,
        finding_id: str,
        what: str,
        *,
        expected: str,
        got: str,
        notices: str,
        sent: Sent | None = None,
    ) -> None:
        """Note a finding; one with a known id is only counted.

        Args:
            finding_id: What is wrong.
            what: What is wrong, in one sentence.
            expected: What a right provider does.
            got: What this one does.
            notices: What a consumer notices.
            sent: The request and its answer; None if none shows it.
        """
        finding_id = self.hidden(finding_id)
        known = self.findings.get(finding_id)
        if known is not None:
            if self.probe not in (known.probe, *known.also):
                known.also.append(self.probe)
            return
        finding = Finding(
            id=finding_id,
            what=self.hidden(what),
            expected=self.hidden(expected),
            got=self.hidden(got),
            notices=notices,
            probe=self.probe,
        )
        self.findings[finding_id] = finding
        if sent is not None:
            answer = sent.answer
            finding.request = show_request(sent, self.secrets)
            finding.response = show_response(answer.response, answer.problem, self.secrets)
            finding.curl = self._curl_line(sent)

    def _curl_line(self, sent: Sent) -> str:
        folder = self.options.save_bodies
        number = len(self.findings)
        try:
            return curl_line(sent, self.credentials, folder, number)
        except SoblobError as error:  # a full disk must not lose the report
            return f"{curl_line(sent, self.credentials, None, number)}  # {error}"

    def hidden(self, text: str) -> str:
        """Return text of one line, clipped, without secrets."""
        flat = ascii_controls(" ".join(text.split()))
        return clip(hidden_line(flat, self.secrets), _LONGEST_TEXT)

    def row(self, outcome: str, text: str) -> None:
        """Note what became of the running probe."""
        self.rows.append(Row(self.probe, outcome, self.hidden(text)))

    def fact(self, name: str, value: str) -> None:
        """Note what was learnt; a later value of the same name replaces the earlier."""
        self.facts[name] = self.hidden(value)

    def stored(self, blob_id: int) -> None:
        """Note the blob id in the answer to an upload, whatever else the answer says."""
        self.unknown_ids = max(0, self.unknown_ids - 1)
        if blob_id not in self.blob_ids:
            self.blob_ids.append(blob_id)

    def upload_refused(self) -> None:
        """Note that an upload was refused: nothing should be stored, which nobody can tell."""
        self.unknown_ids = max(0, self.unknown_ids - 1)
        self.refused_uploads += 1

    def count_findings(self) -> int:
        """Return the number of findings, those of several probes counted for each."""
        return sum(1 + len(finding.also) for finding in self.findings.values())


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return a context that trusts the system's authorities, or those of a file.

    Raises:
        OSError: The file cannot be read, or has no certificate.
    """
    context = ssl.create_default_context(cafile=ca_file)
    with suppress(NotImplementedError):  # a build of OpenSSL without ALPN
        context.set_alpn_protocols(["http/1.1"])
    return context
