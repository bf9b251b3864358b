"""`StubEndpoint`: a facade over answering, observing and scripting."""

import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from pytest_soblob._basics.numbers import is_whole
from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._http.server import Limits
from pytest_soblob._http.spool import Spool
from pytest_soblob._text import plural
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.stub.endpoint._answering import Answering
from pytest_soblob.stub.endpoint._behaviours import Behaviour, behave
from pytest_soblob.stub.endpoint._blocks import Blocks
from pytest_soblob.stub.endpoint._breakdowns import Breakdowns
from pytest_soblob.stub.endpoint._ledger import Ledger
from pytest_soblob.stub.endpoint._listener import Listener
from pytest_soblob.stub.endpoint._observing import Observing
from pytest_soblob.stub.endpoint._runner import Runner
from pytest_soblob.stub.endpoint._scriptable import ScriptableEndpoint
from pytest_soblob.stub.endpoint._user_functions import UserFunctions
from pytest_soblob.stub.endpoint._view import View
from pytest_soblob.stub.exchange import Exchange
from pytest_soblob.stub.netserver import NetServer
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse


class StubEndpoint(ScriptableEndpoint):
    """A SOAP endpoint on loopback, used by one test after the other.

    As a context manager it starts and stops. Leaving the block raises what `check` raises, so that
    a forgotten `check()` does not pass. If the block raises an exception itself, the unreported
    findings and the calls become notes of it (PEP 678).

    Args:
        profile: Form that requests must have; `auto` takes each of the others.
        behaviour: `strict` answers each error with a fault that names the rule; `wcf` answers as a
            .NET host does, which accepts much that is wrong. The verdicts of both are the same.
        installation: `onsite`, or `online`, which makes an application token mandatory.
        tickets: Valid tickets; empty for any.
        application_tokens: Valid application tokens of an online installation; empty for any.
        address: Host, or host:port; port 0 means any free one.
        settings: Settings, in place of all arguments above; None for those arguments.
        max_message_size: Largest body of a request in bytes; a larger one is answered with 413.
            None for 1 GiB, or with `wcf` for the value of `settings.wcf_host`.
        limits: Limits of a connection's duration and of the body's size, or None for the defaults.
        tls: TLS context, or None for plain HTTP. Its session tickets are switched off: a client
            that closes without reading them would take back what it has sent.
        keep: Number of exchanges, blobs and findings to keep, the newest, or None for all. The
            memory of the flow is bounded with it: at least the last 100 of each kind.
        intercept: Called before any other handling; the response that it returns is sent, and the
            request is neither judged nor recorded. None is returned for an ordinary call. The
            server waits for this callable, the ones below and `matching=` of a reply, 5 s at most:
            they may use this endpoint, but not call it through its socket. The test fails with what
            they raise.
        waits: Returns True for a request that must be handled after all earlier ones on other
            connections; None if no request has to wait.
        on_exchange: Called with each exchange after it was recorded, or None.
        on_malformed: Called with the error for bytes that are not HTTP, or None.
        on_failed: Called with one line, without secrets, for each failure of the stub itself, or
            None.
        on_unfinished: Called with one line for each request that a client did not send completely,
            or None.

    Raises:
        SoblobError: A setting has an invalid value.
    """

    def __init__(
        self,
        *,
        profile: Profile | str = Profile.AUTO,
        behaviour: str = "strict",
        installation: Installation | str = Installation.ONSITE,
        tickets: Sequence[str] = (),
        application_tokens: Sequence[str] = (),
        address: str = "127.0.0.1",
        settings: SoblobSettings | None = None,
        max_message_size: int | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        keep: int | None = None,
        intercept: Callable[[HttpRequest], HttpResponse | None] | None = None,
        waits: Callable[[HttpRequest], bool] | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        on_malformed: Callable[[HttpSyntaxError], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
        on_unfinished: Callable[[str], None] | None = None,
    ) -> None:
        _check(tickets, application_tokens, max_message_size, keep)
        self.settings = settings or SoblobSettings(
            profile=profile,
            behaviour=behaviour,
            installation=installation,
            ticket=tickets[0] if tickets else None,
            application_tokens=tuple(application_tokens),
            address=address,
        )
        server_behaviour, connection_limits = behave(self.settings, max_message_size, limits)
        validator = _validator(self.settings, server_behaviour, tickets)
        ledger = Ledger(
            validator.policy, View(_netserver(self.settings, tickets), Spool(), most=keep)
        )
        functions = UserFunctions(
            lambda raised: ledger.note_raised(raised, ledger.view),
            intercept=intercept,
            waits=waits,
            on_exchange=on_exchange,
            on_malformed=on_malformed,
            on_failed=on_failed,
            on_unfinished=on_unfinished,
        )
        breakdowns, blocks = Breakdowns(), Blocks()
        self._listener = Listener(connection_limits, tls, breakdowns)
        observing = Observing(ledger, self._listener, breakdowns, blocks)
        super().__init__(ledger, observing)
        self._answering = Answering(
            server_behaviour, validator, ledger, self._listener, breakdowns, functions
        )
        self._breakdowns = breakdowns
        self._runner = Runner(ledger, self._listener, blocks, observing)

    # -- running -------------------------------------------------------------------------------

    def start(self) -> Self:
        """Return the endpoint itself, listening.

        Raises:
            SoblobError: It listens already, or the address is not available.
        """
        host, port = self.settings.host_and_port()
        self._listener.start(self._answering.handlers(self.handle), host, port)
        return self

    def stop(self) -> None:
        """Close the socket and all connections, then `check`. May be called again.

        Raises:
            ContractViolationError: As `check` raises it.
            SoblobError: The server's thread does not end; the text says where it waits.
        """
        __tracebackhide__ = True
        self.close()
        self.check()

    def close(self) -> None:
        """Close the socket and all connections; findings are left to a later `check`.

        Raises:
            SoblobError: The server's thread does not end; the text says where it waits.
        """
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.settle()
        try:
            self.close()
        except SoblobError as stuck:
            self._breakdowns.note(stuck)
        if error is None:
            self.check()
        else:
            for title, text in self._runner.take_sections():
                error.add_note(f"{title}:\n{text}")

    def __repr__(self) -> str:
        where = "not running" if self._listener.server is None else self.base_url
        exchanges = plural(len(self.exchanges), "exchange")
        return f"<StubEndpoint {where}, {exchanges}, {plural(len(self.blobs), 'blob')}>"

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:port`, without a path.

        Raises:
            SoblobError: The endpoint is not running.
        """
        return self._listener.base_url

    @property
    def url(self) -> str:
        """URL for POST requests; it ends in `/Remote/Services86/BLOB.svc`."""
        return self.base_url + SERVICE_PATHS["BLOB"]

    @property
    def principal_url(self) -> str:
        """URL of the log-in service; it ends in `/Remote/Services86/SoPrincipal.svc`."""
        return self.base_url + SERVICE_PATHS["SoPrincipal"]

    @property
    def in_process_url(self) -> str:
        """URL for POST requests through `pytest_soblob.transports`, also without a server."""
        return self._listener.any_base_url + SERVICE_PATHS["BLOB"]

    @property
    def wsdl_url(self) -> str:
        """URL of the WSDL, which has this endpoint's address."""
        return f"{self.url}?wsdl"

    def handle(self, request: HttpRequest, connection: int | None = None) -> Delivery:
        """Return the answer to one request, once it is recorded; any transport may call it.

        Args:
            request: Complete request.
            connection: Number of its connection, or None if it came without one.
        """
        return self._answering.handle(request, connection)

    # -- verdict -------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise at once what the end of the test would raise; the end then does not repeat it.

        Raises:
            ContractViolationError: A request broke the contract; the subclass is that of the first
                rule's family. Or the calls were not as `expect_calls` said. If the stub itself
                failed as well, the text says so.
            SoblobError: The stub itself failed, and nothing else is wrong.
            BaseException: Whatever code of the test, such as `matching=`, has raised when the
                endpoint called it; what else is wrong is added as a note.
        """
        __tracebackhide__ = True
        self._observing.check()

    def expecting(self, *rules: str) -> AbstractContextManager[Self]:
        """Return a block in which these rules must be broken; they do not fail the test.

        Raises:
            SoblobError: There is no such rule.
            ContractViolationError: One of them was not broken inside the block.
        """
        return self._observing.expecting(self, rules)

    def example(self) -> AbstractContextManager[Self]:
        """Return a block that gives one Hypothesis example a clean view: no exchanges, no blobs.

        Replies that were scripted for all calls stay in force. Leaving the block raises what
        `check` raises, so that Hypothesis shrinks it; the end of the test does not repeat it.

        Raises:
            ContractViolationError: A request in the block broke the contract.
        """
        return self._observing.example(self)

    def settle(self) -> None:
        """Wait until all that clients have sent by now has been judged and recorded.

        `check`, leaving a block and the end of a test do so by themselves. Call it before looking
        at `exchanges` or `blobs` if the client does not wait for its answers. An incomplete message
        is waited for as long as more of it arrives, and 50 ms more; `check` reports a client that
        still sends after 10 s.

        Raises:
            SoblobError: This process is a fork of the one in which the endpoint runs.
        """
        self._listener.settle()

    def unfinished(self) -> list[str]:
        """Return one line for each request that clients of this test did not send completely.

        These fail no test: a test of a client's time-outs leaves such requests behind.
        """
        return self._observing.unfinished()

    def reset(self) -> None:
        """Start with a clean view, no expected rules or calls, and nothing to report."""
        self._observing.reset()

    def discard_findings(self) -> None:
        """Drop all unreported findings, and expect no calls any more."""
        self._observing.discard_findings()


def _validator(
    settings: SoblobSettings, behaviour: Behaviour, tickets: Sequence[str]
) -> EnvelopeValidator:
    return EnvelopeValidator.of_service(
        "request",
        settings.profile,
        settings.installation,
        max_message_size=behaviour.largest,
        severities=settings.severities,
        secrets=(*settings.secrets, *tickets),
    )


def _netserver(settings: SoblobSettings, tickets: Sequence[str]) -> NetServer:
    own = () if settings.ticket is None else (settings.ticket,)
    return NetServer(settings, dict.fromkeys((*own, *tickets)))


def _check(
    tickets: object, application_tokens: object, max_message_size: int | None, keep: int | None
) -> None:
    """Raise `SoblobError` for an invalid argument."""
    for name, texts in (("tickets", tickets), ("application_tokens", application_tokens)):
        kind = type(texts).__name__
        if not isinstance(texts, list | tuple):  # a str would be taken apart into its letters
            raise SoblobError(f"{name} must be a list or tuple of strings, not a {kind}")
    if max_message_size is not None and not (is_whole(max_message_size) and max_message_size >= 1):
        raise SoblobError(f"max_message_size must be 1 or more, not {max_message_size!r:.60}")
    if keep is not None and not (is_whole(keep) and keep >= 1):
        raise SoblobError(f"keep must be 1 or more, or None for all, not {keep!r}")
