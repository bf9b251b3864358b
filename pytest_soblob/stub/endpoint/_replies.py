"""Replies scripted by hand, in place of the endpoint's own answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from pytest_soblob._basics.numbers import is_number, is_whole, is_xs_int
from pytest_soblob._http import to_bytes
from pytest_soblob._redacted import Redacted
from pytest_soblob._text import quote
from pytest_soblob.contract import SAVE_IMAGE_STREAM
from pytest_soblob.errors import SoblobError
from pytest_soblob.soap.messages import ExceptionInfo, Fault, SaveImageStreamResponse
from pytest_soblob.wire import HttpResponse

T = TypeVar("T")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Unset(Enum):
    """Distinguishes an argument that was left out from None."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "..."


UNSET: Final = Unset.UNSET

# Texts of the kit: those of a real NetServer are not known.
SCRIPTED_FAILURE: Final = ExceptionInfo(
    message="The call failed, as the test asked for.",
    friendly_text="The call failed, as the test asked for.",
    exception_type="System.Exception",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Reply(Redacted):
    """One reply.

    Attributes:
        blob_id: Id to return and to store under; None leaves Response out.
        succeeded: False for a business failure, which stores nothing. None means True, or False
            with an `exception_info`.
        exception_info: Why the call failed, or None.
        fault: SOAP fault in place of a response, or None.
        status: HTTP status of the fault, or None for that of SOAP.
        response: Whole HTTP response, sent as it is, or None; bytes are sent raw.
        close: True to close the connection without an answer.
        delay_s: Seconds to wait before anything is sent.
    """

    blob_id: int | Unset | None = UNSET
    succeeded: bool | None = None
    exception_info: ExceptionInfo | None = None
    fault: Fault | None = None
    status: int | None = None
    response: HttpResponse | bytes | None = None
    close: bool = False
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        self._check_values()
        alone = {
            "fault": self.fault is not None,
            "response": self.response is not None,
            "close": self.close,
        }
        given = [name for name, is_given in alone.items() if is_given]
        if self._of_message:
            given.append(", ".join(self._of_message))
        if len(given) > 1:
            raise SoblobError(f"a reply takes only one of these: {' and '.join(given)}")

    def in_words(self) -> tuple[str, str]:
        """Return the verb by which a test scripts it, and the arguments."""
        return "reply", repr(self).removeprefix("Reply(").removesuffix(")")

    def suits(self, operation: str) -> bool:
        """Return True if it can answer that operation: only SaveImageStream returns ids."""
        return isinstance(self.blob_id, Unset) or operation == SAVE_IMAGE_STREAM.name

    @property
    def is_failure(self) -> bool:
        """True if `Succeeded` is false."""
        return self.exception_info is not None if self.succeeded is None else not self.succeeded

    @property
    def _of_message(self) -> list[str]:
        """The given parts of a normal response, by name."""
        parts = {
            "blob_id": self.blob_id is not UNSET,
            "succeeded": self.succeeded is not None,
            "exception_info": self.exception_info is not None,
        }
        return [name for name, is_given in parts.items() if is_given]

    def _check_values(self) -> None:
        for what, kind in (("fault", Fault), ("exception_info", ExceptionInfo)):
            value: object = getattr(self, what)
            if value is not None and not isinstance(value, kind):
                raise SoblobError(f"{what} must be a {kind.__name__}, not {value!r:.60}")
        if self.succeeded is not None and not isinstance(self.succeeded, bool):
            raise SoblobError(f"succeeded must be True or False, not {self.succeeded!r:.60}")
        if not (is_number(self.delay_s) and self.delay_s >= 0):
            raise SoblobError(f"delay_s must be 0 or more seconds, not {self.delay_s!r}")
        if self.status is not None and self.fault is None:
            raise SoblobError("status is the status of a fault; for any other answer use response=")
        if self.status is not None and not (is_whole(self.status) and 200 <= self.status <= 999):
            raise SoblobError(f"status must have three digits, from 200 on, not {self.status!r}")
        given = not isinstance(self.blob_id, Unset) and self.blob_id is not None
        if given and not is_xs_int(self.blob_id):
            raise SoblobError(f"blob_id must fit an xs:int, not {self.blob_id!r}")
        self._check_writable()

    def _check_writable(self) -> None:
        """Raise `SoblobError` at once for what cannot be written, rather than at the call."""
        if self.fault is not None:
            _written(self.fault.to_bytes, "fault")
        if self.exception_info is not None:
            response = SaveImageStreamResponse(exception_info=self.exception_info)
            _written(response.to_bytes, "exception_info")
        raw: object = self.response
        if raw is not None and not isinstance(raw, HttpResponse | bytes):
            raise SoblobError(
                f"response must be an HttpResponse or bytes, not {type(raw).__name__}"
            )
        if isinstance(raw, HttpResponse):
            check_response(raw)


def check_response(response: HttpResponse) -> None:
    """Check that a response can be sent.

    Raises:
        SoblobError: It cannot be sent.
    """
    if not (is_whole(response.status) and 100 <= response.status <= 999):
        raise SoblobError(f"status must have three digits, not {response.status!r:.60}")
    _written(lambda: to_bytes(response), "response")
    for name, _ in response.headers:
        if not _TOKEN.fullmatch(str(name)):
            raise SoblobError(f"{quote(str(name), 40)} is not a valid header name")


def _written(write: Callable[[], T], what: str) -> T:
    try:
        return write()
    except SoblobError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise SoblobError(f"{what} has a part of the wrong type: {error}") from None
