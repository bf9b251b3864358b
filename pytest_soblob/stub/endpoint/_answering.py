"""How an endpoint answers: judge, follow the flow, ask the script, record."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from pytest_soblob._http import HttpSyntaxError, TooLargeError
from pytest_soblob._http.server import Handlers, Unfinished
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.validators.http import is_call
from pytest_soblob.stub.endpoint import _service
from pytest_soblob.stub.endpoint._behaviours import Behaviour
from pytest_soblob.stub.endpoint._breakdowns import Breakdowns, describe
from pytest_soblob.stub.endpoint._call import Call, CallResult
from pytest_soblob.stub.endpoint._ledger import Ledger
from pytest_soblob.stub.endpoint._listener import Listener
from pytest_soblob.stub.endpoint._script import ScriptedAnswer
from pytest_soblob.stub.endpoint._user_code import UserCodeError
from pytest_soblob.stub.endpoint._user_functions import UserFunctions
from pytest_soblob.stub.endpoint._view import View
from pytest_soblob.stub.exchange import Exchange
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

_HOST: Final = re.compile(r"(?:[\w.-]{1,255}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
_IN_SERVER: Final = 0  # stands for a connection: the caller is the server's thread


class Answering:
    """Answers requests, from the socket or from any other transport.

    Args:
        behaviour: How requests are read and answers written.
        validator: The judge of requests.
        ledger: Receives exchanges and findings.
        listener: Knows the connections and the URL.
        breakdowns: Receives the errors of the stub itself.
        functions: The callables that the user has passed to the endpoint.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        validator: EnvelopeValidator,
        ledger: Ledger,
        listener: Listener,
        breakdowns: Breakdowns,
        functions: UserFunctions,
    ) -> None:
        self._behaviour = behaviour
        self._validator = validator
        self._ledger = ledger
        self._listener = listener
        self._breakdowns = breakdowns
        self._functions = functions

    def handlers(self, handle: Callable[[HttpRequest, int], Delivery]) -> Handlers:
        """Return what a server has to call.

        Args:
            handle: Answers one request of a connection.
        """
        return Handlers(
            handle=handle,
            preview=self.preview,
            refuse=self._answer_malformed,
            broken_off=self._note_unfinished,
            failed=self._note_breakdown,
            **({"waits": self._has_to_wait} if self._functions.has("waits") else {}),
        )

    def handle(self, request: HttpRequest, connection: int | None = None) -> Delivery:
        """Answer one complete request.

        Args:
            request: The request.
            connection: Number of its connection, or None if it came without one.
        """
        if connection is not None:
            return self._handle(request, connection)
        if self._has_to_wait(request, None):
            self._listener.settle()
        with self._listener.under_way.call():
            return self._handle(request, None)

    def _handle(self, request: HttpRequest, connection: int | None) -> Delivery:
        intercepted = self._functions.call("intercept", request, connection)
        if intercepted is not None:
            return Delivery(response=intercepted)
        base_url = self._base_url_for(request)
        if not is_call(request):
            return Delivery(response=self._behaviour.look_up(request, base_url))
        view = self._ledger.view
        # Judging takes most of the time, so the lock is not held.
        call = _service.judge(request, connection, self._validator, self._behaviour, view, base_url)
        return self._watched(call, self._conclude(call, view), view)

    def _has_to_wait(self, request: HttpRequest, connection: int | None = _IN_SERVER) -> bool:
        return self._functions.call("waits", request, connection) is True

    def _conclude(self, call: Call, view: View) -> CallResult:
        """Answer a call, record it, and note its violations."""
        with self._ledger.lock:
            _service.follow(call, view, self._validator.policy, self._listener.is_open)
            if call.rejection_response is None:
                self._behaviour.receive(call)
            waiting = _service.waiting(call, view)
            done = None if waiting else self._answer(call, view, frozenset())
        result, exchange = done or self._answer_by_script(call, view, waiting)
        self._functions.call("on_exchange", exchange, call.connection)
        return result

    def _answer_by_script(
        self, call: Call, view: View, waiting: list[ScriptedAnswer]
    ) -> tuple[CallResult, Exchange]:
        """Answer a call for which scripted answers wait; the user's code says which match."""
        try:
            matching = _service.match(call, waiting)
        except UserCodeError as error:
            self._ledger.note_raised(error.raised, view)
            with self._ledger.lock:
                return self._record(call, view, _service.give_up(error))
        with self._ledger.lock:
            return self._answer(call, view, matching)

    def _answer(
        self, call: Call, view: View, matching: AbstractSet[ScriptedAnswer]
    ) -> tuple[CallResult, Exchange]:
        return self._record(call, view, _service.answer(call, self._behaviour, view, matching))

    def _record(self, call: Call, view: View, result: CallResult) -> tuple[CallResult, Exchange]:
        exchange = _service.record(call, result, view)
        view.flow.observe(call, result, self._listener.accepted)
        after = self._listener.eras.find(call.connection)
        self._ledger.note(call.verdict, view, view.count, after)
        return result, exchange

    def _base_url_for(self, request: HttpRequest) -> str:
        """Return the URL under which the client reached the endpoint, through a published port."""
        host = request.header("Host") or ""
        base_url = self._listener.any_base_url
        if self._listener.server is None or not _HOST.fullmatch(host):
            return base_url
        return f"{base_url.partition('://')[0]}://{host}"

    def _watched(self, call: Call, result: CallResult, view: View) -> Delivery:
        """Return the delivery, which notes a save whose client did not wait for the answer."""
        delivery = result.delivery
        if delivery.is_prompt or call.verdict.operation != "SaveImageStream":
            return delivery

        def lose() -> None:
            with self._ledger.lock:
                view.flow.lose(call, result.blob_id)

        return replace(delivery, lost=lose)

    def preview(self, head: HttpRequest, connection: int) -> HttpResponse | None:
        """Answer a head whose body the behaviour rejects unread, or return None."""
        response = self._behaviour.preview(head)
        if response is not None:
            view = self._ledger.view
            call = _service.judge_head(
                head, connection, self._validator, self._behaviour, response, view
            )
            self._conclude(call, view)
        return response

    def _answer_malformed(self, error: HttpSyntaxError, connection: int) -> HttpResponse:
        """Answer bytes that are not HTTP, and note the violation."""
        verdict = self._validator.judge_malformed(error)
        with self._ledger.lock:
            after = self._listener.eras.find(connection)
            self._ledger.note(verdict, self._ledger.view, None, after)
            if isinstance(error, TooLargeError):
                self._ledger.view.flow.record_rejected_upload(str(error))
        self._functions.call("on_malformed", error, connection)
        return self._behaviour.reject(error)

    def _note_unfinished(self, unfinished: Unfinished) -> None:
        with self._ledger.lock:
            self._ledger.view.unfinished.append(str(unfinished))
        self._functions.call("on_unfinished", str(unfinished), _IN_SERVER)

    def _note_breakdown(self, error: BaseException) -> None:
        self._breakdowns.note(error)
        self._functions.call("on_failed", describe(error), _IN_SERVER)
