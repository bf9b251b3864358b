"""What a suite sets once: profile, installation, credentials, address."""

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_soblob._numbers import is_number, is_whole
from pytest_soblob._text import mask
from pytest_soblob.accounts import Account
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.severities import Severities

BEHAVIOURS = ("strict", "wcf")
IMAGE_CHECKS = ("none", "recognised", "named")
HOSTINGS = ("self-host", "iis")
_CULTURE: Final = re.compile(r"(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)?")
# Vendor documentation speaks of six hours; an installation may have it otherwise.
TICKET_LIFETIME_S = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WcfHost:
    """What differs from one .NET host to the next; NetServer's own values are not known [inferred].

    Attributes:
        max_message_size: Bytes that a message may have: WCF's own default, surely raised.
        culture: Of the server's thread, as `xml:lang` of faults has it; empty leaves it out.
        hosting: `self-host` or `iis`, which add other HTTP headers.
        exception_detail: Whether a fault says what was wrong inside
            (IncludeExceptionDetailInFaults).
        empty_extra_info: Whether an ExtraInfo without pairs is sent empty instead of nil.

    Raises:
        SoblobError: A value that there is not.
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SoblobSettings:
    """The settings behind every fixture.

    Attributes:
        profile: The form that requests must have; `auto` takes each.
        installation: `online` makes an application token mandatory.
        behaviour: How the endpoint answers: `strict`, each error is a fault that names its rule;
            `wcf`, as a .NET host does, which takes much that is wrong and drops what it does not
            know. The judge says the same of both.
        ticket: The ticket that the endpoint takes, and that `soblob_client` sends. None: any
            ticket is good, and the client sends an invented one.
        tokens: The application tokens that the endpoint takes; the client sends the first. Empty:
            any is good, and the client sends an invented one.
        accounts: Who may log in at `SoPrincipal.svc`, and the tickets and rights that they have.
            Empty: whoever gives a name and a password may, and may do all.
        ticket_lifetime_s: Seconds after which a ticket expires, by the endpoint's own clock, which
            moves only when a test moves it.
        licensed: Whether the installation has the licence; without it each call fails.
        image_check: Which images are refused as no images: `none`; `recognised`, those whose format
            is not known; `named`, those that are not PNG, GIF, JPEG or TIFF. What a NetServer does
            is not known.
        client_certificate: Whether `soblob_endpoint_tls` asks its clients for a certificate.
        wcf_host: What differs between .NET hosts, for the behaviour `wcf`.
        severities: A team's own severities and threshold; None: what pytest's configuration says.
        address: Where the endpoint listens: a host, or `host:port`; port 0 is any free one.

    Raises:
        SoblobError: A value that there is not.
    """

    profile: Profile | str = Profile.AUTO
    installation: Installation | str = Installation.ONSITE
    behaviour: str = "strict"
    ticket: str | None = None
    tokens: tuple[str, ...] = ()
    address: str = "127.0.0.1"
    accounts: tuple[Account, ...] = ()
    ticket_lifetime_s: float = TICKET_LIFETIME_S
    licensed: bool = True
    image_check: str = "none"
    client_certificate: bool = False
    wcf_host: WcfHost = field(default_factory=WcfHost)
    severities: Severities | None = None

    def __post_init__(self) -> None:
        self._check_kinds()
        _check("profile", self.profile, tuple(map(str, Profile)))
        _check("installation", self.installation, tuple(map(str, Installation)))
        _check("behaviour", self.behaviour, BEHAVIOURS)
        _check("image_check", self.image_check, IMAGE_CHECKS)
        object.__setattr__(self, "profile", Profile(self.profile))
        object.__setattr__(self, "installation", Installation(self.installation))
        object.__setattr__(self, "tokens", _texts(self.tokens))
        object.__setattr__(self, "accounts", _accounts(self.accounts))
        if not (is_number(self.ticket_lifetime_s) and self.ticket_lifetime_s > 0):
            said = f"{self.ticket_lifetime_s!r:.60}"
            raise SoblobError(f"ticket_lifetime_s must be over 0, not {said}")
        self.host_and_port()

    def _check_kinds(self) -> None:
        """What is of another kind is told here, and not where it is first used."""
        kinds: tuple[tuple[str, Any, str], ...] = (
            ("ticket", str | None, "a text or None"),
            ("address", str, "a text"),
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
        """Return the address in its two parts, port 0 where it names none."""
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

    def __repr__(self) -> str:
        ticket = None if self.ticket is None else mask(self.ticket)
        return (
            f"SoblobSettings(profile={str(self.profile)!r}, "
            f"installation={str(self.installation)!r}, behaviour={self.behaviour!r}, "
            f"ticket={ticket!r}, tokens={tuple(map(mask, self.tokens))!r}, "
            f"address={self.address!r}, accounts={self.accounts!r})"
        )


def _check(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if str(value) not in allowed:
        names = ", ".join(map(repr, allowed))
        raise SoblobError(f"{name} must be one of {names}, not {value!r}")


def _accounts(value: object) -> tuple[Account, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(a, Account) for a in value):
        raise SoblobError("accounts must be a tuple of Account")
    accounts: tuple[Account, ...] = tuple(value)
    users = [account.user.casefold() for account in accounts]
    doubled = next((user for user in users if users.count(user) > 1), None)
    if doubled is not None:  # only the first of them could ever log in
        raise SoblobError(f"there are two accounts {doubled!r}, as names have no case")
    return accounts


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    # A single string would be taken apart into its letters.
    raise SoblobError(f"tokens must be a tuple of strings, not a {type(value).__name__}")
