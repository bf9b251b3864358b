"""The requests of one connection that wait to be answered."""

from collections import deque
from collections.abc import Callable
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
        # Apart, so that judging ahead does not pass again over what is judged.
        self._ahead: deque[Answer] = deque()  # comes before all of `_items`
        self._bytes_ahead = 0
        self._items: deque[Item] = deque()
        self.is_unjudged = False
        self.append = self._items.append
        self.extend = self._items.extend

    def __len__(self) -> int:
        return len(self._ahead) + len(self._items)

    @property
    def is_full(self) -> bool:
        """Whether so many requests wait unjudged that reading is paused."""
        return len(self._items) > _MOST_WAITING

    def take(self) -> Item:
        """Remove and return the first item; it is an answer if it has been judged."""
        if not self._ahead:
            return self._items.popleft()
        answer = self._ahead.popleft()
        self._bytes_ahead -= answer.size
        return answer

    def clear(self) -> None:
        """Discard all items."""
        self._ahead.clear()
        self._bytes_ahead = 0
        self._items.clear()

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
        while self._bytes_ahead <= _MOST_BYTES_AHEAD and self._judge_next(ending):
            pass
        self.is_unjudged = bool(self._items) and not self.waits(self._items[0])

    def drop(self, ending: Ending) -> None:
        """Judge queued requests of a client that has disconnected, and discard the answers.

        Args:
            ending: As for `judge_ahead`.
        """
        while self._ahead or self._judge_next(ending):
            answer = self._ahead.popleft()
            ending = answer.ending
            if answer.lost is not None:
                answer.lost()
        self.clear()

    def _judge_next(self, ending: Ending) -> bool:
        """Judge the next request, unless it waits for others or the connection ends before it.

        Returns:
            Whether an answer was added to those judged ahead.
        """
        last = self._ahead[-1].ending if self._ahead else ending
        if last is not Ending.KEEP:
            self._items.clear()
        if not self._items or self.waits(self._items[0]):
            return False
        answer = self.judge(self._items.popleft())
        self._ahead.append(answer)
        self._bytes_ahead += answer.size
        return True
