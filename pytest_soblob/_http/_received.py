"""The result of reading a connection: a request, or an error."""

from dataclasses import dataclass

from pytest_soblob.wire import HttpRequest


@dataclass(frozen=True, slots=True)
class Received:
    """One request, and whether its sender keeps the connection open.

    Attributes:
        request: The request with its complete body.
        keep_alive: Whether the connection may stay open after the answer.
    """

    request: HttpRequest
    keep_alive: bool


class HttpSyntaxError(ValueError):
    """The bytes are not an HTTP message; the text gives the reason in one line.

    Attributes:
        rule: Id of the rule that the bytes break.
        status: Status code of a server's response.
        before: The requests that were complete before the error.
    """

    status = 400

    def __init__(self, text: str, rule: str = "http.malformed") -> None:
        super().__init__(text)
        self.rule = rule
        self.before: list[Received] = []


class TlsError(HttpSyntaxError):
    """The bytes are TLS, but plain HTTP is expected."""

    def __init__(self) -> None:
        super().__init__("this is TLS, but the endpoint speaks plain HTTP")


class TooLargeError(HttpSyntaxError):
    """A body exceeds the reader's limit."""

    status = 413

    def __init__(self, text: str) -> None:
        super().__init__(text, "payload.message-too-large")


class HeadTooLargeError(HttpSyntaxError):
    """A head exceeds the reader's limit."""

    status = 431


class VersionError(HttpSyntaxError):
    """The version is neither 1.0 nor 1.1."""

    status = 505
