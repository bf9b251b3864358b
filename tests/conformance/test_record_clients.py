"""Real clients through `soblob record`, to the documented host and to a plain one with spyne."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_soblob import StubEndpoint, assert_saved
from pytest_soblob.cli import main
from pytest_soblob.settings import SoblobSettings, WcfHost
from tests import mistakes
from tests.clients.calls import by_curl, by_node_soap, by_requests, by_zeep
from tests.clients.calls.case import TICKET, TOKEN, Case
from tests.command import runner
from tests.conformance.recorded import PATH, Recording, recording
from tests.leaks import forms

LARGE = WcfHost(max_message_size=16 * 1024 * 1024)
CASES = [
    case
    for case in by_zeep.CASES + by_requests.CASES + by_curl.CASES + by_node_soap.CASES
    if case.soap == "1.1" and not case.breaks
]
FIRST = {case.client: case for case in reversed(CASES)}


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The call, where its client is on this machine."""
    given: Case = request.param
    if given.client == "curl" and shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    if given.client == "node-soap" and not by_node_soap.is_there():
        pytest.skip("node, or its module soap, is not on this machine: see tests/clients/README.md")
    return given


@pytest.fixture(scope="module")
def host() -> Iterator[StubEndpoint]:
    settings = SoblobSettings(behaviour="wcf", wcf_host=LARGE)
    endpoint = StubEndpoint(settings=settings, tickets=[TICKET]).start()
    yield endpoint
    endpoint.close()


@pytest.mark.parametrize(
    "case",
    [
        case if case is FIRST[case.client] else pytest.param(case, marks=pytest.mark.slow)
        for case in CASES
    ],
    ids=lambda case: case.name,
    indirect=True,
)
def test_a_client_sees_no_difference(tmp_path: Path, host: StubEndpoint, case: Case) -> None:
    host.reset()
    with recording(tmp_path, host.url, host=LARGE) as record:
        assert case.call(record.url, f"{record.url}?wsdl") == 70001
    assert_saved(host, type="PersonImage", image=case.image, description=case.description)
    host.check()
    *looked_up, saved = record.exchanges
    assert saved["blob_id"] == 70001
    assert saved["verdicts"]["request"]["valid"]
    assert [one["request"]["method"] for one in looked_up] == ["GET"] * len(looked_up)
    assert [one["differs"] for one in record.exchanges] == [[]] * len(record.exchanges)
    _assert_shareable(record)


def _assert_shareable(record: Recording) -> None:
    text = record.on_disk().decode("utf-8", "replace")
    text += record.on_disk().decode("utf-16-le", "replace")
    for secret in (TICKET, TOKEN):
        assert [form for form in forms(secret) if form in text] == []
    done = runner().invoke(main, ["validate", str(record.file)])
    assert done.exit_code == 0, done.output


# -- a plain one -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def spyne() -> Iterator[Any]:
    """The benchmark's peer, in a process of its own; its URL, and a count of what it has saved."""
    if find_spec("spyne") is None:
        pytest.skip("spyne is not installed: it runs with Python 3.11 only")
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.peers.with_spyne"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = process.stdout.readline().strip()
        if not port:
            pytest.skip("spyne does not run with this Python")
        yield process, f"http://127.0.0.1:{port}{PATH}"
        process.stdin.close()
        process.terminate()


@pytest.mark.parametrize(
    "case",
    [FIRST["requests"], FIRST["zeep"], FIRST["node-soap"]],
    ids=lambda case: case.client,
    indirect=True,
)
def test_a_plain_server_differs_from_the_documented_host(
    tmp_path: Path, spyne: Any, host: StubEndpoint, case: Case
) -> None:
    process, url = spyne
    with recording(tmp_path, url) as record:
        # Its answer has no header blocks, which clients of the contract ask for: they complain.
        try:
            case.call(record.url, f"{host.url}?wsdl")
        except (AttributeError, ValueError, subprocess.CalledProcessError):
            assert case.client != "requests"
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "1\n"  # it has saved one image
    (item,) = record.exchanges
    assert item["response"]["status"] == 200
    assert item["verdicts"]["request"]["valid"]
    found = {one["what"]: (one["expected"], one["got"]) for one in item["differs"]}
    assert found["HTTP header Server"][0] == "Microsoft-HTTPAPI/2.0"
    assert "WSGIServer" in found["HTTP header Server"][1]
    assert found["header blocks"] == (
        "ns:ExceptionInfo, ns:ExtraInfo, ns:Succeeded, ns:TimeZone",
        "no Header",
    )
    assert found["header block Succeeded"] == ("Succeeded true", "none")
    assert "; " in record.lines[0]
    assert " differences: HTTP header " in record.lines[0]
    _assert_no_secret(record)


def _assert_no_secret(record: Recording) -> None:
    text = record.on_disk().decode("utf-8", "replace")
    assert [form for form in forms(TICKET) if form in text] == []


def test_the_faults_of_a_plain_server_are_listed(tmp_path: Path, spyne: Any) -> None:
    _, url = spyne
    body = mistakes.request().replace("SaveImageStream", "SaveImageStreamX")
    with recording(tmp_path, url) as record, requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            record.url, data=body, headers={"Content-Type": "text/xml", "SOAPAction": '"x"'},
            timeout=30,
        )  # fmt: skip
    assert answer.status_code == 500
    (item,) = record.exchanges
    found = {one["what"]: (one["expected"], one["got"]) for one in item["differs"]}
    assert "ContractFilter mismatch" in found["fault text"][0]
    assert "SaveImageStreamX" in found["fault text"][1]
    assert found["fault language"] == ("en-US", "none")
