from collections.abc import Callable

import pytest

CLIENT = '''
import requests
from tests import mistakes as m

RIGHT = m.request()
NO_TYPE = m.request(m.IMAGE, m.DESCRIPTION)
WRONG_ORDER = m.request(m.IMAGE, m.TYPE, m.DESCRIPTION)

def post(endpoint, body=RIGHT, **headers):
    """Send an envelope as a client does that never looks at the answer."""
    sent = m.http_request(body, **headers)
    # Closed by itself: whoever keeps the answer, in an error say, would keep the connection.
    closing = {**dict(sent.headers), "Connection": "close"}
    return requests.post(endpoint.url, data=sent.body, headers=closing, timeout=30)

def upload(endpoint, body=RIGHT):
    """Send an envelope as a client does that raises for an error status."""
    answer = post(endpoint, body)
    answer.raise_for_status()
    return answer
'''

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, checkout: object, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a consumer's test file, in this process unless there are workers to start."""
    pytester.makepyfile(client=CLIENT)
    pytester.syspathinsert(str(checkout))
    monkeypatch.setenv("PYTHONPATH", str(checkout))  # for subprocesses, where nothing is installed
    # `--hypothesis-seed` sets it for the process, and Hypothesis replays nothing where it is set.
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)
    monkeypatch.delenv("CI", raising=False)  # with which pytest cuts no line of its summary
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")

    def run(source: str, *options: str, subprocess: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_consumer=source)
        runner = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return runner(*options)

    return run
