"""Which test is told of what came early, late, or too late."""

import pytest

from tests.plugin.conftest import Run

ORDER = "*1. body.child-out-of-order *"
RAW = """
import socket
import pytest
from client import WRONG_ORDER, m, post
from pytest_soblob import ExpectedCall
from tests.sockets import written

WRONG = written(m.http_request(WRONG_ORDER))

def connect(endpoint):
    return socket.create_connection(("127.0.0.1", int(endpoint.base_url.rpartition(":")[2])))
"""


def test_a_client_that_leaves_at_once_makes_no_test_green(run: Run) -> None:
    result = run(
        RAW
        + """
@pytest.mark.parametrize("number", range(20))
def test_upload(soblob_endpoint, number):
    with connect(soblob_endpoint) as client:
        client.sendall(WRONG)
"""
    )
    result.assert_outcomes(failed=20)
    result.stdout.no_fnmatch_line("*came after*")


def test_a_call_on_an_old_connection_is_told_where_it_comes_and_says_so(run: Run) -> None:
    result = run(
        RAW
        + """
@pytest.fixture(scope="session")
def old(soblob_endpoint):
    with connect(soblob_endpoint) as client:
        yield client

def test_first(old):
    pass
def test_second(soblob_endpoint):
    post(soblob_endpoint)
def test_third(soblob_endpoint, old):
    old.sendall(WRONG)
def test_fourth(soblob_endpoint):
    post(soblob_endpoint, WRONG_ORDER)
def test_fifth(soblob_endpoint, old):
    old.sendall(b"no HTTP at all\\r\\n\\r\\n")
"""
    )
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(
        [
            "*request 1 (came after test_first had ended, on *) breaks the SaveImageStream *",
            "*request 1 breaks the SaveImageStream *",
            "*a malformed request (came after test_first had ended, on *) breaks the *",
        ]
    )


def test_what_comes_between_two_tests_is_told_in_the_next(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        """
        from client import WRONG_ORDER, post
        from pytest_soblob.fixtures import ENDPOINTS
        CONFIG = []
        def pytest_configure(config):
            CONFIG.append(config)
        def pytest_runtest_logfinish(nodeid):
            if nodeid.endswith("test_first"):
                post(CONFIG[0].stash[ENDPOINTS][0], WRONG_ORDER)
        """
    )
    result = run(
        """
        def test_first(soblob_endpoint):
            pass
        def test_second(soblob_endpoint):
            assert not soblob_endpoint.exchanges
        def test_third(soblob_endpoint):
            pass
        """
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_second _*",
            "*request 1 (came after test_first had ended) breaks the SaveImageStream *",
        ]
    )


def test_what_a_test_saw_that_then_skips_is_told_at_its_end(run: Run) -> None:
    result = run(
        RAW
        + """
def test_upload(soblob_endpoint):
    soblob_endpoint.expect_calls(ExpectedCall("ChangePersonImage"))
    post(soblob_endpoint, WRONG_ORDER)
    pytest.skip("not today")
"""
    )
    result.assert_outcomes(skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_upload*", ORDER])
    result.stdout.no_fnmatch_line("*expected 1 of ChangePersonImage*")


def test_a_test_that_is_to_fail_may_fail_for_what_it_sent(run: Run) -> None:
    result = run(
        RAW
        + """
@pytest.mark.xfail
def test_raises(soblob_endpoint):
    post(soblob_endpoint, WRONG_ORDER)
    assert soblob_endpoint.blobs
@pytest.mark.xfail
def test_does_not(soblob_endpoint):
    post(soblob_endpoint, WRONG_ORDER)
"""
    )
    result.assert_outcomes(xfailed=2)


def test_what_comes_after_a_failure_was_told_is_an_error_of_its_own(run: Run) -> None:
    result = run(
        RAW
        + """
@pytest.fixture
def late(soblob_endpoint):
    yield
    post(soblob_endpoint, m.request(m.DESCRIPTION, m.TYPE, m.IMAGE))
def test_upload(soblob_endpoint, late):
    post(soblob_endpoint, WRONG_ORDER)
    assert False
"""
    )
    result.assert_outcomes(failed=1, errors=1)
    text = result.stdout.str()
    assert text.count("request 1 breaks the") == 1
    assert text.count("request 2 breaks the") == 1


def test_half_a_request_fails_nothing(run: Run) -> None:
    result = run(
        RAW
        + """
@pytest.fixture(scope="session")
def half(soblob_endpoint):
    with connect(soblob_endpoint) as client:
        client.sendall(WRONG[:-5])
        yield client
def test_first(half):
    pass
def test_second(soblob_endpoint, half):
    half.sendall(WRONG[-5:])
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*request 1 (came after test_first had ended, on *) breaks *"])


def test_after_a_loop_that_ended_the_next_test_has_an_endpoint(run: Run) -> None:
    result = run(
        """
        import sys
        from client import post
        def test_first(soblob_endpoint):
            server = soblob_endpoint._listener.server
            thread = server._thread
            server._loop.call_soon_threadsafe(sys.exit, 3)
            thread.join(10)
        def test_second(soblob_endpoint):
            post(soblob_endpoint)
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the stub failed: the server has ended by itself: SystemExit(3)"])


@pytest.mark.parametrize("ending", ["check", "example", "expecting", "block"])
def test_each_end_knows_what_has_come(ending: str, run: Run) -> None:
    """Those of a block, too, and where nothing else would tell."""
    source = {
        "check": "send(e)\n    with pytest.raises(ContractViolationError):\n        e.check()",
        "example": "with pytest.raises(ContractViolationError), e.example():\n        send(e)",
        "expecting": "with e.expecting('body.child-out-of-order'):\n        send(e)",
        "block": "with pytest.raises(ContractViolationError), StubEndpoint() as own:\n"
        "        send(own)",
    }[ending]
    result = run(
        RAW
        + f"""
from pytest_soblob import ContractViolationError, StubEndpoint
def send(endpoint):
    with connect(endpoint) as client:
        client.sendall(WRONG)
@pytest.mark.parametrize("number", range(20))
def test_upload(soblob_endpoint, number):
    e = soblob_endpoint
    {source}
"""
    )
    result.assert_outcomes(passed=20)
