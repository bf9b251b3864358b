"""What comes of a connection's bytes: a request, or why they are none."""

from dataclasses import dataclass

from pytest_soblob.wire import HttpRequest


@dataclass(frozen=True, slots=True)
class Received:
    """One request, and what its sender wants of the connection.

    Attributes:
        request: Complete, with its whole body.
        keep_alive: Whether the connection may stay open after the answer.
    """

    request: HttpRequest
    keep_alive: bool


class HttpSyntaxError(ValueError):
    """The bytes are no HTTP message; the text says why, in one line.

    Attributes:
        rule: The id of the rule that they break.
        status: What a server answers.
        before: The requests that were complete before.
    """

    status = 400

    def __init__(self, text: str, rule: str = "http.malformed") -> None:
        super().__init__(text)
        self.rule = rule
        self.before: list[Received] = []


class TlsError(HttpSyntaxError):
    """The bytes are TLS, where plain HTTP is spoken."""

    def __init__(self) -> None:
        super().__init__("this is TLS, but the endpoint speaks plain HTTP")


class TooLargeError(HttpSyntaxError):
    """A body is larger than the reader takes."""

    status = 413

    def __init__(self, text: str) -> None:
        super().__init__(text, "payload.message-too-large")


class HeadTooLargeError(HttpSyntaxError):
    """A head is larger than the reader takes."""

    status = 431


class VersionError(HttpSyntaxError):
    """The version is neither 1.0 nor 1.1."""

    status = 505
