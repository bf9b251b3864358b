"""Values of a verification: credentials, options, answers, findings."""

import math
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pytest_soblob._basics.numbers import is_number, is_whole
from pytest_soblob._redacted import Redacted
from pytest_soblob._text import quote
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import BEHAVIOURS
from pytest_soblob.wire import HttpRequest, HttpResponse

MOST_UPLOADS: Final = 40
MOST_UPLOADS_OF_ROWS: Final = 120  # with the rows of a behaviour
MOST_BYTES: Final = 8 * 1024 * 1024
LARGEST_ANSWER_BYTES: Final = 1024 * 1024
LARGEST_IMAGE_ANSWER_BYTES: Final = 32 * 1024 * 1024
DESCRIPTION_PREFIX: Final = "soblob-verify-"
_LONGEST_TIMEOUT_S: Final = 600.0
_LONGEST_RUN_ID: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Credentials(Redacted):
    """What a provider is called with.

    Attributes:
        ticket: Ticket; None to log in with `user` and `password`, or to call without one.
        application_token: Application token; None for none.
        user: User name for `AuthenticateUsernamePassword`; None for none.
        password: Password of that user; None for none.
    """

    ticket: str | None = None
    application_token: str | None = None
    user: str | None = None
    password: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Ticket, application token and password, which no text may show."""
        return tuple(filter(None, (self.ticket, self.application_token, self.password)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a provider is verified.

    Attributes:
        allow_writes: Whether images may be uploaded. Without it nothing is stored.
        behaviour: `wcf` to compare each documented row of a .NET host; None for no comparison.
        max_uploads: Largest number of uploads; None for 40, or 120 with a behaviour.
        max_bytes: Largest number of bytes of all uploads together.
        rate: Largest number of calls per second, over 0.
        timeout_s: Seconds that one call may take, from the first byte sent to the last received.
        seed: Seed of the generated images and descriptions.
        run_id: Text that the description of each upload has after `soblob-verify-`; None for a
            random one.
        ca_file: PEM file with the authorities to trust; None for those of the system.
        principal_url: URL of `SoPrincipal.svc`; None for the one beside `BLOB.svc`.
        only: Patterns of the ids of probes to send, as `refusal.*`; empty for all. Those that
            others need are always sent.
        save_bodies: Folder for the bodies of requests with a finding; None to write none.

    Raises:
        SoblobError: A value is out of range.
    """

    allow_writes: bool = False
    behaviour: str | None = None
    max_uploads: int | None = None
    max_bytes: int = MOST_BYTES
    rate: float = 10.0
    timeout_s: float = 20.0
    seed: int = 0
    run_id: str | None = None
    ca_file: str | None = None
    principal_url: str | None = None
    save_bodies: str | None = None
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.behaviour not in (None, *BEHAVIOURS):
            raise SoblobError(f"behaviour must be one of {BEHAVIOURS}, not {self.behaviour!r:.60}")
        for name in ("max_uploads", "max_bytes"):
            value = getattr(self, name)
            if not (is_whole(value) and value >= 1) and not (name == "max_uploads" and not value):
                raise SoblobError(f"{name} must be 1 or more, not {value!r:.60}")
        for name, most in (("rate", math.inf), ("timeout_s", _LONGEST_TIMEOUT_S)):
            value = getattr(self, name)
            if not (is_number(value) and 0 < value <= most):
                raise SoblobError(f"{name} must be over 0, not {value!r:.60}")
        run_id = self.run_id
        if run_id is not None and not (
            0 < len(run_id) <= _LONGEST_RUN_ID and run_id.isascii() and run_id.isalnum()
        ):
            raise SoblobError(f"run_id must be ASCII letters and digits, not {run_id!r:.60}")

    @property
    def most_uploads(self) -> int:
        """The largest number of uploads."""
        usual = MOST_UPLOADS if self.behaviour is None else MOST_UPLOADS_OF_ROWS
        return self.max_uploads or usual


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is.

    Attributes:
        scheme: `http` or `https`.
        host: Host name or address, without brackets.
        port: Port.
        path: Path of the service, at least `/`.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL, without a query."""
        return f"{self.scheme}://{self.host_header}{self.path}"

    @property
    def is_private(self) -> bool:
        """Whether nobody between can read what is sent: by TLS, or on loopback."""
        if self.scheme == "https" or self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def principal(self) -> "Address":
        """The address of `SoPrincipal.svc` in the same folder."""
        folder = self.path.rpartition("/")[0]
        return Address(self.scheme, self.host, self.port, f"{folder}/SoPrincipal.svc")

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Return the address of a URL; a query is dropped.

        Raises:
            SoblobError: It is no http or https URL, or has a user name.
        """
        try:
            parts: SplitResult = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise SoblobError(f"{quote(url, 200)} is no URL: {error}") from None
        if "@" in parts.netloc:
            raise SoblobError(
                "the URL has a user name in it: give credentials in the environment or a file"
            )
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SoblobError(f"{quote(url, 200)} must be an http or https URL")
        try:
            host = parts.hostname.encode("idna").decode()
        except UnicodeError:
            raise SoblobError(f"{quote(url, 200)} has an invalid host name") from None
        path = parts.path or "/"
        if not path.isascii() or not path.isprintable() or " " in path:
            raise SoblobError(f"the path of {quote(url, 200)} must be percent-encoded ASCII")
        usual = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, host, port or usual, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request.

    Attributes:
        response: The response; None if there is no complete one.
        problem: Why there is none, in one line; None if there is one.
        kind: Word for the problem: `connect`, `tls`, `timeout`, `closed`, `not-http`, `cut-off` or
            `too-large`; empty if there is none.
        is_kept: Whether the connection can be used again.
        surplus: Whether bytes follow the end of the response.
        version: HTTP version of the response, as `1.1`.
    """

    response: HttpResponse | None = None
    problem: str | None = None
    kind: str = ""
    is_kept: bool = False
    surplus: bool = False
    version: str = "1.1"

    @property
    def status(self) -> int | None:
        """The status; None without a response."""
        return None if self.response is None else self.response.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request with its answer.

    Attributes:
        address: Where it went.
        request: The request.
        answer: What came back.
        probe: Id of the probe that sent it.
    """

    address: Address
    request: HttpRequest
    answer: Answer
    probe: str


@dataclass(slots=True, kw_only=True)
class Finding:
    """One thing in which a provider differs from the contract.

    Attributes:
        id: What is wrong, as `refusal.no-credentials`.
        what: What is wrong, in one sentence.
        expected: What a right provider does.
        got: What this one does.
        notices: What a consumer notices.
        probe: Id of the probe that found it.
        request: The request, redacted and clipped; empty if none shows it.
        response: The response, redacted and clipped; empty if none shows it.
        curl: Command that sends the request again, with variables for secrets; empty if none.
        also: Ids of other probes with the same finding.
    """

    id: str
    what: str
    expected: str
    got: str
    notices: str
    probe: str
    request: str = ""
    response: str = ""
    curl: str = ""
    also: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one probe.

    Attributes:
        probe: Id of the probe.
        outcome: `ok`, `finding`, `refused`, `taken`, `dropped`, `matches`, `differs`, `fact` or
            `not tried`.
        text: What was sent, and what was seen.
    """

    probe: str
    outcome: str
    text: str
