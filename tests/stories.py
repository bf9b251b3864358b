"""Sequences of calls, right ones and wrong ones: what no single message shows.

A story is text: before each envelope a line says what the endpoint answers. That text is the
example of a rule of family `flow`; `play` tells it to a real endpoint.
"""

import re
from dataclasses import dataclass, field

from pytest_soblob import HttpRequest, StubEndpoint
from pytest_soblob.contract import OPERATIONS
from pytest_soblob.exchange import Exchange
from pytest_soblob.messages import http_request_headers
from pytest_soblob.names import SERVICE_PATHS
from tests.mistakes import CREDENTIALS, TICKET, request

ANSWERED = "answered"
NEW_TICKET = "7T:4712LeakedTicket=="
STEP = re.compile(r"^--- \d+: (?:answered with )?([\w-]+)\n", re.MULTILINE)


def attach(blob_id: int, operation: str = "ChangePersonImage") -> str:
    owner = "PersonId" if operation == "ChangePersonImage" else "ProjectId"
    return request(
        f"<n:{owner}>42</n:{owner}>", f"<n:BlobId>{blob_id}</n:BlobId>", wrapper=f"n:{operation}"
    )


def renewed(text: str) -> str:
    return text.replace(CREDENTIALS, CREDENTIALS.replace(TICKET, NEW_TICKET))


def told(*steps: tuple[str, str]) -> str:
    """Return a story as text: pairs of what is answered (a failure's name) and an envelope."""
    rows = []
    for number, (played, envelope) in enumerate(steps, 1):
        how = ANSWERED if played == ANSWERED else f"answered with {played}"
        rows.append(f"--- {number}: {how}\n{envelope}\n")
    return "".join(rows).rstrip("\n")


@dataclass(frozen=True)
class Story:
    """A rule of family `flow`, and how it is kept and broken.

    Attributes:
        rule: Its id.
        right: A story in which it is kept.
        wrong: One whose last call breaks it.
        also: Rules that the last call breaks as well.
    """

    rule: str
    right: str
    wrong: str
    also: frozenset[str] = field(default_factory=frozenset)


SAVE = request()
STORIES = [
    Story(
        "flow.no-blob-id-after-failed-save",
        right=told(("no-rights", SAVE), (ANSWERED, SAVE), (ANSWERED, attach(1))),
        wrong=told(("no-rights", SAVE), (ANSWERED, attach(0))),
    ),
    Story(
        "flow.blob-id-never-given",
        right=told((ANSWERED, SAVE), (ANSWERED, attach(1))),
        wrong=told((ANSWERED, SAVE), (ANSWERED, attach(4711))),
    ),
    Story(
        "flow.retried-twice",
        right=told(("no-licence", SAVE), ("no-licence", SAVE)),
        wrong=told(("no-licence", SAVE), ("no-licence", SAVE), (ANSWERED, SAVE)),
    ),
    Story(
        "flow.ticket-used-after-expiry",
        right=told(("ticket-expired", SAVE), (ANSWERED, renewed(SAVE))),
        wrong=told(("ticket-expired", SAVE), (ANSWERED, SAVE)),
    ),
    Story(
        "flow.sent-again-unsure",
        right=told(("http-413", SAVE), (ANSWERED, SAVE)),
        wrong=told(("http-504", SAVE), (ANSWERED, SAVE)),
    ),
]


def play(endpoint: StubEndpoint, story: str) -> list[Exchange]:
    """Tell a story to an endpoint, without a socket; return the exchanges that came of it."""
    parts = STEP.split(story)[1:]
    for played, envelope in zip(parts[::2], parts[1::2], strict=True):
        name = next(name for name in OPERATIONS if f":{name}>" in envelope)
        if played != ANSWERED:
            endpoint.fail(played, operation=name)
        operation, body = OPERATIONS[name], envelope.strip().encode()
        headers = http_request_headers("wsdl", operation.soap_action)
        endpoint.handle(
            HttpRequest(
                target=SERVICE_PATHS[operation.service],
                headers=(*headers, ("Content-Length", str(len(body)))),
                body=body,
            )
        )
    return endpoint.exchanges
