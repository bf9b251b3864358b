"""The settings of a suite: profile, installation, credentials, address and more."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_soblob._basics.numbers import is_number, is_whole
from pytest_soblob._redacted import Redacted
from pytest_soblob.accounts import Account
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.severities import Severities

BEHAVIOURS = ("strict", "wcf")
IMAGE_CHECKS = ("none", "recognised", "named")
HOSTINGS = ("self-host", "iis")
_CULTURE: Final = re.compile(r"(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)?")
# Six hours, as in the vendor documentation; an installation may be configured otherwise.
TICKET_LIFETIME_S = 6 * 3600.0


def _check(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if str(value) not in allowed:
        names = ", ".join(map(repr, allowed))
        raise SoblobError(f"{name} must be one of {names}, not {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WcfHost:
    """Configuration that differs between .NET hosts, for the behaviour `wcf`.

    The values of a NetServer are not known; the defaults are inferred [inferred].

    Attributes:
        max_message_size: Largest message in bytes, 1 or more. The default is that of WCF, which a
            NetServer has probably raised.
        culture: Culture of the server's thread, sent as `xml:lang` of faults; empty omits it.
        hosting: `self-host` or `iis`, which send different HTTP headers.
        exception_detail: Whether a fault includes the details of the exception behind it
            (IncludeExceptionDetailInFaults).
        empty_extra_info: Whether an ExtraInfo without pairs is sent empty instead of nil.

    Raises:
        SoblobError: A value has the wrong type or is out of range.
    """

    max_message_size: int = 65_536
    culture: str = "en-US"
    hosting: str = "self-host"
    exception_detail: bool = False
    empty_extra_info: bool = False

    def __post_init__(self) -> None:
        _check("hosting", self.hosting, HOSTINGS)
        for name in ("exception_detail", "empty_extra_info"):
            if not isinstance(getattr(self, name), bool):
                raise SoblobError(f"{name} must be True or False, not {getattr(self, name)!r:.60}")
        culture: object = self.culture
        if not (isinstance(culture, str) and _CULTURE.fullmatch(culture)):
            raise SoblobError(f"culture must be a name such as 'nb-NO', not {self.culture!r}")
        if not (is_whole(self.max_message_size) and self.max_message_size >= 1):
            raise SoblobError(f"max_message_size must be 1 or more, not {self.max_message_size!r}")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SoblobSettings(Redacted):
    """The settings behind every fixture.

    Attributes:
        profile: Form that requests must have: `documented`, `wsdl`, `soap12`, or `auto`, which
            accepts all three.
        installation: `onsite`, or `online`, which requires an application token.
        behaviour: How the endpoint answers: `strict` answers each error with a fault that names its
            rule; `wcf` answers as a .NET host does, which accepts many errors and drops elements
            that it does not know. The verdict is the same for both.
        ticket: Ticket that the endpoint accepts and that `soblob_client` sends. With None any
            ticket is accepted, and the client sends an invented one.
        application_tokens: Application tokens that the endpoint accepts; the client sends the
            first. If empty, any token is accepted, and the client sends an invented one.
        address: Address on which the endpoint listens: a host, or `host:port`. Port 0, or none, is
            any free port.
        accounts: Accounts that can log in at `SoPrincipal.svc`, with their tickets and rights. If
            empty, any user name and password can log in and has all rights.
        ticket_lifetime_s: Seconds after which a ticket expires, over 0. They pass on the endpoint's
            own clock, which moves only when a test moves it.
        licensed: Whether the installation has the licence, without which each call fails.
        image_check: Images that are rejected: `none`; `recognised`, those of an unknown format;
            `named`, those that are not PNG, GIF, JPEG or TIFF. What a NetServer does is not known.
        client_certificate: Whether `soblob_endpoint_tls` requires a certificate from its clients.
        wcf_host: Configuration that differs between .NET hosts, for the behaviour `wcf`.
        severities: Severities and threshold of the team, or None for those of pytest's
            configuration.

    Raises:
        SoblobError: A value has the wrong type or is out of range.
    """

    profile: Profile | str = Profile.AUTO
    installation: Installation | str = Installation.ONSITE
    behaviour: str = "strict"
    ticket: str | None = None
    application_tokens: tuple[str, ...] = ()
    address: str = "127.0.0.1"
    accounts: tuple[Account, ...] = ()
    ticket_lifetime_s: float = TICKET_LIFETIME_S
    licensed: bool = True
    image_check: str = "none"
    client_certificate: bool = False
    wcf_host: WcfHost = WcfHost()
    severities: Severities | None = None

    def __post_init__(self) -> None:
        self._check_kinds()
        _check("profile", self.profile, tuple(map(str, Profile)))
        _check("installation", self.installation, tuple(map(str, Installation)))
        _check("behaviour", self.behaviour, BEHAVIOURS)
        _check("image_check", self.image_check, IMAGE_CHECKS)
        object.__setattr__(self, "profile", Profile(self.profile))
        object.__setattr__(self, "installation", Installation(self.installation))
        object.__setattr__(self, "application_tokens", _texts(self.application_tokens))
        object.__setattr__(self, "accounts", _accounts(self.accounts))
        if not (is_number(self.ticket_lifetime_s) and self.ticket_lifetime_s > 0):
            said = f"{self.ticket_lifetime_s!r:.60}"
            raise SoblobError(f"ticket_lifetime_s must be over 0, not {said}")
        self.host_and_port()

    def _check_kinds(self) -> None:
        """Raise for a value of the wrong type here, not where it is first used."""
        kinds: tuple[tuple[str, Any, str], ...] = (
            ("ticket", str | None, "a str or None"),
            ("address", str, "a str"),
            ("wcf_host", WcfHost, "a WcfHost"),
            ("severities", Severities | None, "Severities or None"),
            ("licensed", bool, "True or False"),
            ("client_certificate", bool, "True or False"),
        )
        for name, kind, words in kinds:
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise SoblobError(f"{name} must be {words}, not a {type(value).__name__}")

    def host_and_port(self) -> tuple[str, int]:
        """Return host and port of the address; the port is 0 if the address has none.

        Raises:
            SoblobError: The address is not a host or `host:port`.
        """
        # A bare IPv6 address has colons, but no port.
        bare = self.address.count(":") > 1 and not self.address.startswith("[")
        try:
            parts = urlsplit(f"//[{self.address}]" if bare else f"//{self.address}")
            host, port = parts.hostname, parts.port or 0
        except ValueError:
            host, port = None, 0
        if not host or parts.path or "@" in parts.netloc:
            raise SoblobError(f"address must be a host or host:port, not {self.address!r}")
        return host, port

    @property
    def secrets(self) -> tuple[str, ...]:
        """Tickets, application tokens and passwords, which no text may show."""
        own = () if self.ticket is None else (self.ticket,)
        accounts = (text for a in self.accounts for text in (a.password, *a.tickets))
        return tuple(filter(None, (*own, *self.application_tokens, *accounts)))


def _accounts(value: object) -> tuple[Account, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(a, Account) for a in value):
        raise SoblobError("accounts must be a tuple of Account")
    accounts: tuple[Account, ...] = tuple(value)
    users = [account.user.casefold() for account in accounts]
    duplicate = next((user for user in users if users.count(user) > 1), None)
    if duplicate is not None:  # only the first of them could log in
        raise SoblobError(f"there are two accounts {duplicate!r}: the case of a user is ignored")
    return accounts


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    # A single str would be read as a tuple of its characters.
    raise SoblobError(
        f"application_tokens must be a tuple of strings, not a {type(value).__name__}"
    )
