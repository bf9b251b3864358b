"""What a test tells the endpoint: what to answer, and which calls to expect."""

from typing import Any

from pytest_soblob.endpoint._expectations import ExpectedCall
from pytest_soblob.endpoint._ledger import Ledger
from pytest_soblob.endpoint._replies import UNSET, Reply, Unset
from pytest_soblob.endpoint._script import Matching, Playing, When
from pytest_soblob.errors import SoblobError
from pytest_soblob.failures import find_failure
from pytest_soblob.messages import ExceptionInfo, Fault
from pytest_soblob.wire import HttpResponse


class Scripted:
    """The part of an endpoint that is told what to do; all of it holds for the current view."""

    _ledger: Ledger

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

        A request that breaks the contract is refused all the same, and uses no script up.

        Args:
            blob_id: The id to give, and to store under; None leaves Response out.
            succeeded: False is a business failure: nothing is stored, and Response is 0 unless
                `blob_id` says otherwise. None means True, or False with an `exception_info`.
            exception_info: Why it failed; one of ours where it is left out. With `succeeded=True`
                it is sent beside the success.
            fault: A SOAP fault, in the SOAP version of the request.
            status: HTTP status of the fault; None means what SOAP says (500, or 400 in 1.2).
            response: A whole HTTP response; bytes go out exactly as they are.
            close: Close the connection without an answer.
            delay_s: Seconds to wait before the answer, whatever it is.
            operation: The operation that it answers; None answers any, with a `blob_id` any that
                gives one.
            times: How many calls; None answers all until `clear`, or the end of the test or
                example. Left out: one, or all with a `share`.
            nth: The first call that it is for, counted from 1 from now on.
            share: A share of the calls, over 0 and at most 1, such as 0.1 for one in ten.
            seed: Which calls a share picks: the same ones for the same seed. Only with a share.
            matching: What the message must have: `{"type": "ProductImage"}`, or a function of it.

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
        )
        if operation is not None and not reply.suits(operation):
            raise SoblobError(f"blob_id is in the answer to SaveImageStream, not to {operation}")
        self._script(reply, operation, times, nth, share, seed, matching)

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
        """Play a failure by its name, on the next call or on others; `docs/failures.md` lists them.

        A request that breaks the contract is refused all the same, and so is one that the endpoint
        refuses itself, where the server would have done its work first.

        Args:
            name: Of the failure, such as `http-503` or `reset-during-answer`.
            operation: As for `reply`.
            times: As for `reply`.
            nth: As for `reply`.
            share: As for `reply`.
            seed: As for `reply`.
            matching: As for `reply`.
            **parameters: Of the failure, such as `seconds` of `delay`.

        Raises:
            SoblobError: There is no such failure or parameter, or they do not go together.
        """
        found = find_failure(name)
        found.check_operation(operation)
        playing = Playing(found, found.complete(parameters))
        self._script(playing, operation, times, nth, share, seed, matching)

    def clear(self) -> None:
        """Take back every answer that was scripted and still waits."""
        with self._ledger.lock:
            self._ledger.view.script.clear()

    def _script(
        self,
        what: Reply | Playing,
        operation: str | None,
        times: int | Unset | None,
        nth: int,
        share: float | None,
        seed: int,
        matching: Matching,
    ) -> None:
        when = When(
            operation=operation, times=times, nth=nth, share=share, seed=seed, matching=matching
        )
        with self._ledger.lock:
            self._ledger.view.script.add(when, what)

    def expect_calls(self, *calls: ExpectedCall, in_order: bool = False, only: bool = True) -> None:
        """Expect these calls until the end of the test, or example, or until `check`.

        Judged is what came since the `check` before, or since the beginning where there was none.
        What did not come, what came too often and what came besides is reported together, with
        what differs in the call that came nearest.

        Args:
            *calls: Of any operation; none, with `only`: no call at all may come.
            in_order: Whether they have to come in that order, whenever those of another
                `expect_calls` come.
            only: Whether no other call may come, but those of another `expect_calls`.

        Raises:
            SoblobError: One is no `ExpectedCall`.
        """
        given: tuple[object, ...] = calls
        for call in given:
            if not isinstance(call, ExpectedCall):
                said = f"{call!r:.60}"
                raise SoblobError(f"expect_calls takes ExpectedCall(...), one by one, not {said}")
        with self._ledger.lock:
            self._ledger.view.expectations.add(calls, in_order=in_order, only=only)
