"""The endpoint's memory of the flow against the plain one, over sequences of calls of any kind.

`SOBLOB_FUZZED=20000 pytest tests/stub/test_flow_model.py` is the whole of it.
The knowledge that the model is given is taken from the private call: no answer shows it.
"""

import os
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from pytest_soblob import HttpRequest, Limits, StubEndpoint
from pytest_soblob.soap.messages import REQUESTS
from pytest_soblob.stub.endpoint._breakdowns import Breakdowns
from pytest_soblob.stub.endpoint._call import Call, CallResult
from pytest_soblob.stub.endpoint._listener import Listener
from tests.example_counts import at_length, either
from tests.stub.flow_model import ATTACHES, LOG_IN, READS, SAVE, Came, History

SEQUENCES = int(os.environ.get("SOBLOB_FUZZED") or either(80, 250))
ANSWERED = "answered"
UNSURE = ("http-504", "saved-but-503", "saved-but-503")
UNREADABLE = "unreadable"


class Connections(Listener):
    """Has connections by number, without a socket."""

    def __init__(self) -> None:
        super().__init__(Limits(), None, Breakdowns())
        self.open: set[int] = {1}
        self.count = 1

    def is_open(self, connection: int) -> bool:
        return connection in self.open

    @property
    def accepted(self) -> int:
        return self.count


def draw(random: Random) -> dict[str, Any]:
    """Return one call: few values, of which most are the same as before."""
    operation = random.choice([SAVE] * 6 + [*ATTACHES, ATTACHES[0], READS[0], READS[1], LOG_IN])
    played = {
        SAVE: [ANSWERED] * 6 + ["no-rights"] * 3 + [*UNSURE, "ticket-expired", "http-413", "delay"],
        LOG_IN: [ANSWERED, "wrong-password", "wrong-password"],
    }.get(operation, [ANSWERED, ANSWERED, ANSWERED, "no-rights", "ticket-expired"])
    return {
        "operation": operation,
        "played": random.choice(played),
        "type": random.choice(["PersonImage", "PersonImage", "PersonImage", "ProductImage"]),
        "image": random.choice([b"\x89PNG", b"\x89PNG", b"GIF89a", b"GIF87a", UNREADABLE]),
        "description": random.choice(["a", "a", "a", "b" * 100]),
        "blob_id": random.choice([0, 0, None, 70001, 70008, 70022, 70031, 9]),
        "user": random.choice(["ada", "ada", "kari"]),
        "is_lost": random.random() < 0.5,
        "ticket": random.choice(["7T:a", "7T:a", "7T:a", "7T:b"]),
        "token": random.choice(["k", "k", "k", "l"]),
        "opens": random.random() < 0.1,
        "closes": random.random() < 0.1,
        "connection": random.choice([None, None, None, 0, 0, 1, 2]),
    }


def parts_of(step: dict[str, Any]) -> dict[str, object]:
    match step["operation"]:
        case operation if operation == SAVE:
            return {name: step[name] for name in ("type", "image", "description")}
        case "ChangePersonImage":
            return {"person_id": 1, "blob_id": step["blob_id"]}
        case "ChangeProjectImage":
            return {"project_id": 1, "blob_id": step["blob_id"]}
        case "GetBlobStream":
            return {"blob_id": step["blob_id"]}
        case "GetPersonImage":
            return {"person_id": 1}
        case "GetProjectImage":
            return {"project_id": 1}
    return {"user": step["user"], "password": "drawn"}


def request_of(step: dict[str, Any]) -> HttpRequest:
    parts: dict[str, Any] = parts_of(step)
    unreadable = parts.get("image") == UNREADABLE
    if unreadable:
        parts["image"] = b"\x89PNG"
    who = {"ticket": step["ticket"], "application_token": step["token"]}
    http = REQUESTS[step["operation"]](**parts, **who).to_http_request()
    body = http.body.replace(b"</", b"< /") if unreadable else http.body
    return replace(http, headers=(*http.headers, ("Content-Length", str(len(body)))), body=body)


@at_length
@pytest.mark.slow
@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
def test_the_flow_is_as_its_rules_say(behaviour: str) -> None:
    for seed in range(SEQUENCES):
        random = Random(seed)
        sequence = [draw(random) for _ in range(random.choice([5, 10, 20, 40]))]
        wrong = difference(behaviour, sequence)
        if wrong is not None:
            pytest.fail(f"seed {seed}: {wrong}\n{shortest(behaviour, sequence)}")


def shortest(behaviour: str, sequence: list[dict[str, Any]]) -> str:
    """Return a sequence that differs as well, of as few calls as leaving out one by one finds."""
    for at in reversed(range(len(sequence))):
        shorter = [*sequence[:at], *sequence[at + 1 :]]
        if difference(behaviour, shorter) is not None:
            sequence = shorter
    return "\n".join(map(str, sequence))


def difference(behaviour: str, sequence: list[dict[str, Any]]) -> str | None:
    """Play a sequence, and return the first thing that the two say otherwise; None: they agree."""
    endpoint, history = StubEndpoint(behaviour=behaviour), History()
    connections = endpoint._answering._listener = Connections()
    answers: list[tuple[Call, CallResult]] = []
    flow = endpoint._ledger.view.flow
    observe = flow.observe

    def spy(call: Call, result: CallResult, accepted: int) -> None:
        answers.append((call, result))
        observe(call, result, accepted)

    flow.observe = spy  # type: ignore[method-assign]  # what became of a call is no matter of ours
    for step in sequence:
        connection = _connect(connections, step)
        endpoint.clear()
        if step["played"] != ANSWERED:
            endpoint.fail(step["played"], operation=step["operation"])
        request = request_of(step)
        came = _came(step, request, connection)
        known = set(endpoint.blobs)
        expected = history.rules(came, known, connections.is_open)
        delivery = endpoint.handle(request, connection)
        _, answer = answers[-1]
        violations = endpoint.exchanges[-1].violations
        found = {v.rule for v in violations if v.family == "flow"}
        if found != expected:
            return f"call {len(answers)} breaks {found}, not {expected}"
        came.knowledge, came.blob_id = str(answer.knowledge), answer.blob_id
        came.expired, came.accepted = (
            answer.business_failure_name == "ticket-expired",
            connections.count,
        )
        history.calls.append(came)
        if delivery.lost is not None and step["is_lost"]:
            delivery.lost()
            history.calls.append(replace(came, knowledge="unknown", expired=False))
        if {blob.id for blob in endpoint.orphans} != history.orphans():
            return f"after call {len(answers)} orphans are {endpoint.orphans}"
    return None


def _connect(connections: Connections, step: dict[str, Any]) -> int | None:
    """Open and close as the step says, and return the number of its connection."""
    if step["closes"] and len(connections.open) > 1:
        connections.open.remove(min(connections.open))
    if step["opens"]:
        connections.count += 1
        connections.open.add(connections.count)
    if step["connection"] is None:
        return None
    chosen: int = step["connection"] % len(connections.open)
    return sorted(connections.open)[chosen]


def _came(step: dict[str, Any], request: HttpRequest, connection: int | None) -> Came:
    unreadable = step["operation"] == SAVE and step["image"] == UNREADABLE
    return Came(
        operation=step["operation"],
        parts=None if unreadable else parts_of(step),
        body=hash(request.body),
        ticket=step["ticket"],
        token=step["token"],
        connection=connection,
    )
