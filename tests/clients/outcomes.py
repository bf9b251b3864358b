"""What each client makes of each failure, in a few words; measured, never guessed.

`python -m tests.clients.outcomes` plays every failure by name to every client and writes
`outcomes.toml`, from which the table in `docs/failures.md` comes. The tests measure again.
"""

import json
import subprocess
import sys
import tomllib
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

import requests
import suds  # type: ignore[import-untyped]
import suds.client  # type: ignore[import-untyped]
import suds.transport  # type: ignore[import-untyped]
import zeep.exceptions
from suds.transport.http import HttpTransport  # type: ignore[import-untyped]

from pytest_soblob import SoblobSettings, StubEndpoint
from pytest_soblob.clients import close_client, new_zeep_client
from pytest_soblob.names import NETSERVER
from pytest_soblob.soap.messages import REQUESTS
from pytest_soblob.stub.failures import FAILURES, Failure
from tests.clients.calls import by_node_soap
from tests.clients.calls.case import PORTRAIT, TICKET, TOKEN

OUTCOMES = Path(__file__).with_name("outcomes.toml")
PATIENCE_S = 2.0
VALUES: dict[str, dict[str, Any]] = {
    "SaveImageStream": {"Type": "PersonImage", "Image": PORTRAIT, "Description": "Ada"},
    "ChangePersonImage": {"PersonId": 42, "BlobId": 1},
    "GetBlobStream": {"BlobEntityId": 1},
    "AuthenticateUsernamePassword": {"UserName": "ada", "Password": "LeakedPassword"},
}
# Everything at a pace at which nobody's patience ends, but for what never comes.
QUICK: dict[str, dict[str, Any]] = {
    "delay": {"seconds": 0.05},
    "slow-head": {"bytes_per_s": 5_000},
    "slow-body": {"bytes_per_s": 10_000},
}


# Where it is a matter of luck what a client meets first.
VARYING = {
    ("node-soap", "reset-during-answer"): ("Error ECONNRESET", "Error ERR_BAD_RESPONSE"),
}


def operation_of(failure: Failure) -> str:
    """SaveImageStream wherever the failure makes sense for it."""
    names = failure.operations or {"SaveImageStream"}
    return "SaveImageStream" if "SaveImageStream" in names else min(names & set(VALUES))


def play(endpoint: StubEndpoint, failure: Failure) -> None:
    """Have the next call fail; the one of its operation."""
    endpoint.reset()
    operation = operation_of(failure)
    endpoint.fail(failure.name, operation=operation, **QUICK.get(failure.name, {}))


class Client(Protocol):
    """One client library, bound to an endpoint."""

    def call(self, operation: str) -> str:
        """Make the call; return what it has of it, in a few words."""

    def close(self) -> None:
        """End it."""


def said(response: object, succeeded: object) -> str:
    """What a client that got an answer has in its hands."""
    plain = response is None or isinstance(response, int | str)
    value = str(response) if plain else "an object"
    return f"Response {value}, Succeeded {str(succeeded).lower()}"


class Zeep:
    """zeep, by the WSDLs that the endpoint serves."""

    def __init__(self, endpoint: StubEndpoint) -> None:
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def call(self, operation: str) -> str:
        principal = operation == "AuthenticateUsernamePassword"
        url = f"{self._endpoint.principal_url}?wsdl" if principal else self._endpoint.wsdl_url
        if url not in self._clients:
            client = new_zeep_client(url, SoblobSettings())
            client.transport.operation_timeout = PATIENCE_S
            if principal:
                client.set_default_soapheaders({"ApplicationToken": TOKEN})
            self._clients[url] = client
        try:
            answer = getattr(self._clients[url].service, operation)(**VALUES[operation])
        except zeep.exceptions.TransportError as error:
            return f"TransportError {error.status_code}"
        except zeep.exceptions.Fault as error:
            return f"Fault {str(error.code or 'without a code').rpartition(':')[2]}"
        except Exception as error:  # noqa: BLE001 -- whatever a client raises is what is asked for
            return type(error).__name__
        if answer is None or not hasattr(answer, "header"):
            return f"returns {answer!r}"
        response = getattr(answer.body, "Response", None)
        return said(response, None if answer.header is None else answer.header.Succeeded)

    def close(self) -> None:
        for client in self._clients.values():
            close_client(client)


class Requests:
    """requests, an envelope by hand, the answer read with the standard library's parser."""

    def __init__(self, endpoint: StubEndpoint) -> None:
        self._endpoint = endpoint
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, operation: str) -> str:
        request = (
            REQUESTS[operation].from_values(VALUES[operation], ticket=TICKET).to_http_request()
        )
        try:
            answer = self._session.post(
                self._endpoint.base_url + request.target,
                data=request.body,
                headers=dict(request.headers),
                timeout=PATIENCE_S,
            )
        except requests.RequestException as error:
            return type(error).__name__
        return f"{answer.status_code}, {read_by_hand(answer.content)}"

    def close(self) -> None:
        self._session.close()


