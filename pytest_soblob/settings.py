"""What a suite sets once: profile, installation, credentials, address."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_soblob._text import mask
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.severities import Severities

BEHAVIOURS = ("strict", "wcf")


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
    severities: Severities | None = None

    def __post_init__(self) -> None:
        _check("profile", self.profile, tuple(map(str, Profile)))
        _check("installation", self.installation, tuple(map(str, Installation)))
        _check("behaviour", self.behaviour, BEHAVIOURS)
        object.__setattr__(self, "profile", Profile(self.profile))
        object.__setattr__(self, "installation", Installation(self.installation))
        object.__setattr__(self, "tokens", _texts(self.tokens))
        self.host_and_port()

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
            f"address={self.address!r})"
        )


def _check(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if str(value) not in allowed:
        names = ", ".join(map(repr, allowed))
        raise SoblobError(f"{name} must be one of {names}, not {value!r}")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    # A single string would be taken apart into its letters.
    raise SoblobError(f"tokens must be a tuple of strings, not a {type(value).__name__}")
