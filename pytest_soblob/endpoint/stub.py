"""`StubEndpoint`: the pure service behind a socket, and what a test sees of it."""

import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from pytest_soblob._http import HttpSyntaxError, TooLargeError
from pytest_soblob._numbers import is_whole
from pytest_soblob._server import Handlers, Limits, Server
from pytest_soblob._spool import Spool
from pytest_soblob._text import plural
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.endpoint import _service
from pytest_soblob.endpoint._behaviours import behave
from pytest_soblob.endpoint._breakdowns import Breakdowns, describe
from pytest_soblob.endpoint._call import Answer, Call
from pytest_soblob.endpoint._ledger import Ledger, raise_unmet
from pytest_soblob.endpoint._observed import Observed
from pytest_soblob.endpoint._scripted import Scripted
from pytest_soblob.endpoint._view import View, titled
from pytest_soblob.errors import ContractViolationError, SoblobError
from pytest_soblob.exchange import Exchange
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.netserver import NetServer
from pytest_soblob.rendering import failure, render_findings
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.validators import EnvelopeValidator
from pytest_soblob.validators.validator import malformed_http
from pytest_soblob.violations import Violation
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

_HOST: Final = re.compile(r"(?:[\w.-]{1,255}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
_PATIENCE_S: Final = 10.0
# Where a client reaches an endpoint that does not listen, through a transport in the process.
IN_PROCESS_URL: Final = "http://soblob.invalid"


class StubEndpoint(Observed, Scripted):
    """A SOAP endpoint on loopback for one test after the other.

    Args:
        profile: The form that requests must have; `auto` takes each.
        behaviour: `strict`: each error is answered with a fault that names its rule; `wcf`: what
            a .NET host does, which takes much that is wrong. Tests fail for the same in both.
        installation: `online` makes an application token mandatory.
        tickets: The tickets that are good; empty takes any that is there.
        tokens: The application tokens that are good, where the installation is online; empty
            takes any.
        address: Host, or host:port; port 0 is any free one.
        settings: All of these at once, and more, instead of them.
        max_message_size: Bytes that the body of a request may have; a larger one is answered with
            413. None means 1 GiB, and with `wcf` what `settings.wcf_host` says.
        limits: How long a connection may take, and how large a body may be; None: as `Limits`
            has it.
        tls: How to speak TLS; None for plain HTTP.
        keep: How many exchanges, blobs and findings are kept, the newest; None keeps all. What is
            remembered of the flow is bounded with it: at least the last 100 of each kind.
        intercept: Asked first, in the server's thread; what it returns is answered, and neither
            judged nor recorded. None means that it is a call like any other.
        on_exchange: Called with each exchange when it has been recorded, in the server's thread.
            It must not call this endpoint itself.
        on_malformed: Likewise with what is wrong about bytes that are no HTTP.
        on_failed: Likewise with what the stub itself failed at, in one line without secrets.

    As a context manager it starts and stops; leaving it raises what `check` would raise, so that
    a forgotten `check()` does not pass.

    Raises:
        SoblobError: A setting has a value that there is not.
    """

    def __init__(
        self,
        *,
        profile: Profile | str = Profile.AUTO,
        behaviour: str = "strict",
        installation: Installation | str = Installation.ONSITE,
        tickets: Sequence[str] = (),
        tokens: Sequence[str] = (),
        address: str = "127.0.0.1",
        settings: SoblobSettings | None = None,
        max_message_size: int | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        keep: int | None = None,
        intercept: Callable[[HttpRequest], HttpResponse | None] | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        on_malformed: Callable[[HttpSyntaxError], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
    ) -> None:
        for name, texts in (("tickets", tickets), ("tokens", tokens)):
            kind = type(texts).__name__
            if not isinstance(texts, list | tuple):  # a str would be taken apart into its letters
                raise SoblobError(f"{name} must be a list or tuple of strings, not a {kind}")
        if max_message_size is not None and not (
            is_whole(max_message_size) and max_message_size >= 1
        ):
            raise SoblobError(f"max_message_size must be 1 or more, not {max_message_size!r:.60}")
        if keep is not None and not (is_whole(keep) and keep >= 1):
            raise SoblobError(f"keep must be 1 or more, or None for all, not {keep!r}")
        self.settings = settings or SoblobSettings(
            profile=profile,
            behaviour=behaviour,
            installation=installation,
            ticket=tickets[0] if tickets else None,
            tokens=tuple(tokens),
            address=address,
        )
        self._behaviour, self._limits = behave(self.settings, max_message_size, limits)
        self._tls = tls
        self._intercept = intercept
        self._on_exchange = on_exchange
        self._on_malformed = on_malformed
        self._on_failed = on_failed
        self._validator = EnvelopeValidator(
            "request",
            self.settings.profile,
            self.settings.installation,
            operation=None,
            max_message_size=self._behaviour.largest,
            severities=self.settings.severities,
        )
        own = () if self.settings.ticket is None else (self.settings.ticket,)
        netserver = NetServer(self.settings, dict.fromkeys((*own, *tickets)))
        self._ledger = Ledger(self._validator.policy, View(netserver, Spool(), most=keep))
        self._server: Server | None = None
        self._breakdowns = Breakdowns()

    # -- running ---------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listen.

        Raises:
            SoblobError: It listens already, or the address cannot be had.
        """
        if self._server is not None:
            raise SoblobError("the endpoint has been started already")
        host, port = self.settings.host_and_port()
        handlers = Handlers(
            handle=self.handle,
            preview=self._preview,
            refuse=self._refuse,
            failed=self._fail_itself,
        )
        server = Server(handlers, host, port, limits=self._limits, tls=self._tls)
        server.start()
        self._server = server
        return self

    def stop(self) -> None:
        """Close the socket and every connection, join the thread; once or many times."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._settle()
        self.stop()
        if error is None:
            self.check()

    def __repr__(self) -> str:
        where = "not running" if self._server is None else self.base_url
        exchanges = plural(len(self.exchanges), "exchange")
        return f"<StubEndpoint {where}, {exchanges}, {plural(len(self.blobs), 'blob')}>"

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:port`, without a path.

        Raises:
            SoblobError: The endpoint is not running.
        """
        if self._server is None:
            raise SoblobError("the endpoint is not running: start it, or use it as `with ... as`")
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self._server.port}"

    @property
    def url(self) -> str:
        """Where to POST: ends in `/Remote/Services86/BLOB.svc`."""
        return self.base_url + SERVICE_PATHS["BLOB"]

    @property
    def principal_url(self) -> str:
        """Where tickets are given out: ends in `/Remote/Services86/SoPrincipal.svc`."""
        return self.base_url + SERVICE_PATHS["SoPrincipal"]

    @property
    def in_process_url(self) -> str:
        """Where to POST through a transport of `transports`, whether the endpoint runs or not."""
        return self._base_url + SERVICE_PATHS["BLOB"]

    @property
    def wsdl_url(self) -> str:
        """Where the WSDL is, with this endpoint's own address in it."""
        return f"{self.url}?wsdl"

    # -- answering -------------------------------------------------------------------------------

    def handle(self, request: HttpRequest, connection: int | None = None) -> Delivery:
        """Answer one request: what the socket calls, and any other transport may.

        Args:
            request: Whole.
            connection: The number of its connection; None where it came on none.
        """
        intercepted = None if self._intercept is None else self._intercept(request)
        if intercepted is not None:
            return Delivery(response=intercepted)
        if not _service.is_call(request):
            return Delivery(response=self._behaviour.look_up(request, self._base_url_for(request)))
        view = self._ledger.view
        # The long part: without the lock.
        call = _service.judge(request, connection, self._validator, self._behaviour, view)
        return self._watched(call, self._conclude(call, view), view)

    def _conclude(self, call: Call, view: View) -> Answer:
        """Answer a call, remember it, and hold against the test what is wrong with it."""
        with self._ledger.lock:
            _service.follow(call, view, self._validator.policy, self._is_open)
            if call.refusal is None:
                self._behaviour.receive(call)
            answered = _service.answer(call, self._behaviour, view)
            exchange = _service.record(call, answered, view)
            view.flow.observe(call, answered, self._accepted)
            self._ledger.note(call.verdict, view, view.count)
        if self._on_exchange is not None:
            self._on_exchange(exchange)
        return answered

    def _is_open(self, connection: int) -> bool:
        return self._server is not None and self._server.is_open(connection)

    @property
    def _accepted(self) -> int:
        return 0 if self._server is None else self._server.accepted

    @property
    def _base_url(self) -> str:
        return IN_PROCESS_URL if self._server is None else self.base_url

    def _base_url_for(self, request: HttpRequest) -> str:
        """Where the client has found this endpoint: behind a published port not where it is."""
        host = request.header("Host") or ""
        if self._server is None or not _HOST.fullmatch(host):
            return self._base_url
        return f"{self.base_url.partition('://')[0]}://{host}"

    def _watched(self, call: Call, answered: Answer, view: View) -> Delivery:
        """Return the delivery, which tells the flow where nobody waited for it."""
        delivery = answered.delivery
        if delivery.is_prompt or call.verdict.operation != "SaveImageStream":
            return delivery

        def lose() -> None:
            with self._ledger.lock:
                view.flow.lose(call, answered.blob_id)

        return replace(delivery, lost=lose)

    def _preview(self, head: HttpRequest, connection: int) -> HttpResponse | None:
        """Answer a head whose body the behaviour does not want: a call without one."""
        refusal = self._behaviour.preview(head)
        if refusal is not None:
            view = self._ledger.view
            call = _service.judge_head(head, connection, self._validator, refusal, view)
            self._conclude(call, view)
        return refusal

    def _refuse(self, error: HttpSyntaxError) -> HttpResponse:
        """Answer what is no HTTP, and hold it against the test."""
        verdict = malformed_http("request", error)
        with self._ledger.lock:
            self._ledger.note(verdict, self._ledger.view, None)
            if isinstance(error, TooLargeError):
                self._ledger.view.flow.turn_away(str(error))
        if self._on_malformed is not None:
            self._on_malformed(error)
        return self._behaviour.refuse(error)

    def _fail_itself(self, error: BaseException) -> None:
        self._breakdowns.note(error)
        if self._on_failed is not None:
            self._on_failed(describe(error))

    # -- judging ---------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise at once what the end of the test would raise, which then does not repeat it.

        Raises:
            ContractViolationError: A request broke the contract; the subclass is that of the
                first rule's family. Or the calls were not as `expect_calls` said.
            SoblobError: The stub itself failed.
        """
        __tracebackhide__ = True
        self._settle()
        findings = self._ledger.pending(tick_off=True)
        missed = self._ledger.missed_calls(tick_off=True)
        broken = self._breakdowns.take()
        if broken is not None:
            raise broken
        if findings:
            raise failure(titled(findings), missed)
        if missed:
            raise ContractViolationError(missed)

    @contextmanager
    def expecting(self, *rules: str) -> Iterator[Self]:
        """Break these rules on purpose inside the block; they are not held against the test.

        Raises:
            SoblobError: There is no such rule.
            ContractViolationError: One of them was not broken inside the block.
        """
        __tracebackhide__ = True
        expectation = self._ledger.expect(*rules)
        try:
            yield self
        finally:
            self._settle()
            self._ledger.withdraw(expectation)
        raise_unmet(expectation.rules, expectation.met)

    @contextmanager
    def example(self) -> Iterator[Self]:
        """Give one Hypothesis example a clean view: no exchanges, no blobs, ids from 1.

        Replies that were scripted for all calls stay in force. Leaving the block raises what
        `check` would raise, so that Hypothesis shrinks it; the end of the test does not repeat it.

        Raises:
            ContractViolationError: A request in the block broke the contract.
        """
        __tracebackhide__ = True
        self._settle()
        with self._ledger.example():
            try:
                yield self
            finally:
                self._settle()
            self.check()

    def _settle(self) -> None:
        """Wait for requests that are being judged: their client may have gone, impatient."""
        if self._server is not None:
            self._server.settle(_PATIENCE_S)

    # -- for the plugin --------------------------------------------------------------------------

    def expect(self, *rules: str) -> None:
        """Expect rules to be broken from now on, until `reset`."""
        self._ledger.expect(*rules)

    def met(self) -> set[str]:
        """Return the expected rules that were broken since the last reset."""
        self._settle()
        return self._ledger.met()

    def reset(self) -> None:
        """Start anew: a clean view, no expectations, nothing to tell."""
        self._settle()
        self._ledger.reset()
        self._breakdowns.clear()

    def tick_off(self) -> None:
        """Forget what nobody was told of: it has been said elsewhere."""
        self._settle()
        self._ledger.pending(tick_off=True)
        self._ledger.missed_calls(tick_off=True)

    def untold(self) -> str | None:
        """Return what `check` would say, without ticking it off; None where there is nothing."""
        self._settle()
        findings = self._ledger.pending(tick_off=False)
        missed = self._ledger.missed_calls(tick_off=False)
        said = [render_findings(titled(findings))] if findings else []
        return "\n\n".join([*said, missed] if missed else said) or None

    def remarks(self) -> list[Violation]:
        """Return the warnings and notes since the last reset."""
        return self._ledger.remarks()
