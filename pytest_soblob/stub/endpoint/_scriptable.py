"""What a test scripts and sees of an endpoint, whether it is running or not."""

from typing import Any

from pytest_soblob.soap.messages import ExceptionInfo, Fault, SaveImageStreamRequest
from pytest_soblob.stub.endpoint._expected_calls import ExpectedCall
from pytest_soblob.stub.endpoint._ledger import Ledger
from pytest_soblob.stub.endpoint._observing import Observing
from pytest_soblob.stub.endpoint._replies import UNSET, Reply, Unset
from pytest_soblob.stub.endpoint._script import Matching
from pytest_soblob.stub.endpoint._scripting import Scripting
from pytest_soblob.stub.exchange import Exchange
from pytest_soblob.stub.netserver import Blob, Clock
from pytest_soblob.wire import HttpResponse


class ScriptableEndpoint:
    """The part of the public endpoint that concerns one view; `StubEndpoint` adds the server.

    Args:
        ledger: Has the view.
        observing: The endpoint's verdict.
    """

    def __init__(self, ledger: Ledger, observing: Observing) -> None:
        self._ledger = ledger
        self._observing = observing
        self._scripting = Scripting(ledger)

    # -- scripting -----------------------------------------------------------------------------

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
        times: int | Unset | None = UNSET,
        nth: int = 1,
        share: float | None = None,
        seed: int = 0,
        matching: Matching = None,
    ) -> None:
        """Script the answer to the next call, or to others.

        A request that breaks the contract is still rejected, and uses up no scripted answer.

        Args:
            blob_id: Id to return and to store under; None leaves Response out.
            succeeded: False for a business failure: nothing is stored, and Response is 0 unless
                `blob_id` is given. None means True, or False with an `exception_info`.
            exception_info: Why it failed, or None for a text of the kit. With `succeeded=True` it
                is sent beside the success.
            fault: SOAP fault, in the SOAP version of the request, or None.
            status: HTTP status of the fault; None for that of SOAP (500, or 400 in 1.2).
            response: Whole HTTP response, or None; bytes are sent exactly as they are.
            close: True to close the connection without an answer.
            delay_s: Seconds to wait before the answer.
            operation: Operation to answer; None for any, or with a `blob_id` any that returns one.
            times: Number of calls; None for all until `clear`, or the end of the test or example.
                By default one, or all with a `share`.
            nth: First call to answer, counted from 1 from now on.
            share: Share of the calls, over 0 and at most 1, such as 0.1 for one in ten; None for
                each call that `nth` and `times` select.
            seed: Chooses the calls of a share, the same ones for the same seed.
            matching: Condition on the message: `{"type": "ProductImage"}`, or a function of it;
                None for any message.

        Raises:
            SoblobError: Two answers at once, or an invalid value.
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
        )
        when = {"times": times, "nth": nth, "share": share, "seed": seed, "matching": matching}
        self._scripting.reply(reply, operation=operation, **when)

    def fail(
        self,
        name: str,
        /,
        *,
        operation: str | None = "SaveImageStream",
        times: int | Unset | None = UNSET,
        nth: int = 1,
        share: float | None = None,
        seed: int = 0,
        matching: Matching = None,
        **parameters: Any,
    ) -> None:
        """Play a failure by name, on the next call or on others; see `docs/failures.md`.

        A request that breaks the contract is still rejected. If the failure follows the server's
        work, a business failure of the server takes precedence over it.

        Args:
            name: Name of the failure, such as `http-503` or `reset-during-answer`.
            operation: As for `reply`; None for any.
            times: As for `reply`; None for all.
            nth: As for `reply`.
            share: As for `reply`; None for no share.
            seed: As for `reply`.
            matching: As for `reply`; None for any message.
            **parameters: Parameters of the failure, such as `seconds` of `delay`.

        Raises:
            SoblobError: There is no such failure or parameter, or they do not go together.
        """
        when = {"times": times, "nth": nth, "share": share, "seed": seed, "matching": matching}
        self._scripting.fail(name, parameters, operation=operation, **when)

    def clear(self) -> None:
        """Remove every scripted answer that is still waiting."""
        self._scripting.clear()

    def expect_calls(self, *calls: ExpectedCall, in_order: bool = False, only: bool = True) -> None:
        """Expect these calls until the end of the test or example, or until `check`.

        The calls since the last `check` are judged, or all calls of the test. Missing calls, with
        the nearest miss, and unexpected calls are reported together.

        Args:
            *calls: Calls of any operation; none, with `only`, means that no call may come.
            in_order: True if they must come in this order, regardless of the calls of another
                `expect_calls`.
            only: True if no other call may come, except those of another `expect_calls`.

        Raises:
            SoblobError: An argument is not an `ExpectedCall`.
        """
        self._scripting.expect_calls(calls, in_order=in_order, only=only)

    # -- observing -----------------------------------------------------------------------------

    @property
    def exchanges(self) -> list[Exchange]:
        """Every request and its reply, in the order answered; GETs are not recorded."""
        return self._ledger.view.exchanges

    @property
    def forgotten(self) -> int:
        """Number of earlier exchanges that are no longer kept, nor are their blobs.

        0 unless the endpoint was created with `keep`.
        """
        view = self._ledger.view
        return view.count - len(view.exchanges)

    @property
    def last_request(self) -> SaveImageStreamRequest | None:
        """The newest SaveImageStream request that could be read, or None."""
        return self._observing.last_request

    @property
    def blobs(self) -> dict[int, Blob]:
        """The stored images by blob id. A test may add some."""
        return self._ledger.view.netserver.blobs

    @property
    def orphans(self) -> list[Blob]:
        """Stored images whose id was in no answer."""
        return self._observing.orphans

    @property
    def person_images(self) -> dict[int, int]:
        """Blob id of each person's current picture, by person id. A test may add some."""
        return self._ledger.view.netserver.person_images

    @property
    def project_images(self) -> dict[int, int]:
        """Blob id of each project's current picture, by project id. A test may add some."""
        return self._ledger.view.netserver.project_images

    @property
    def clock(self) -> Clock:
        """The clock by which tickets expire; it stands still until a test advances it."""
        return self._ledger.view.netserver.clock

    def issue_ticket(
        self, user: str | None = None, *, lifetime_s: float | None = None, foreign: bool = False
    ) -> str:
        """Return a new ticket, as `SoPrincipal.svc` issues them.

        Args:
            user: User name of an account, or None for a user with all rights.
            lifetime_s: Lifetime in seconds, or None for that of the settings.
            foreign: True for a ticket of another installation, which this one does not accept.

        Raises:
            SoblobError: There is no such account.
        """
        netserver = self._ledger.view.netserver
        return netserver.issue_ticket(user, lifetime_s=lifetime_s, foreign=foreign)
