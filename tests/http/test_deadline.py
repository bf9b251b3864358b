"""How long a connection may take, against the words of `Limits`, by a clock that is set by hand."""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soblob._http import RequestReader
from pytest_soblob._http.server import Limits
from pytest_soblob._http.server._deadline import Deadline

LIMITS = Limits(idle_s=10, head_s=3, stall_s=2, body_s=5)
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
WHOLE = HEAD + b"Content-Length: 0\r\n\r\n"
# What a client may send next: between requests, in a head, in a body of three bytes.
BETWEEN = {"a line end": b"\r\n", "a whole request": WHOLE, "half a head": HEAD}
IN_HEAD = {
    "a header": b"X: y\r\n",
    "its end": b"\r\n",
    "its end, a body": b"Content-Length: 3\r\n\r\n",
}
IN_BODY = {"a byte": b"a"}


class Model:
    """The limits as they are described, with nothing but what came and when."""

    def __init__(self) -> None:
        self.where, self.left = "between", 0
        self.since = 0.0  # of what is under way, from its first byte on

    def take(self, what: str, now: float) -> float:
        """Return until when is waited after that."""
        if self.where == "between" and what == "half a head":
            self.where, self.since = "head", now
        elif what in ("a whole request", "its end"):
            self.where, self.since = "between", now
        elif what == "its end, a body":
            self.where, self.since, self.left = "body", now, 3
        elif what == "a byte":
            self.left -= 1
            if not self.left:
                self.where, self.since = "between", now
        match self.where:
            case "between":
                return self.since + LIMITS.idle_s
            case "head":
                return self.since + LIMITS.head_s
            case _:
                return min(now + LIMITS.stall_s, self.since + LIMITS.body_s)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.75]), min_size=1, max_size=12))
def test_each_deadline_is_that_of_the_limits(
    monkeypatch: pytest.MonkeyPatch, data: st.DataObject, pauses: list[float]
) -> None:
    clock = SimpleNamespace(now=0.0)
    loop = SimpleNamespace(time=lambda: clock.now)
    monkeypatch.setattr("asyncio.get_running_loop", lambda: loop)
    deadline, reader, model = Deadline(LIMITS), RequestReader(as_server=True), Model()
    assert deadline.at == LIMITS.idle_s
    for pause in pauses:
        clock.now += pause
        sent = {"between": BETWEEN, "head": IN_HEAD, "body": IN_BODY}[model.where]
        what = data.draw(st.sampled_from(sorted(sent)))
        if reader.feed(sent[what]):
            deadline.note_complete()
        deadline.expect_request(reader)
        assert deadline.at == model.take(what, clock.now), what
