"""The queue of one connection: whatever comes and is asked when, all is judged once, in order."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_soblob._http import Received
from pytest_soblob._http.server import _queue
from pytest_soblob._http.server._handlers import Handlers
from pytest_soblob._http.server._queue import Queue
from pytest_soblob.wire import Delivery, Ending, HttpRequest, HttpResponse
from tests.cpu import MOST_GROWTH, growth, spent_s
from tests.example_counts import untraced

MANY = 1_500  # pipelined by a client that reads no answer
MOST_BYTES, LARGEST, HEAD = 1000, 700, 100
COMES = st.tuples(
    st.just("comes"),
    st.sampled_from((0, 100, LARGEST)),
    st.sampled_from(("keep", "keep", "keep", "close", "waits")),
)
STEPS = st.lists(st.one_of(COMES, COMES, st.just(("ahead",)), st.just(("turn",))), max_size=40)


class Wire:
    """A queue, what came on it, and what was judged, answered and lost of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []  # size and kind
        self.judged: list[int] = []
        self.answered: list[int] = []
        self.lost: list[int] = []
        self.is_closed = False
        self.queue = Queue(Handlers(handle=self._handle, waits=self._waits), 1)

    def comes(self, size: int, kind: str) -> None:
        request = HttpRequest(method="POST", target=f"{len(self.asked)}", headers=(), body=b"")
        self.asked.append((size, kind))
        self.queue.append(Received(request=request, keep_alive=True))

    def turn(self) -> None:
        """Answer the next one, as a connection does."""
        if len(self.queue) and not self.is_closed:
            answer = self.queue.judge(self.queue.take())
            self.answered.append(int(answer.body.rstrip(b".")))
            if answer.ending is not Ending.KEEP:
                self.queue.clear()
                self.is_closed = True

    def _handle(self, request: HttpRequest, connection: int) -> Delivery:
        number = int(request.target)
        size, kind = self.asked[number]
        self.judged.append(number)
        return Delivery(
            response=HttpResponse(body=b"%d" % number + b"." * size),
            ending=Ending.CLOSE if kind == "close" else Ending.KEEP,
            lost=lambda: self.lost.append(number),
            delay_s=1.0,
        )

    def _waits(self, request: HttpRequest) -> bool:
        return self.asked[int(request.target)][1] == "waits"

    def until(self, *kinds: str) -> list[int]:
        """Return the numbers up to the first of such a kind, with that one."""
        ends = [number for number, (_, kind) in enumerate(self.asked) if kind in kinds]
        return list(range(min([*ends, len(self.asked) - 1]) + 1))


@pytest.mark.parametrize("is_gone", [False, True])
@given(STEPS)
def test_all_is_judged_once_and_in_order(
    is_gone: bool, steps: Sequence[tuple[object, ...]]
) -> None:
    wire = Wire()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_queue, "_MOST_BYTES_AHEAD", MOST_BYTES)
        for step in steps:
            match step:
                case ("comes", int() as size, str() as kind) if not wire.is_closed:
                    wire.comes(size, kind)
                case ("ahead",):
                    wire.queue.judge_ahead(Ending.KEEP)
                    waiting = wire.judged[len(wire.answered) :]
                    kept = sum(wire.asked[number][0] for number in waiting)
                    assert kept <= MOST_BYTES + LARGEST
                    if wire.queue.is_unjudged:
                        assert kept > MOST_BYTES - HEAD * len(waiting)
                case ("turn",):
                    wire.turn()
        if is_gone:
            wire.queue.drop(Ending.KEEP)
            assert len(wire.queue) == 0
            assert sorted(wire.answered + wire.lost) == wire.judged
        while len(wire.queue):
            wire.turn()
    if is_gone:
        assert wire.judged == wire.until("close") or wire.asked[len(wire.judged)][1] == "waits"
    else:
        assert wire.judged == wire.answered == wire.until("close")


@untraced
def test_a_client_that_pipelines_and_reads_nothing_costs_in_proportion() -> None:
    """Each turn of a drain judges ahead again, and finds few requests that are new."""

    def cost_s(count: int) -> float:
        def work() -> None:
            wire = Wire()
            for _ in range(count):
                wire.comes(0, "keep")
                wire.queue.judge_ahead(Ending.KEEP)
            assert len(wire.queue) == len(wire.judged) == count

        return spent_s(work)

    assert growth(cost_s, MANY) <= MOST_GROWTH
