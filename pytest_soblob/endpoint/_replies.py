"""Replies made by hand: what the endpoint answers instead of its own answer."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pytest_soblob._numbers import is_number, is_whole
from pytest_soblob.errors import SoblobError
from pytest_soblob.messages import ExceptionInfo, Fault, SaveImageStreamResponse
from pytest_soblob.wire import HttpResponse


class Unset(Enum):
    """Tells an argument that was left out from None."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "..."


UNSET: Final = Unset.UNSET

# Our own words: the texts of a real NetServer are not known.
SCRIPTED_FAILURE: Final = ExceptionInfo(
    message="The call failed, as the test asked for.",
    friendly_text="The call failed, as the test asked for.",
    exception_type="System.Exception",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply.

    Attributes:
        blob_id: The id to give and to store under; None leaves Response out.
        succeeded: False is a business failure: nothing is stored. None means True, or False where
            there is an `exception_info`.
        exception_info: Why it failed.
        fault: A SOAP fault instead of a response.
        status: HTTP status of the fault; None means what SOAP binds it to.
        response: A whole HTTP response, sent as it is; bytes go out raw.
        close: Whether the connection is closed without an answer.
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
        answers = {
            "fault": self.fault is not None,
            "response": self.response is not None,
            "close": self.close,
            "blob_id, succeeded, exception_info": self._is_message,
        }
        given = [name for name, is_given in answers.items() if is_given]
        if len(given) > 1:
            raise SoblobError(f"a reply is one thing only, not {' and '.join(given)}")

    @property
    def is_failure(self) -> bool:
        """Whether `Succeeded` is false."""
        return self.exception_info is not None if self.succeeded is None else not self.succeeded

    @property
    def _is_message(self) -> bool:
        given = (self.succeeded, self.exception_info)
        return self.blob_id is not UNSET or any(value is not None for value in given)

    def _check_values(self) -> None:
        for what, kind in (("fault", Fault), ("exception_info", ExceptionInfo)):
            value: object = getattr(self, what)
            if value is not None and not isinstance(value, kind):
                raise SoblobError(f"{what} must be a {kind.__name__}, not {value!r:.60}")
        if not (is_number(self.delay_s) and self.delay_s >= 0):
            raise SoblobError(f"delay_s must be 0 or more seconds, not {self.delay_s!r}")
        if self.status is not None and self.fault is None:
            raise SoblobError("status is that of a fault; for another answer use response=")
        if self.status is not None and not (is_whole(self.status) and 100 <= self.status <= 999):
            raise SoblobError(f"status must have three digits, not {self.status!r}")
        given = not isinstance(self.blob_id, Unset) and self.blob_id is not None
        if given and not (is_whole(self.blob_id) and -(2**31) <= self.blob_id < 2**31):
            raise SoblobError(f"blob_id must fit an xs:int, not {self.blob_id!r}")
        # What XML cannot carry is refused now, not when somebody calls.
        if self.fault is not None:
            self.fault.to_bytes()
        if self.exception_info is not None:
            SaveImageStreamResponse(exception_info=self.exception_info).to_bytes()
        response: object = self.response
        if response is not None and not isinstance(response, HttpResponse | bytes):
            given_kind = type(response).__name__
            raise SoblobError(f"response must be an HttpResponse or bytes, not {given_kind}")
