"""Sequences of calls, right ones and wrong ones: what no single message shows.

A story is text: before each envelope a line says what the endpoint answers. That text is the
example of a rule of family `flow`; `play` tells it to a real endpoint.
"""

import re
from dataclasses import dataclass, field

from pytest_soblob import HttpRequest, StubEndpoint
from pytest_soblob.contract import OPERATIONS
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.soap.messages import http_request_headers
from pytest_soblob.stub.exchange import Exchange
from tests.mistakes import CREDENTIALS, DESCRIPTION, IMAGE, TICKET, request

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


def with_token(text: str, token: str) -> str:
    block = f"<n:ApplicationToken>{token}</n:ApplicationToken>"
    return text.replace(CREDENTIALS, block + CREDENTIALS)


def log_in(user: str, header: str = "") -> str:
    parts = (f"<n:UserName>{user}</n:UserName>", "<n:Password>drawn</n:Password>")
    return request(*parts, wrapper="n:AuthenticateUsernamePassword", header=header)


def upload(image: str = IMAGE, kind: str = "PersonImage") -> str:
    return request(f"<n:Type>{kind}</n:Type>", image, DESCRIPTION)


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
        right=told(("no-rights", SAVE), (ANSWERED, SAVE), (ANSWERED, attach(70001))),
        wrong=told(("no-rights", SAVE), (ANSWERED, attach(0))),
    ),
    Story(
        "flow.blob-id-never-given",
        right=told((ANSWERED, SAVE), (ANSWERED, attach(70001))),
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
        "flow.retry-after-unknown-outcome",
        right=told(("http-413", SAVE), (ANSWERED, SAVE)),
        wrong=told(("http-504", SAVE), (ANSWERED, SAVE)),
    ),
]


@dataclass(frozen=True)
class Longer:
    """A story that is no rule's example.

    Attributes:
        title: What it is about.
        text: As for the others.
        broken: Rules of the flow, each with the number of the call that breaks it.
    """

    title: str
    text: str
    broken: tuple[tuple[int, str], ...] = ()


SMALLER = "<n:Image>R0lGODlhAQABAAAAACwAAAAAAQABAAACADs=</n:Image>"
OTHER = SMALLER.replace("AQABAAAAACw", "AgABAAAAACw")
READ = request("<n:BlobId>70001</n:BlobId>", wrapper="n:GetBlobStream")
LONGER = [
    Longer(
        "another account's ticket is what a lack of rights asks for",
        told(("no-rights", SAVE), ("no-rights", SAVE), (ANSWERED, renewed(SAVE))),
    ),
    Longer(
        "another application token is what an unknown one asks for",
        told(
            *[("token-unknown", with_token(SAVE, "old"))] * 2,
            ("token-unknown", with_token(SAVE, "new")),
            ("token-unknown", with_token(SAVE, "new")),
            (ANSWERED, with_token(SAVE, "new")),
        ),
        ((5, "flow.retried-twice"),),
    ),
    Longer(
        "what was refused twice is refused again, whatever was tried in between",
        told(
            ("no-rights", SAVE),
            ("no-rights", renewed(SAVE)),
            ("no-rights", SAVE),
            (ANSWERED, SAVE),
        ),
        ((4, "flow.retried-twice"),),
    ),
    Longer(
        "an attachment is mended by another ticket as well",
        told(
            (ANSWERED, SAVE),
            ("no-rights", attach(70001)),
            ("no-rights", attach(70001)),
            ("no-rights", renewed(attach(70001))),
            ("no-rights", attach(70001)),
        ),
        ((5, "flow.retried-twice"),),
    ),
    Longer(
        "a log-in is mended by another account, not by a ticket that nobody reads",
        told(
            ("wrong-password", log_in("ada")),
            ("wrong-password", log_in("ada", CREDENTIALS)),
            ("wrong-password", log_in("kari")),
            (ANSWERED, log_in("ada", renewed(CREDENTIALS))),
        ),
        ((4, "flow.retried-twice"),),
    ),
    Longer(
        "a smaller image that is stored makes good the one that was refused",
        told(("not-an-image", SAVE), (ANSWERED, upload(SMALLER)), (ANSWERED, attach(0))),
    ),
    Longer(
        "two more of the same kind make nothing good before one of them is attached",
        told(
            ("no-rights", SAVE),
            (ANSWERED, upload(SMALLER)),
            (ANSWERED, upload(OTHER)),
            (ANSWERED, attach(0)),
            (ANSWERED, attach(70008)),
            (ANSWERED, attach(0)),
        ),
        ((4, "flow.no-blob-id-after-failed-save"),),
    ),
    Longer(
        "who reads before the image is sent again has found out",
        told(("http-504", SAVE), ("no-rights", READ), (ANSWERED, SAVE)),
    ),
    Longer(
        "a refusal does not say what became of the call before it",
        told(("http-504", SAVE), ("no-rights", renewed(SAVE)), (ANSWERED, renewed(SAVE))),
        ((2, "flow.retry-after-unknown-outcome"), (3, "flow.retry-after-unknown-outcome")),
    ),
    Longer(
        "who attaches what no answer told has found it, by either of two ids",
        told(
            ("saved-but-503", SAVE),
            ("saved-but-503", SAVE),
            (ANSWERED, attach(70001)),
            (ANSWERED, attach(0)),
            (ANSWERED, SAVE),
        ),
        ((2, "flow.retry-after-unknown-outcome"),),
    ),
    Longer(
        "a project's logo that fails is not made good by a person's portrait",
        told(
            ("no-licence", upload(kind="ProjectImage")),
            (ANSWERED, SAVE),
            (ANSWERED, attach(0, "ChangeProjectImage")),
        ),
        ((3, "flow.no-blob-id-after-failed-save"),),
    ),
    Longer(
        "a success ends what was counted before it",
        told(
            ("no-licence", SAVE),
            ("no-licence", SAVE),
            (ANSWERED, renewed(SAVE)),
            ("no-licence", SAVE),
            (ANSWERED, SAVE),
        ),
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
