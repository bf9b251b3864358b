"""`soblob verify` against the service in aiohttp, spyne and node-soap: right, or with a change."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_soblob.conformance.providers import Credentials, Options, Report, verify_provider
from pytest_soblob.stub.wsdl import served_wsdl
from tests.clients.calls import by_node_soap
from tests.conformance.providers import PATH, TICKET, Right

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent / "frameworks"
Changed = Callable[[str], str]


def verify(url: str, only: str = "", *, allow_writes: bool = True) -> Report:
    options = Options(
        rate=1e9, timeout_s=10, allow_writes=allow_writes, only=(only,) if only else ()
    )
    return verify_provider(url, Credentials(ticket=TICKET), options)


def ids(report: Report) -> set[str]:
    return {finding.id for finding in report.findings}


# -- aiohttp -----------------------------------------------------------------------------------


async def as_200(_: Any, response: Any) -> Any:
    response.set_status(200)
    return response


async def as_json(_: Any, response: Any) -> Any:
    response.content_type = "application/json"
    return response


async def compressed(_: Any, response: Any) -> Any:
    response.headers["Content-Encoding"] = "gzip"  # and is not
    return response


async def closed(request: Any, _: Any) -> Any:
    request.transport.close()


AIOHTTP = {
    "answer.http.fault-with-success-status": (as_200, "refusal.not-a*"),
    "answer.http.content-type": (as_json, "read"),
    "answer.http.": (compressed, "read"),
    "answer.closed": (closed, "read"),
}


@pytest.mark.parametrize("finding", [None, *AIOHTTP])
def test_aiohttp(finding: str | None) -> None:
    pytest.importorskip("aiohttp")
    from tests.conformance.frameworks.with_aiohttp import served_by_aiohttp

    change, only = AIOHTTP.get(finding or "", (None, ""))
    with served_by_aiohttp(Right(), change) as url:
        report = verify(url, only)
    if finding is None:
        assert report.is_clean, report.to_text()
    else:
        assert any(one.startswith(finding) for one in ids(report)), report.to_text()


# -- spyne and node-soap, each in a process of its own -----------------------------------------


def changing(command: list[str], environment: dict[str, str]) -> Iterator[Changed]:
    """Start a server, and yield a function that makes a change and returns the URL."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            pytest.skip(f"{command[0]} does not start the server: its library does not load")
        url = f"http://127.0.0.1:{port}{PATH}"

        def change(name: str) -> str:
            print(name, file=process.stdin, flush=True)
            assert process.stdout is not None
            assert process.stdout.readline() == "changed\n"
            return url

        yield change
        process.stdin.close()
        process.wait(10)


@pytest.fixture(scope="module")
def spyne() -> Iterator[Changed]:
    if find_spec("spyne") is None:
        pytest.skip("spyne is not installed")
    module = "tests.conformance.frameworks.with_spyne"
    yield from changing([sys.executable, "-W", "ignore", "-m", module], {})


SPYNE = {
    "any ticket": ("refusal.invented-ticket", "refusal.inv*"),
    "any action": ("refusal.unknown-action", "refusal.unknown-a*"),
    "any type": ("refusal.text-plain", "refusal.text*"),
    "any block": ("refusal.must-understand", "refusal.must*"),
    "two operations": ("refusal.second-body-child", "refusal.second*"),
    "no id": ("upload.no-blob-id", "upload.wsdl"),
    "cut": ("image.altered", "upload.png"),
}


def test_a_right_one_in_spyne_is_clean(spyne: Changed) -> None:
    report = verify(spyne("none"))
    assert report.is_clean, report.to_text()


@pytest.mark.parametrize("change", SPYNE)
def test_a_bad_one_in_spyne_is_named(spyne: Changed, change: str) -> None:
    finding, only = SPYNE[change]
    assert finding in ids(verify(spyne(change), only))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    if not by_node_soap.is_there():
        pytest.skip("Node or its module soap is not installed")
    wsdl = tmp_path_factory.mktemp("node") / "BLOB.wsdl"
    wsdl.write_bytes(served_wsdl("BLOB", f"http://127.0.0.1{PATH}"))
    yield from changing(["node", str(HERE / "node_soap_server.js"), str(wsdl)], {})


# The change of a line in node_soap_server.js, the finding that names it, and its probe.
NODE = {
    "any ticket": ("refusal.invented-ticket", "refusal.inv*"),
    "any action": ("refusal.no-action", "refusal.no-action"),
    "any type": ("refusal.json-type", "refusal.json*"),
    "fault with 200": ("answer.http.fault-with-success-status", "read"),
    "no id": ("upload.no-blob-id", "upload.wsdl"),
    "text": ("image.altered", "upload.png"),
}


def test_a_right_one_in_node_soap_is_clean(node: Changed) -> None:
    report = verify(node("none"))
    assert report.is_clean, report.to_text()


@pytest.mark.parametrize("change", NODE)
def test_a_bad_one_in_node_soap_is_named(node: Changed, change: str) -> None:
    finding, only = NODE[change]
    assert finding in ids(verify(node(change), only))
