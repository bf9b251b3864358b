"""A message of a recording: its body as text without codings, or why it is not kept."""

from typing import Final

from pytest_soblob._http.coding import (
    LARGEST_BYTES,
    CodingError,
    begins_as_xml,
    codings_of,
    decode,
    is_gzip,
)
from pytest_soblob._text import KnownSecrets
from pytest_soblob.conformance.encodings import NotRedactableError, TooManySecretsError
from pytest_soblob.conformance.redacting import BodyText, secrets_of_head
from pytest_soblob.wire import HttpRequest, HttpResponse

# deflate makes at most so many bytes of one; br makes more, of which the other limit lets few pass.
_MOST_TIMES: Final = 1032


class Packed:
    """A message with its body as text, without content codings.

    Attributes:
        message: The message.
        codings: Content codings that were undone.
        secrets: The secrets that the names in it mark.
        has_too_many: Whether it has secrets that are not among them.
    """

    def __init__(self, message: HttpRequest | HttpResponse) -> None:
        self.message = message
        self.codings: tuple[str, ...] = ()
        self.secrets = secrets_of_head(message)
        self._text: BodyText | None = None
        self._not_kept: str | None = None
        self.has_too_many = False
        try:
            self._text = BodyText(self._plain(), message.header("Content-Type") or "")
            self.secrets = (*self.secrets, *self._text.secrets)
        except Exception as error:  # noqa: BLE001 -- no body may end the recording
            self._not_kept = _why(error)
            self.has_too_many = isinstance(error, TooManySecretsError)

    def _plain(self) -> bytes:
        body = self.message.body
        codings = codings_of(self.message.header_values("Content-Encoding"))
        if not body or begins_as_xml(body) or not (codings or is_gzip(body)):
            return body
        plain = decode(body, codings or ("gzip",))
        self.codings = codings or ("gzip",)
        return plain

    def drop(self) -> None:
        """Keep no body, since the other one has secrets that are not known."""
        if self._text is not None:
            self._text, self._not_kept = None, "the other message has too many secrets"

    def redacted(self, known: KnownSecrets) -> tuple[bytes, str | None]:
        """Return the redacted body, and why there is none."""
        if self._text is None:
            return b"", self._not_kept
        try:
            return self._text.redacted(known), None
        except Exception as error:  # noqa: BLE001 -- no body may end the recording
            return b"", _why(error)


def _why(error: Exception) -> str:
    """Return why a body is not kept."""
    if isinstance(error, CodingError | NotRedactableError):
        return str(error)
    return f"the search for secrets in it failed: {type(error).__name__}"


def decoded_size(message: HttpRequest | HttpResponse | None) -> int:
    """Return the most bytes that a body can have without its codings."""
    if message is None:
        return 0
    size = len(message.body)
    is_packed = message.header("Content-Encoding") is not None or is_gzip(message.body)
    return max(size, min(LARGEST_BYTES, size * _MOST_TIMES)) if is_packed else size
