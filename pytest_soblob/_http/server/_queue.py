"""The requests of one connection that wait to be answered."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from pytest_soblob._http import HttpSyntaxError, Received
from pytest_soblob._http.server._answers import Answer, failed_answer, prepare
from pytest_soblob._http.server._handlers import Handlers
from pytest_soblob.wire import Delivery, Ending

T = TypeVar("T")
Item = Received | HttpSyntaxError | Answer
# Queued requests beyond which reading is paused.
_MOST_WAITING: Final = 64
# Limit of answers judged ahead that are not read: a client that requests the WSDL and reads nothing
# gets 300 bytes for each byte that it sends.
_MOST_BYTES_AHEAD: Final = 64 * 1024 * 1024


class Queue:
    """Requests in the order received; those judged before their turn come first.

    Args:
        handlers: The callbacks, which judge.
        number: Number of the connection.

    Attributes:
        is_unjudged: Whether the last `judge_ahead` left a request that could have been judged.
    """

    def __init__(self, handlers: Handlers, number: int) -> None:
        self._handlers = handlers
        self._number = number
        self._items: deque[Item] = deque()
        self.is_unjudged = False
        self.append = self._items.append
        self.extend = self._items.extend
        self.clear = self._items.clear
        self.take = self._items.popleft

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_full(self) -> bool:
        """Whether so many requests wait unjudged that reading is paused."""
        return len(self._items) > _MOST_WAITING and not isinstance(self._items[-1], Answer)

    def waits(self, item: Item) -> bool:
        """Whether the item is handled only after what arrived on other connections."""
        return isinstance(item, Received) and self._handlers.waits(item.request)

    def judge(self, item: Item) -> Answer:
        """Return the answer to an item."""
        if isinstance(item, Answer):
            return item
        if isinstance(item, Received):
            request = item.request
            return self.call_handler(
                lambda: prepare(item, self._handlers.handle(request, self._number))
            )
        return self.call_handler(
            lambda: prepare(None, Delivery(response=self._handlers.refuse(item, self._number)))
        )

    def call_handler(self, make: Callable[[], T]) -> T | Answer:
        """Return the result of a handler, or the answer for one that failed."""
        try:
            return make()
        except BaseException as error:  # noqa: BLE001 -- reported: a thread has no caller
            self._handlers.fail(error)
            return failed_answer()

    def judge_ahead(self, ending: Ending) -> None:
        """Judge queued requests, as long as the size of their answers is within the limit.

        Args:
            ending: Ending of the answer being sent. After one that ends the connection, the queue
                is discarded.
        """
        kept: list[Answer] = []
        size = 0
        for answer in self._judged(ending):
            kept.append(answer)
            size += len(answer.head) + len(answer.body)
            if size > _MOST_BYTES_AHEAD:
                break
        self.is_unjudged = bool(self._items) and not self.waits(self._items[0])
        self._items.extendleft(reversed(kept))

    def drop(self, ending: Ending) -> None:
        """Judge queued requests of a client that has disconnected, and discard the answers.

        Args:
            ending: As for `judge_ahead`.
        """
        for answer in self._judged(ending):
            if answer.lost is not None:
                answer.lost()
        self._items.clear()

    def _judged(self, ending: Ending) -> Iterator[Answer]:
        """Judge the requests in order, up to one that waits for others or ends the connection."""
        while self._items and ending is Ending.KEEP and not self.waits(self._items[0]):
            answer = self.judge(self._items.popleft())
            ending = answer.ending
            yield answer
        if ending is not Ending.KEEP:
            self._items.clear()
