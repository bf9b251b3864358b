"""`StubEndpoint`: the pure service behind a socket, and what a test sees of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from pytest_soblob import wcf
from pytest_soblob._server import Handlers, Limits, Server
from pytest_soblob._text import plural
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.endpoint import _service
from pytest_soblob.endpoint._ledger import Ledger, raise_unmet
from pytest_soblob.endpoint._replies import UNSET, Reply, Unset
from pytest_soblob.endpoint._view import Blob, Finding
from pytest_soblob.errors import SoblobError
from pytest_soblob.exchange import Exchange
from pytest_soblob.messages import ExceptionInfo, Fault, SaveImageStreamRequest
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.rendering import failure, headline, render_findings
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.validators import EnvelopeValidator
from pytest_soblob.violations import Violation
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse


class StubEndpoint:
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
        settings: All of these at once, instead of them.
        max_message_size: Bytes that the body of a request may have; a larger one is answered with
            413 and not recorded. None means 1 GiB, and 65,536, the host's default, with `wcf`.
        on_exchange: Called with each exchange when it has been recorded, in the server's thread.

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
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.settings = settings or SoblobSettings(
            profile=profile,
            behaviour=behaviour,
            installation=installation,
            ticket=tickets[0] if tickets else None,
            tokens=tuple(tokens),
            address=address,
        )
        own = () if self.settings.ticket is None else (self.settings.ticket,)
        self._tickets = frozenset({*own, *tickets})
        self._on_exchange = on_exchange
        self._is_wcf = self.settings.behaviour == "wcf"
        self._largest = max_message_size or (wcf.LARGEST_MESSAGE if self._is_wcf else None)
        self._validator = EnvelopeValidator(
            "request",
            self.settings.profile,
            self.settings.installation,
            operation=None,
            severities=self.settings.severities,
        )
        self._ledger = Ledger(self._validator.policy)
        self._server: Server | None = None
        self._server_errors: list[BaseException] = []

    # -- running ---------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listen.

        Raises:
            SoblobError: It listens already, or the address cannot be had.
        """
        if self._server is not None:
            raise SoblobError("the endpoint has been started already")
        host, port = self.settings.host_and_port()
        # A WCF host looks at other things before the size, and says so itself.
        largest = None if self._is_wcf else self._largest
        server = Server(
            Handlers(
                handle=lambda request, connection: self.handle(request),
                failed=self._server_errors.append,
            ),
            host,
            port,
            limits=Limits() if largest is None else Limits(body_bytes=largest),
        )
        server.start()
        self._server = server
        return self

    def stop(self) -> None:
        """Close the socket and every connection, join every thread; once or many times."""
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
        return f"http://{host}:{self._server.port}"

    @property
    def url(self) -> str:
        """Where to POST: ends in `/Remote/Services86/BLOB.svc`."""
        return self.base_url + SERVICE_PATHS["BLOB"]

    @property
    def wsdl_url(self) -> str:
        """Where the WSDL is, with this endpoint's own address in it."""
        return f"{self.url}?wsdl"

    # -- what arrived ----------------------------------------------------------------------------

    @property
    def exchanges(self) -> list[Exchange]:
        """Every request and its reply, in the order answered; GETs are not recorded."""
        return self._ledger.view.exchanges

    @property
    def last_request(self) -> SaveImageStreamRequest | None:
        """The newest SaveImageStream request, as far as it could be read; None without one."""
        messages = (exchange.message for exchange in reversed(self.exchanges))
        return next((m for m in messages if isinstance(m, SaveImageStreamRequest)), None)

    @property
    def blobs(self) -> dict[int, Blob]:
        """The stored images by blob id."""
        return self._ledger.view.blobs

    @property
    def person_images(self) -> dict[int, int]:
        """What each person's picture is now: blob ids by person id. A test may put some in."""
        return self._ledger.view.person_images

    @property
    def project_images(self) -> dict[int, int]:
        """Likewise for projects; ChangeProjectImage is not answered, so only a test fills it."""
        return self._ledger.view.project_images

    # -- what is answered ------------------------------------------------------------------------

    def reply(
        self,
        *,
        blob_id: int | Unset | None = UNSET,
        succeeded: bool | None = None,
        exception_info: ExceptionInfo | None = None,
        fault: Fault | None = None,
        status: int | None = None,
        response: HttpResponse | bytes | None = None,
        close: bool = False,
        delay_s: float = 0.0,
        operation: str | None = "SaveImageStream",
        times: int | None = 1,
    ) -> None:
        """Script the answer to the next call, or to all.

        A request that breaks the contract is refused all the same, and uses no script up.

        Args:
            blob_id: The id to give, and to store under; None leaves Response out.
            succeeded: False is a business failure: nothing is stored, and Response is 0 unless
                `blob_id` says otherwise. None means True, or False with an `exception_info`.
            exception_info: Why it failed; one of ours where it is left out.
            fault: A SOAP fault, in the SOAP version of the request.
            status: HTTP status of the fault; None means what SOAP says (500, or 400 in 1.2).
            response: A whole HTTP response; bytes go out exactly as they are.
            close: Close the connection without an answer.
            delay_s: Seconds to wait before the answer, whatever it is.
            operation: The operation that it answers; None answers any.
            times: How many calls; None answers all until the test, or example, ends.

        Raises:
            SoblobError: Two answers at once, or a value that cannot be.
        """
        reply = Reply(
            blob_id=blob_id,
            succeeded=succeeded,
            exception_info=exception_info,
            fault=fault,
            status=status,
            response=response,
            close=close,
            delay_s=delay_s,
            operation=operation,
            times=times,
        )
        with self._ledger.lock:
            self._ledger.view.script.add(reply)

    def handle(self, request: HttpRequest) -> Delivery:
        """Answer one request: what the socket calls, and any other transport may."""
        if not _service.is_call(request):
            look_up = _service.look_up_as_wcf if self._is_wcf else _service.look_up
            return Delivery(response=look_up(request, self.base_url))
        with self._ledger.call() as view:
            # The long part: without the lock.
            judged = self._read(_service.judge(request, self._validator))
            with self._ledger.lock:
                call = _service.follow(judged, view, self._validator.policy)
                call = call if self._is_wcf else _service.receive_strictly(call)
                answered = _service.answer(call, view, self.settings, self._tickets)
                exchange = _service.record(call, answered, view)
                self._ledger.note(call.verdict, view)
        if self._on_exchange is not None:
            self._on_exchange(exchange)
        return answered.delivery

    def _read(self, call: _service.Call) -> _service.Call:
        """With `wcf`, read the request as that host does, whatever the judge has said of it."""
        if not self._is_wcf:
            return call
        return _service.receive_as_wcf(call, self._largest or wcf.LARGEST_MESSAGE)

    # -- judging ---------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise at once what the end of the test would raise, which then does not repeat it.

        Raises:
            ContractViolationError: A request broke the contract; the subclass is that of the
                first rule's family.
            SoblobError: The stub itself failed.
        """
        __tracebackhide__ = True
        findings = self._ledger.pending(tick_off=True)
        if self._server_errors:
            error = self._server_errors.pop(0)
            raise SoblobError(f"the stub failed: {type(error).__name__}: {error}") from error
        if findings:
            raise failure(_titled(findings))

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
        with self._ledger.example():
            yield self
            self.check()

    # -- for the plugin --------------------------------------------------------------------------

    def expect(self, *rules: str) -> None:
        """Expect rules to be broken from now on, until `reset`."""
        self._ledger.expect(*rules)

    def met(self) -> set[str]:
        """Return the expected rules that were broken since the last reset."""
        return self._ledger.met()

    def reset(self) -> None:
        """Start anew: a clean view, no expectations, nothing to tell."""
        self._ledger.reset()
        self._server_errors.clear()

    def tick_off(self) -> None:
        """Forget what nobody was told of: it has been said elsewhere."""
        self._ledger.pending(tick_off=True)

    def untold(self) -> str | None:
        """Return what `check` would say, without ticking it off; None where there is nothing."""
        findings = self._ledger.pending(tick_off=False)
        return render_findings(_titled(findings)) if findings else None

    def remarks(self) -> list[Violation]:
        """Return the warnings and notes since the last reset."""
        return self._ledger.remarks()


def _titled(findings: Sequence[Finding]) -> list[tuple[str, Sequence[Violation]]]:
    return [
        (headline(found.verdict, found.violations, f"request {found.number}"), found.violations)
        for found in findings
    ]