def read_by_hand(body: bytes) -> str:
    """What somebody finds who looks for Response and Succeeded, as most code by hand does."""
    if not body:
        return "no body"
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return "no XML"
    if root.tag == "html":
        return "HTML"
    fault = next((e for e in root.iter() if e.tag.rpartition("}")[2] == "Fault"), None)
    if fault is not None:
        code = next(e for e in fault.iter() if e.tag.rpartition("}")[2] in ("faultcode", "Value"))
        return f"fault {(code.text or '').rpartition(':')[2]}"
    response = root.find(f".//{{{NETSERVER}}}Response")
    succeeded = root.find(f".//{{{NETSERVER}}}Succeeded")
    return said(
        None if response is None else response.text, None if succeeded is None else succeeded.text
    )


class Suds:
    """suds-community, by the WSDLs that the endpoint serves."""

    def __init__(self, endpoint: StubEndpoint) -> None:
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def call(self, operation: str) -> str:
        principal = operation == "AuthenticateUsernamePassword"
        url = f"{self._endpoint.principal_url}?wsdl" if principal else self._endpoint.wsdl_url
        if url not in self._clients:
            client = suds.client.Client(
                url, transport=HttpTransport(timeout=PATIENCE_S), cache=None
            )
            blocks = {"ApplicationToken": TOKEN}
            if not principal:
                credentials = client.factory.create("ns0:SoCredentials")
                credentials.Ticket = TICKET
                blocks["Credentials"] = credentials
            client.set_options(soapheaders=blocks, timeout=PATIENCE_S)
            self._clients[url] = client
        values = dict(VALUES[operation])
        if isinstance(values.get("Image"), bytes):
            values["Image"] = b64encode(values["Image"]).decode()
        try:
            answer = getattr(self._clients[url].service, operation)(**values)
        except suds.WebFault as error:
            return f"WebFault {str(error.fault.faultcode).rpartition(':')[2]}"
        except suds.transport.TransportError as error:
            return f"TransportError {error.httpcode}"
        except Exception as error:  # noqa: BLE001 -- whatever a client raises is what is asked for
            status = error.args[0] if error.args and isinstance(error.args[0], tuple) else None
            named = f" {status[0]}" if status and isinstance(status[0], int) else ""
            return f"{type(error).__name__}{named}"
        return f"returns {shortly(answer)}"

    def close(self) -> None:
        """It keeps nothing open."""


def shortly(answer: object) -> str:
    """A suds answer is the body's one child, or an object of several; header blocks are lost."""
    if isinstance(answer, int | str) or answer is None:
        return str(answer)
    return type(answer).__name__


class NodeSoap:
    """node-soap, in a process of Node's own for all calls."""

    def __init__(self, endpoint: StubEndpoint) -> None:
        self._process = subprocess.Popen(
            ["node", Path(__file__).with_name("calls") / "node_soap_failures.js"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._endpoint = endpoint

    def call(self, operation: str) -> str:
        principal = operation == "AuthenticateUsernamePassword"
        values = dict(VALUES[operation])
        if isinstance(values.get("Image"), bytes):
            values["Image"] = b64encode(values["Image"]).decode()
        given = {
            "wsdl": f"{self._endpoint.principal_url}?wsdl"
            if principal
            else self._endpoint.wsdl_url,
            "operation": operation,
            "args": values,
            "namespace": NETSERVER,
            "token": TOKEN,
            "ticket": None if principal else TICKET,
            "timeout": int(PATIENCE_S * 1000),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()


CLIENTS: Mapping[str, Callable[[StubEndpoint], Client]] = {
    "zeep": Zeep,
    "requests": Requests,
    "suds": Suds,
    "node-soap": NodeSoap,
}


def measure(name: str, client: Client, endpoint: StubEndpoint, failure: Failure) -> str:
    """Play a failure to a client; return what it makes of it, and of the call after it."""
    play(endpoint, failure)
    operation = operation_of(failure)
    outcome = client.call(operation)
    if failure.name == "stale-keep-alive":
        outcome += f"; the next call: {client.call(operation)}"
    varying = VARYING.get((name, failure.name), ())
    return " or ".join(varying) if outcome in varying else outcome


def known_outcomes() -> dict[str, dict[str, str]]:
    """What was measured last, by failure and client."""
    return tomllib.loads(OUTCOMES.read_text(encoding="utf-8"))


def main() -> None:
    """Measure all, and write it down."""
    names = [n for n in CLIENTS if n != "node-soap" or by_node_soap.is_there()]
    found: dict[str, dict[str, str]] = known_outcomes() if OUTCOMES.exists() else {}
    with StubEndpoint() as endpoint:
        for name in names:
            client = CLIENTS[name](endpoint)
            for failure in FAILURES.values():
                outcome = measure(name, client, endpoint, failure)
                found.setdefault(failure.name, {})[name] = outcome
                sys.stdout.write(f"{name:10} {failure.name:30} {outcome}\n")
            client.close()
        endpoint.reset()
    rows = [
        "# Written by `python -m tests.clients.outcomes`: what each client made of each failure."
    ]
    for failure_name in FAILURES:
        rows += ["", f'["{failure_name}"]']
        rows += [f"{client} = {json.dumps(text)}" for client, text in found[failure_name].items()]
    OUTCOMES.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
