"""The configuration of `soblob serve`: a TOML file, which command line options override.

::

    port = 8080
    behaviour = "wcf"
    tickets = ["7T:..."]
    log = "json"

    [wcf]
    max-message-size = 1_000_000

    [[accounts]]
    user = "ada"
    password = "..."

    [[replies]]
    failure = "http-503"
    share = 0.1
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from pytest_soblob._redacted import Redacted
from pytest_soblob.accounts import Account
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.severities import Severities
from pytest_soblob.serving._tables import LIMITS, LISTS, NONE, PLAIN, TOP, check_keys, read_reply
from pytest_soblob.serving.control import as_object, check_token, script, take, take_texts
from pytest_soblob.settings import TICKET_LIFETIME_S, SoblobSettings, WcfHost
from pytest_soblob.stub.endpoint import Limits, StubEndpoint

LOG_FORMATS: Final = ("lines", "json", "none")
DEFAULT_KEEP: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Configuration(Redacted):
    """How the endpoint is served.

    Attributes:
        host: Address or name to listen on.
        port: Port; 0 for any free one.
        behaviour: `strict` or `wcf`.
        profile: As in `SoblobSettings`.
        installation: As in `SoblobSettings`.
        tickets: Valid tickets; if empty, any ticket is valid, unless there are accounts.
        application_tokens: Valid application tokens; if empty, any is valid.
        accounts: Accounts that may log in.
        ticket_lifetime_s: Lifetime of a ticket in seconds by the endpoint's clock.
        licensed: Whether there is a licence.
        image_check: Which images are rejected as invalid.
        wcf_host: Differences between .NET hosts.
        max_message_size: Largest size of a request body in bytes; None for the behaviour's default.
        limits: Time limits of a connection.
        keep: Number of exchanges and blobs kept.
        tls_folder: Folder for the authority's files; None for plain HTTP.
        client_certificate: Whether a client must have a certificate.
        log: `lines`, `json` or `none`.
        fail_on: Lowest severity that fails a check; None for that of the pytest configuration, or
            `error`.
        severity: Overridden severities as `RULE=SEVERITY`; the last one of a rule applies.
        control_token: Token of the control API; None disables the API.
        control_beyond_loopback: Whether the control API may answer on an address that is not
            loopback.
        check_on_exit: Whether failures are reported at exit, with exit code 1.
        replies: Scripted answers, in the form of the control API.
    """

    host: str = "127.0.0.1"
    port: int = 0
    behaviour: str = "strict"
    profile: str = "auto"
    installation: str = "onsite"
    tickets: tuple[str, ...] = ()
    application_tokens: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    ticket_lifetime_s: float = TICKET_LIFETIME_S
    licensed: bool = True
    image_check: str = "none"
    wcf_host: WcfHost = field(default_factory=WcfHost)
    max_message_size: int | None = None
    limits: Limits = field(default_factory=Limits)
    keep: int = DEFAULT_KEEP
    tls_folder: Path | None = None
    client_certificate: bool = False
    log: str = "lines"
    fail_on: str | None = None
    severity: tuple[str, ...] = ()
    control_token: str | None = None
    control_beyond_loopback: bool = False
    check_on_exit: bool = False
    replies: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Return the configuration in a TOML file.

        Raises:
            SoblobError: The file cannot be read, is not valid TOML, or has an unknown key or an
                invalid value.
        """
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise SoblobError(f"cannot read {file}: {error.strerror}") from None
        except (ValueError, RecursionError) as error:  # of TOML, and of UTF-8
            raise SoblobError(f"{file} is not valid TOML: {error}") from None
        try:
            configuration = cls._of(data)
            # Its errors are reported with its name, even for values that an option overrides.
            configuration.script(StubEndpoint(settings=configuration.settings()))
        except SoblobError as error:
            raise SoblobError(f"{file}: {error}") from None
        return configuration

    @classmethod
    def _of(cls, data: Mapping[str, Any]) -> Self:
        check_keys(data, TOP, "the configuration")
        plain: dict[str, Any] = {
            name: take(data, key, kind) for key, (name, kind) in PLAIN.items() if key in data
        }
        for key, name in LISTS.items():
            if key in data:
                plain[name] = take_texts(data, key)
        plain["accounts"] = tuple(map(_account, take(data, "accounts", list, [])))
        plain["replies"] = tuple(map(read_reply, take(data, "replies", list, [])))
        if "wcf" in data:
            plain["wcf_host"] = _wcf(as_object(data["wcf"], "wcf"))
        if "limits" in data:
            plain["limits"] = _limits(as_object(data["limits"], "limits"))
        if "tls" in data:
            tls = as_object(data["tls"], "tls")
            check_keys(tls, "[tls]", "tls")
            plain["tls_folder"] = Path(take(tls, "folder", str, "soblob-tls"))
            plain["client_certificate"] = take(tls, "client-certificate", bool, False)
        return cls(**plain)

    def with_defaults(self, ini: Mapping[str, str]) -> Self:
        """Return the configuration with the severities of the pytest configuration as defaults."""
        return replace(
            self,
            fail_on=self.fail_on or ini.get("soblob_fail_on") or None,
            severity=(ini.get("soblob_severity", ""), *self.severity),
        )

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the configuration with command line options applied; None and `()` are unset."""
        given = {k: v for k, v in options.items() if v is not None and v != ()}
        given["severity"] = (*self.severity, *given.get("severity", ()))
        wcf = {name: given.pop(name) for name in _WCF_OPTIONS if name in given}
        host = replace(self.wcf_host, **wcf)
        return replace(self, wcf_host=host, **given)

    def settings(self) -> SoblobSettings:
        """Return the endpoint's settings.

        Raises:
            SoblobError: A value is invalid, or two values exclude each other.
        """
        if self.log not in LOG_FORMATS:
            raise SoblobError(
                f"log must be one of {', '.join(map(repr, LOG_FORMATS))}, not {self.log!r}"
            )
        for name, number in (("keep", self.keep), ("max-message-size", self.max_message_size)):
            if number is not None and number < 1:
                raise SoblobError(f"{name} must be 1 or more, not {number}")
        self._check_blank()
        if self.client_certificate and self.tls_folder is None:
            raise SoblobError("a client certificate requires TLS: set --tls FOLDER as well")
        if self.control_token is not None:
            check_token(self.control_token)
        if self.opens_control and not self.control_beyond_loopback:
            raise SoblobError(
                f"the control API is restricted to loopback, and the host is {self.host}: anyone "
                "with the token controls the endpoint; --control-beyond-loopback allows it"
            )
        return SoblobSettings(
            profile=self.profile,
            behaviour=self.behaviour,
            installation=self.installation,
            ticket=self.tickets[0] if self.tickets else None,
            application_tokens=self.application_tokens,
            accounts=self.accounts,
            ticket_lifetime_s=self.ticket_lifetime_s,
            licensed=self.licensed,
            image_check=self.image_check,
            client_certificate=self.client_certificate,
            wcf_host=self.wcf_host,
            severities=Severities.parse("\n".join(self.severity), self.fail_on or "error"),
            address=f"[{self.host}]:{self.port}"
            if ":" in self.host
            else f"{self.host}:{self.port}",
        )

    @property
    def opens_control(self) -> bool:
        """Whether the control API would be reachable from other machines."""
        return self.control_token is not None and not _is_loopback(self.host)

    def _check_blank(self) -> None:
        """Reject blank values: an unset shell variable would make every ticket invalid."""
        of_accounts = [ticket for account in self.accounts for ticket in account.tickets]
        for what, texts in (
            ("a ticket", (*self.tickets, *of_accounts)),
            ("an application token", self.application_tokens),
        ):
            if not all(map(str.strip, texts)):
                raise SoblobError(f"{what} is blank: give a value, or omit it")

    def script(self, endpoint: StubEndpoint) -> None:
        """Script the answers.

        Raises:
            SoblobError: One of them is invalid.
        """
        for reply in self.replies:
            script(endpoint, reply)


# Parameters whose values are texts even if they look like numbers: soap=1.2.
_TEXTS: Final = ("operation", "soap", "location")
_WCF_OPTIONS: Final = ("culture", "hosting", "exception_detail", "empty_extra_info")


def read_failure(text: str) -> Mapping[str, Any]:
    """Return the value of `--fail`, such as `http-503,share=0.1,seed=7`, as a scripted answer.

    Numbers are parsed, `none` is null, anything else is text. A key that does not say when the
    failure is played is a parameter of the failure.

    Raises:
        SoblobError: A part is not NAME=VALUE, or has a key that only a file can hold.
    """
    name, *pairs = (part.strip() for part in text.split(","))
    data: dict[str, Any] = {"failure": name}
    parameters: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = (piece.strip() for piece in pair.partition("="))
        key = key.replace("-", "_")
        if not equals or not key:
            raise SoblobError(f"{pair!r} should be NAME=VALUE, as in http-503,share=0.1")
        if key == "matching":
            raise SoblobError(
                "--fail does not support matching: put the failure under [[replies]] into a file "
                "for --config"
            )
        target = data if key in ("operation", "times", "nth", "share", "seed") else parameters
        target[key] = _value(value, is_text=key in _TEXTS)
    return {**data, "parameters": parameters} if parameters else data


def _value(text: str, *, is_text: bool) -> object:
    if text.lower() == NONE:
        return None
    if is_text:
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _account(value: object) -> Account:
    data = as_object(value, "an account")
    check_keys(data, "[[accounts]]", "an account")
    rights: dict[str, Any] = {}
    if "rights" in data:
        rights["rights"] = take_texts(data, "rights")
    return Account(
        user=take(data, "user", str, ""),
        password=take(data, "password", str, ""),
        tickets=take_texts(data, "tickets"),
        **rights,
    )


def _wcf(data: Mapping[str, Any]) -> WcfHost:
    check_keys(data, "[wcf]", "wcf")
    host = WcfHost()
    return WcfHost(
        max_message_size=take(data, "max-message-size", int, host.max_message_size),
        culture=take(data, "culture", str, host.culture),
        hosting=take(data, "hosting", str, host.hosting),
        exception_detail=take(data, "exception-detail", bool, host.exception_detail),
        empty_extra_info=take(data, "empty-extra-info", bool, host.empty_extra_info),
    )


def _limits(data: Mapping[str, Any]) -> Limits:
    check_keys(data, "[limits]", "limits")
    return Limits(**{name: take(data, key, float) for key, name in LIMITS.items() if key in data})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
